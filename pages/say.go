package pages

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"
)

// plain says p as plain text of one line.
func (w *words) plain(p Phrase) (string, error) {
	keep := func(s string) string { return s }
	return w.fill(p, keep, func(value any) (string, error) { return w.value(value) })
}

// markup says p as HTML. Values that people have chosen are escaped and isolated, so that a name in another direction
// cannot rearrange the sentence around it.
func (w *words) markup(p Phrase) (template.HTML, error) {
	text, err := w.fill(p, template.HTMLEscapeString, func(value any) (string, error) {
		text, err := w.value(value)
		text = template.HTMLEscapeString(text)
		switch value := value.(type) {
		case string:
			text = "<bdi>" + text + "</bdi>"
		case time.Time:
			text = `<time datetime="` + value.UTC().Format(time.RFC3339) + `">` + text + "</time>"
		}
		return text, err
	})
	return template.HTML(text), err
}

// fill puts the values into their places, {like} {these}, in one pass: braces inside a value are text and stay.
func (w *words) fill(p Phrase, literal func(string) string, show func(any) (string, error)) (string, error) {
	rest, err := w.text(p)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		before, after, found := strings.Cut(rest, "{")
		out.WriteString(literal(before))
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(after, "}")
		value, ok := p.arg(name)
		if name == "site" {
			value, ok = w.site, true
		}
		if !closed || !ok {
			return "", fmt.Errorf("say %s: no value for {%s}", p.Key, name)
		}
		text, err := show(value)
		if err != nil {
			return "", fmt.Errorf("say %s: %w", p.Key, err)
		}
		out.WriteString(text)
		rest = after
	}
}

func (w *words) text(p Phrase) (string, error) {
	if text, ok := w.texts[p.Key]; ok {
		return text, nil
	}
	forms, ok := w.lists[p.Key]
	if !ok {
		return "", fmt.Errorf("say %s in %s: no such text", p.Key, w.language)
	}
	value, _ := p.arg("count")
	count, ok := value.(int)
	if !ok {
		return "", fmt.Errorf("say %s: no count", p.Key)
	}
	return forms[w.plurals.index(count)], nil
}

func (p Phrase) arg(name string) (any, bool) {
	for i := 0; i+1 < len(p.Args); i += 2 {
		if p.Args[i] == name {
			return p.Args[i+1], true
		}
	}
	return nil, false
}

func (w *words) value(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return flat(value), nil
	case int:
		return fmt.Sprint(value), nil
	case Phrase:
		return w.plain(value)
	case time.Time:
		return w.moment(value)
	case time.Duration:
		return w.span(value)
	}
	return "", fmt.Errorf("cannot print a %T", value)
}

const monthsKey = "time.months"

// moment says a time in words, to the minute and with its zone.
func (w *words) moment(t time.Time) (string, error) {
	zone := w.zone
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	abbreviation := t.Format("MST")
	if strings.HasPrefix(abbreviation, "+") || strings.HasPrefix(abbreviation, "-") {
		abbreviation = "UTC" + abbreviation // many zones have no letters
	}
	return w.plain(say("time.moment", "day", t.Day(), "month", w.lists[monthsKey][t.Month()-1], "year", t.Year(),
		"clock", t.Format("15:04"), "zone", abbreviation))
}

// span says a duration in the unit that fits it, rounded up: nobody is told to come back too early.
func (w *words) span(d time.Duration) (string, error) {
	for _, unit := range []struct {
		key   string
		unit  time.Duration
		until time.Duration
	}{
		{"time.seconds", time.Second, time.Minute},
		{"time.minutes", time.Minute, 2 * time.Hour},
		{"time.hours", time.Hour, 48 * time.Hour},
	} {
		if d < unit.until {
			return w.plain(say(unit.key, "count", ceil(d, unit.unit)))
		}
	}
	return w.plain(say("time.days", "count", ceil(d, 24*time.Hour)))
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// flat makes one printable line of a value: line ends and other controls could add a line to a mail or a text, and
// bidirectional overrides could make it read as something else.
func flat(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029' || unicode.IsControl(r):
			return ' '
		case r == '\u061c' || r >= '\u200e' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069':
			return -1
		}
		return r
	}, s))
}
