package phonehttp

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

// The values a template can have, {phone.to} and so on.
const (
	slotTo       = "to"       // the number, E.164
	slotDigits   = "digits"   // the same without its +
	slotText     = "text"     // the text, or what is to be spoken, one sentence a line
	slotID       = "id"       // the same on every try of a message
	slotLanguage = "language" // BCP 47, of calls; "" for texts
	slotKind     = "kind"     // text or call
)

var slots = []string{slotTo, slotDigits, slotText, slotID, slotLanguage, slotKind}

// values are what a message puts into the slots of a template.
type values map[string]string

// template is a part of a request with slots. It is made once, when the configuration is loaded: placeholders of the
// configuration are part of its literals. What a message brings is only ever put into slots, so nothing in it is taken
// for a placeholder.
type template []piece

// piece is a literal, or a slot with how a value is written where it stands.
type piece struct {
	literal string
	slot    string
	escape  func(string) string
}

func (t template) render(v values) string {
	var out strings.Builder
	for _, p := range t {
		if p.slot == "" {
			out.WriteString(p.literal)
		} else {
			out.WriteString(p.escape(v[p.slot]))
		}
	}
	return out.String()
}

func (t template) uses(slot string) bool {
	for _, p := range t {
		if p.slot == slot {
			return true
		}
	}
	return false
}

// placeholder is looked for, rather than any pair of braces: bodies in JSON are full of those.
var placeholder = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_]*)\.([^{}"\n]+)\}`)

// place says how values are written at a place of a template: what a message brings, and what a placeholder of the
// configuration stands for.
type place struct {
	message, configuration func(string) string
}

// compile makes a template. at is asked for each placeholder, with what stands before it. word is for errors.
func compile(word, text string, at func(before string) place) (template, error) {
	var t template
	var before strings.Builder
	literal := func(s string) {
		t = append(t, piece{literal: s})
		before.WriteString(s)
	}
	end := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		literal(text[end:m[0]])
		end = m[1]
		whole, namespace, name := text[m[0]:m[1]], text[m[2]:m[3]], text[m[4]:m[5]]
		if namespace != "phone" {
			value, err := clause.Expand(word, whole, nil)
			if err != nil {
				return nil, err
			}
			literal(at(before.String()).configuration(value))
			continue
		}
		if !slices.Contains(slots, name) {
			return nil, fmt.Errorf("%s: %s is not known: there are {phone.%s}", word, whole, strings.Join(slots, "}, {phone."))
		}
		t = append(t, piece{slot: name, escape: at(before.String()).message})
	}
	literal(text[end:])
	return t, nil
}

// configured says whether text has placeholders that are not a message's, so that it can be judged only when the
// configuration is loaded.
func configured(text string) bool {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if m[1] != "phone" {
			return true
		}
	}
	return false
}

func raw(s string) string { return s }

// inURL escapes for the path or, behind the question mark, for the query. In front of it the configuration's own values
// stay as they are: they may well be the whole address.
func inURL(before string) place {
	if strings.Contains(before, "?") {
		return place{url.QueryEscape, url.QueryEscape}
	}
	return place{url.PathEscape, raw}
}

func inHeader(string) place { return place{raw, raw} } // line ends are refused by the request

// inBody escapes for a content type: JSON within quotes, forms, XML; anything else takes values as they are.
func inBody(contentType string) (func(string) place, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("header Content-Type %q is not a content type: write it like application/json", contentType)
	}
	escape := raw
	switch {
	case isJSON(kind):
		escape = escapeJSON
	case kind == "application/x-www-form-urlencoded":
		escape = url.QueryEscape
	case isXML(kind):
		escape = escapeXML
	case strings.HasPrefix(kind, "multipart/"):
		return nil, fmt.Errorf("header Content-Type %q: a value could end its part: write application/x-www-form-urlencoded or application/json", contentType)
	}
	return func(string) place { return place{escape, escape} }, nil
}

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }

func isXML(kind string) bool {
	return kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml")
}

func escapeJSON(s string) string {
	quoted, _ := json.Marshal(s) // a string can always be written
	return string(quoted[1 : len(quoted)-1])
}

func escapeXML(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a strings.Builder takes everything
	return out.String()
}
