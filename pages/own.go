package pages

import (
	"fmt"
	"html/template"
	"strings"
)

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
