// Package pages is what people see: a view in, bytes out. It renders the pages, mails, texts and calls in every
// language, from templates and words that are read and checked once, in New. Nothing is read while rendering.
package pages

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"golang.org/x/text/language"
)

//go:embed templates styles words
var embedded embed.FS

// Options is what is the same for every page of a realm.
type Options struct {
	SiteName    string   // shown on pages, in mails and texts; "" is Loginwall
	SupportURL  string   // where help is found: http, https, mailto or tel; "" for nowhere
	SupportText string   // what stands there, such as a telephone number; "" for "Get Help"
	Base        string   // the prefix of all addresses, such as /_auth, which is also the default
	Languages   []string // words files by name, the first is for whoever asks for none of them; default: en
	Overlay     fs.FS    // files that stand in for built-in ones: templates/…, styles/…, words/…; may be nil

	Zone     *time.Location // of the times in pages and mails; nil is UTC. Scripts show the reader's own instead
	Accent   string         // colour of buttons and links, as #rrggbb; "" for the built-in one
	Logo     *Picture       // in place of the name in the head of pages; may be nil
	LogoDark *Picture       // the same for dark mode; nil sets Logo on a light ground there
	Icons    []Picture      // of the tiles on the home page
	Home     bool           // there is a home page, which pages lead back to in place of the app
}

// Renderer renders views and messages. It does not change after New and is safe for concurrent use.
type Renderer struct {
	options  Options
	accent   scheme // of Options.Accent, or the built-in one
	looks    look
	editions map[string]*edition
	assets   assets
	matcher  language.Matcher
	buffers  sync.Pool
}

// edition is everything in one language. Templates know their language by functions bound when they were parsed, so
// no request can ever see a page in the language of another.
type edition struct {
	words    *words
	pages    map[string]*template.Template
	mailHTML *template.Template
	mailText *texttemplate.Template
}

// field is one form field of a view as the partials print it.
type field struct {
	Name        string
	Problems    []Problem
	Focused     bool
	DescribedBy string // ids, for aria-describedby
}

// fieldOf is the named field of v, described by the elements whose ids are given and by its problems. The name "" is
// for what is wrong with the form as a whole.
func fieldOf(v View, name string, ids ...string) field {
	f := field{Name: name, Focused: name != "" && v.Focus() == name}
	for _, p := range v.Problems() {
		if p.Field == name {
			f.Problems = append(f.Problems, p)
		}
	}
	if len(f.Problems) > 0 {
		ids = append(ids, name+"-error")
	}
	f.DescribedBy = strings.TrimSpace(strings.Join(ids, " "))
	return f
}

// progressOf is the place of v in a row of steps, nil outside of one.
func progressOf(v View) *Progress {
	if p := v.progress(); p.Of > 0 {
		return &p
	}
	return nil
}

var prefix = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// New reads and parses everything and renders every page once in each language, so that a broken override is found at
// start-up and not by a visitor. Errors name the file.
func New(o Options) (*Renderer, error) {
	if o.SiteName = flat(o.SiteName); o.SiteName == "" {
		o.SiteName = "Loginwall"
	}
	if o.Base == "" {
		o.Base = "/_auth"
	}
	if !prefix.MatchString(o.Base) {
		return nil, fmt.Errorf("read options: base %q is not a path like /_auth", o.Base)
	}
	if o.SupportURL != "" {
		if err := CheckSupport(o.SupportURL); err != nil {
			return nil, fmt.Errorf("read options: %w", err)
		}
	}
	if len(o.Languages) == 0 {
		o.Languages = []string{reference}
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	files, err := overlay(o.Overlay)
	if err != nil {
		return nil, err
	}
	r := &Renderer{
		options: o, editions: map[string]*edition{}, matcher: matcherOf(o.Languages),
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	if r.accent, err = accentScheme(cmp.Or(o.Accent, builtInAccent)); err != nil {
		return nil, err
	}
	if r.assets, err = r.readAssets(files); err != nil {
		return nil, err
	}
	spoken, err := readLanguages(o)
	if err != nil {
		return nil, err
	}
	r.looks = r.look(spoken)
	parsed, err := r.parse(files, spoken[0])
	if err != nil {
		return nil, err
	}
	for _, w := range spoken {
		if r.editions[w.language], err = r.speak(parsed, w); err != nil {
			return nil, err
		}
	}
	return r, r.rehearse()
}

var telephone = regexp.MustCompile(`^\+?[0-9][0-9.-]*$`)

// CheckSupport tells whether an address is one that pages can lead to for help.
func CheckSupport(support string) error {
	u, err := url.Parse(support)
	switch {
	case err != nil:
	case u.Scheme == "mailto" && u.Opaque != "" || u.Scheme == "tel" && telephone.MatchString(u.Opaque):
		return nil
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return nil
	}
	return errors.New("support is not an http, https, mailto or tel address: " +
		"write support https://example.com/help, or support tel:+15550100 and beside it what people should read")
}

// parse reads all templates. Each page is a set of its own: layout, all partials, and itself. The functions of w are there
// to be replaced by those of each language.
func (r *Renderer) parse(files fs.FS, w *words) (*edition, error) {
	functions := r.functions(w)
	shared, err := template.New("").Option("missingkey=error").Funcs(functions).
		ParseFS(files, "templates/layout.html", "templates/partials/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	e := &edition{pages: map[string]*template.Template{}}
	for _, v := range samples() {
		if e.pages[v.file()] != nil {
			continue
		}
		page, err := shared.Clone()
		if err == nil {
			page, err = page.ParseFS(files, "templates/pages/"+v.file()+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse templates: %w", err)
		}
		e.pages[v.file()] = page
	}
	e.mailHTML, err = template.New("letter.html").Option("missingkey=error").Funcs(functions).
		ParseFS(files, "templates/mail/letter.html")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	e.mailText, err = texttemplate.New("letter.txt").Option("missingkey=error").Funcs(texttemplate.FuncMap(functions)).
		ParseFS(files, "templates/mail/letter.txt")
	if err != nil {
		return nil, fmt.Errorf("parse templates: %w", err)
	}
	return e, nil
}

// speak is a copy of parsed in the language of w.
func (r *Renderer) speak(parsed *edition, w *words) (*edition, error) {
	e := &edition{words: w, pages: map[string]*template.Template{}}
	functions := r.functions(w)
	for file, page := range parsed.pages {
		own, err := page.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy templates: %w", err)
		}
		e.pages[file] = own.Funcs(functions)
	}
	var err error
	if e.mailHTML, err = parsed.mailHTML.Clone(); err != nil {
		return nil, fmt.Errorf("copy templates: %w", err)
	}
	if e.mailText, err = parsed.mailText.Clone(); err != nil {
		return nil, fmt.Errorf("copy templates: %w", err)
	}
	e.mailHTML.Funcs(functions)
	e.mailText.Funcs(texttemplate.FuncMap(functions))
	return e, nil
}

// functions are what templates can call. None of them depends on a request.
func (r *Renderer) functions(w *words) template.FuncMap {
	return template.FuncMap{
		"t":             func(key string, args ...any) (template.HTML, error) { return w.markup(say(key, args...)) },
		"plain":         func(key string, args ...any) (string, error) { return w.plain(say(key, args...)) },
		"say":           w.markup,
		"called":        w.called,
		"calledPlain":   w.calledPlain,
		"initialOf":     w.initialOf,
		"text":          w.plain,
		"field":         fieldOf,
		"progress":      progressOf,
		"site":          func() look { return r.looks },
		"path":          r.path,
		"language":      func() string { return w.language },
		"direction":     func() string { return w.direction },
		"device":        device,
		"passwordRules": passwordRules,
	}
}

// path is the address of one of our pages.
func (r *Renderer) path(page string) string { return r.options.Base + "/" + page }

// edition is the one in the language asked for, or in the first.
func (r *Renderer) edition(language string) *edition {
	if e := r.editions[language]; e != nil {
		return e
	}
	return r.editions[r.options.Languages[0]]
}

// Render makes the whole page, or an error and nothing: a template that fails half-way never reaches the visitor. The
// error holds nothing of the view.
func (r *Renderer) Render(v View) ([]byte, error) { return r.render(r.edition(v.language()), v) }

func (r *Renderer) render(e *edition, v View) ([]byte, error) {
	buffer := r.buffers.Get().(*bytes.Buffer)
	defer r.buffers.Put(buffer)
	buffer.Reset()
	if err := e.pages[v.file()].ExecuteTemplate(buffer, "layout", v); err != nil {
		return nil, fmt.Errorf("render %s: %w", v.file(), err)
	}
	return bytes.Clone(buffer.Bytes()), nil
}

// rehearse renders every page and mail once in every language: templates are escaped and their fields resolved only
// when they run.
func (r *Renderer) rehearse() error {
	for _, language := range r.options.Languages {
		e := r.editions[language]
		for name, v := range samples() {
			if _, err := r.render(e, v); err != nil {
				return fmt.Errorf("try page %s in %s: %w", name, language, err)
			}
		}
		for name, l := range sampleLetters() {
			m, err := r.mail(e, l)
			if err != nil {
				return fmt.Errorf("try mail %s in %s: %w", name, language, err)
			}
			// A letter that lost its link would be sent to people who cannot get in without it.
			if link := l.content().Link; !strings.Contains(m.Text, link) || !strings.Contains(m.HTML, link) {
				return fmt.Errorf("try mail %s in %s: its link is missing: letter.html and letter.txt must show .Link", name, language)
			}
		}
	}
	return nil
}
