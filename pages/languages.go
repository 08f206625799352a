package pages

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
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

// longestWish is how much of an Accept-Language header is read, in bytes: more than people's browsers send, and little
// enough that nobody can keep a server busy with it.
const longestWish = 256

// MatchLanguage picks the language for an Accept-Language header: the wanted one that the visitor would read best among
// Options.Languages; else the first of them. What cannot be read of the header is passed over.
func (r *Renderer) MatchLanguage(acceptLanguage string) string {
	if len(acceptLanguage) > longestWish {
		acceptLanguage = acceptLanguage[:longestWish]
		acceptLanguage = acceptLanguage[:max(0, strings.LastIndexByte(acceptLanguage, ','))]
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		wanted = readable(acceptLanguage)
	}
	_, index, confidence := r.matcher.Match(wanted...)
	if confidence == language.No {
		return r.options.Languages[0]
	}
	return r.options.Languages[index]
}

// readable are the items of an Accept-Language header that can be read, the most wanted first.
func readable(acceptLanguage string) (tags []language.Tag) {
	type wish struct {
		tag    language.Tag
		weight float32
	}
	var wishes []wish
	for item := range strings.SplitSeq(acceptLanguage, ",") {
		if read, weights, err := language.ParseAcceptLanguage(item); err == nil && len(read) == 1 {
			wishes = append(wishes, wish{read[0], weights[0]})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range wishes {
		tags = append(tags, w.tag)
	}
	return tags
}

// checkTag wants the one spelling of a language tag that browsers understand: it stands in every page.
func checkTag(tag string) error {
	parsed, err := language.Parse(tag)
	if err != nil {
		return fmt.Errorf("language %q is no language tag (BCP 47): name the file of its words by one, such as nl or pt-BR", tag)
	}
	if parsed.String() != tag {
		return fmt.Errorf("language %q is spelled %s: name it so, and the file of its words", tag, parsed)
	}
	return nil
}

// Speaks tells whether pages can be had in a language.
func (r *Renderer) Speaks(tag string) bool { return r.editions[tag] != nil }

func matcherOf(tags []string) language.Matcher {
	var parsed []language.Tag
	for _, tag := range tags {
		parsed = append(parsed, language.Make(tag))
	}
	return language.NewMatcher(parsed)
}

// LanguagesWith lists the tags that there are words for, sorted: those built in, and those that over, the folder of an
// operator, brings as words/<tag>.json. over may be nil.
func LanguagesWith(over fs.FS) []string {
	var tags []string
	for _, from := range []fs.FS{embedded, over} {
		if from == nil {
			continue
		}
		files, _ := fs.Glob(from, "words/*.json") // the only error is a pattern that is none
		for _, file := range files {
			tags = append(tags, strings.TrimSuffix(path.Base(file), ".json"))
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}
