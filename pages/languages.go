package pages

import (
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// plurals are the plural forms of a language, by the rules of Unicode's CLDR.
type plurals struct {
	tag   language.Tag
	forms []plural.Form // those that whole numbers take, in the order in which words files list them
}

var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// pluralsOf finds the forms that numbers up to 200 take: more than any page counts to, and enough to meet every form.
func pluralsOf(tag string) plurals {
	p := plurals{tag: language.Make(tag)}
	met := map[plural.Form]bool{}
	for n := range 201 {
		met[p.form(n)] = true
	}
	for _, f := range []plural.Form{plural.Zero, plural.One, plural.Two, plural.Few, plural.Many, plural.Other} {
		if met[f] {
			p.forms = append(p.forms, f)
		}
	}
	return p
}

func (p plurals) form(n int) plural.Form { return plural.Cardinal.MatchPlural(p.tag, n, 0, 0, 0, 0) }

// index is the place of n's form in a list of forms.
func (p plurals) index(n int) int {
	form := p.form(n)
	for i, f := range p.forms {
		if f == form {
			return i
		}
	}
	return len(p.forms) - 1 // a form that only large numbers take
}

// String names the forms in the order of a list, for errors.
func (p plurals) String() string {
	var names []string
	for _, f := range p.forms {
		names = append(names, formNames[f])
	}
	return strings.Join(names, ", ")
}

// MatchLanguage picks the language for an Accept-Language header: the wanted one that the visitor would read best among
// Options.Languages; else the first of them.
func (r *Renderer) MatchLanguage(acceptLanguage string) string {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return r.options.Languages[0] // a header that is none
	}
	_, index, confidence := r.matcher.Match(wanted...)
	if confidence == language.No {
		return r.options.Languages[0]
	}
	return r.options.Languages[index]
}

// Languages are the tags of Options.Languages, the first one for whoever asks for none of them.
func (r *Renderer) Languages() []string { return r.options.Languages }

// Speaks tells whether pages can be had in a language.
func (r *Renderer) Speaks(tag string) bool { return r.editions[tag] != nil }

func matcherOf(tags []string) language.Matcher {
	var parsed []language.Tag
	for _, tag := range tags {
		parsed = append(parsed, language.Make(tag))
	}
	return language.NewMatcher(parsed)
}
