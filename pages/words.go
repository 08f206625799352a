package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
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
