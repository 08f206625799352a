package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// reference is the language every other one is measured by.
const reference = "en"

// Phrase is a text still to be said in some language: a key of the words files and the values of its places, as
// name, value pairs. Values are strings, ints, times, durations and phrases. The value called count chooses the plural
// form. {site} is always there.
type Phrase struct {
	Key  string
	Args []any
}

func say(key string, args ...any) Phrase { return Phrase{Key: key, Args: args} }

// words is one language: a flat list of keys, each with one text or with a list (plural forms, or the months).
type words struct {
	language  string
	direction string         // ltr or rtl
	site      string         // what {site} stands for in every text
	zone      *time.Location // of the times that are said; nil is UTC
	plurals   plurals
	texts     map[string]string
	lists     map[string][]string
}

// readWords reads words/<language>.json. The file of an operator (over) is laid over the built-in one key by key, so
// that it may hold only what it changes; a language that is not built in must be complete.
func readWords(builtIn, over fs.FS, language string) (*words, error) {
	w := &words{language: language, texts: map[string]string{}, lists: map[string][]string{}}
	name := "words/" + language + ".json"
	found := false
	for _, from := range []fs.FS{builtIn, over} {
		if from == nil {
			continue
		}
		content, err := fs.ReadFile(from, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // absent in one of the two is usual; absent in both is found below
		}
		if err != nil {
			return nil, fmt.Errorf("read words: %w", err)
		}
		found = true
		if err := w.add(content); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if !found {
		return nil, fmt.Errorf("read %s: no such language", name)
	}
	w.direction = w.texts["language.direction"]
	if w.direction != "ltr" && w.direction != "rtl" {
		return nil, fmt.Errorf("read %s: language.direction is %q, want ltr or rtl", name, w.direction)
	}
	w.plurals = pluralsOf(language)
	for key, list := range w.lists {
		if want := len(w.plurals.forms); key != monthsKey && len(list) != want {
			return nil, fmt.Errorf("read %s: %s has %d forms, want %d: %s", name, key, len(list), want, w.plurals)
		}
		if key == monthsKey && len(list) != 12 {
			return nil, fmt.Errorf("read %s: %s has %d months", name, key, len(list))
		}
	}
	return w, nil
}

// ownPrefix begins the keys of texts that only an operator has: the names of their apps, say, in each language.
const ownPrefix = "own."

func isOwn(key string) bool { return strings.HasPrefix(key, ownPrefix) }

// called is what an operator calls something: the text of a key of their own, or the name as it is.
func (w *words) called(name string) (template.HTML, error) {
	if isOwn(name) {
		return w.markup(say(name))
	}
	return template.HTML("<bdi>" + template.HTMLEscapeString(flat(name)) + "</bdi>"), nil
}

// calledPlain is called as plain text.
func (w *words) calledPlain(name string) (string, error) {
	if isOwn(name) {
		return w.plain(say(name))
	}
	return flat(name), nil
}

// CheckName tells whether something is called so in every language: names that are keys need their texts.
func (r *Renderer) CheckName(name string) error {
	for _, tag := range r.options.Languages {
		if _, err := r.editions[tag].words.calledPlain(name); err != nil {
			return fmt.Errorf("%w: add it to words/%s.json", err, tag)
		}
	}
	return nil
}

// initialOf is the first letter of what is called so.
func (w *words) initialOf(name string) (string, error) {
	text, err := w.calledPlain(name)
	return initial(text), err
}

// needed are the places without which a text is of no use: what it brings is in them.
var needed = map[string]string{
	"text.code": "code", "text.code_named": "code", "call.code": "digits", "call.again": "digits",
}

var placeInText = regexp.MustCompile(`\{([^{}]*)\}?`)

func placesIn(texts ...string) map[string]bool {
	found := map[string]bool{}
	for _, text := range texts {
		for _, m := range placeInText.FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
	}
	return found
}

// misplaced names the places that a text has and nothing would fill, or lacks and is of no use without. What is filled in
// is known from the reference, in which some form of each text has it.
func (w *words) misplaced(with *words) (wrong []string) {
	check := func(key string, known map[string]bool, texts ...string) {
		if isOwn(key) {
			return // what fills it is known to the operator's templates, which are tried
		}
		have := placesIn(texts...)
		for place := range have {
			if !known[place] && place != "site" {
				wrong = append(wrong, fmt.Sprintf("%s has no value for {%s}", key, place))
			}
		}
		if place := needed[key]; place != "" && !have[place] {
			wrong = append(wrong, fmt.Sprintf("%s lacks {%s}", key, place))
		}
	}
	for key, text := range w.texts {
		check(key, placesIn(with.texts[key]), text)
		if text == "" {
			wrong = append(wrong, key+" is empty")
		}
	}
	for key, forms := range w.lists {
		check(key, placesIn(with.lists[key]...), forms...)
	}
	return wrong
}

func (w *words) add(content []byte) error {
	var raw map[string]any
	if err := json.Unmarshal(content, &raw); err != nil {
		return err
	}
	for key, value := range raw {
		switch value := value.(type) {
		case string:
			w.texts[key] = value
		case []any:
			list := make([]string, len(value))
			for i, item := range value {
				text, ok := item.(string)
				if !ok {
					return fmt.Errorf("%s: want texts, not %T", key, item)
				}
				list[i] = text
			}
			w.lists[key] = list
		default:
			return fmt.Errorf("%s: want a text or a list of texts, not %T", key, value)
		}
	}
	return nil
}

// compare names what w has too little or too much against the reference language.
func (w *words) compare(with *words) error {
	var wrong []string
	for _, pair := range []struct{ want, have []string }{
		{slices.Collect(maps.Keys(with.texts)), slices.Collect(maps.Keys(w.texts))},
		{slices.Collect(maps.Keys(with.lists)), slices.Collect(maps.Keys(w.lists))},
	} {
		for _, key := range pair.want {
			if !slices.Contains(pair.have, key) {
				wrong = append(wrong, "missing "+key)
			}
		}
		for _, key := range pair.have {
			if !slices.Contains(pair.want, key) && !isOwn(key) {
				wrong = append(wrong, "unknown "+key)
			}
		}
	}
	wrong = append(wrong, w.misplaced(with)...)
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("read words/%s.json: %s", w.language, strings.Join(wrong, ", "))
}

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
