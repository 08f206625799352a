package caddymodule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // small containers have no time zones of their own

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
)

// Brand is how the pages look.
type Brand struct {
	// A picture file that stands in place of the name, and perhaps a second one for dark mode: svg, png, jpg, webp, avif,
	// gif or ico, at most 256 KiB each. Default: none.
	Logo []string `json:"logo,omitempty"`
	// The colour of buttons and links, #rrggbb. Where it would be hard to read, pages show the nearest darker or lighter one
	// that is not. Default: a blue.
	Accent string `json:"accent,omitempty"`
	// Where people find help: an http, https, mailto or tel address.
	Support string `json:"support,omitempty"`
	// What stands there, such as whom to call. Default: Get Help, in the language of the page.
	SupportText string `json:"support_text,omitempty"`
	// A folder whose files stand in for the built-in ones of the same name: templates/…, styles/… and words/….
	Templates string `json:"templates,omitempty"`
}

// look is the brand with every placeholder expanded and every value judged.
type look struct {
	logo                                    []string
	accent, support, supportText, templates string
}

func (b *Brand) syntax() clause.Words {
	return clause.Words{
		"logo":      b.readLogo,
		"accent":    clause.Value(&b.Accent, `"#0b6e4f", in quotes, since a # begins a comment`, checkAccent),
		"support":   b.readSupport,
		"templates": clause.Value(&b.Templates, "/etc/loginwall/templates", nil),
	}
}

func (b *Brand) readLogo(d *caddyfile.Dispenser) error {
	if err := clause.Values(&b.Logo, "/etc/loginwall/logo.svg", checkPicture("logo"))(d); err != nil {
		return err
	}
	if err := b.checkLogo(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// readSupport reads an address and perhaps what stands there.
func (b *Brand) readSupport(d *caddyfile.Dispenser) error {
	const hint = `write support https://example.com/help, or support tel:+15550100 "Call the front desk: 555 0100"`
	switch values := d.RemainingArgs(); len(values) {
	case 2:
		b.SupportText = values[1]
		fallthrough
	case 1:
		b.Support = values[0]
	case 0:
		return d.Errf("support needs a value: %s", hint)
	default:
		return d.Errf("support has too many values: %s", hint)
	}
	if err := clause.CheckLiteral(b.Support, pages.CheckSupport); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (b *Brand) checkLogo() error {
	if len(b.Logo) > 2 {
		return errors.New("logo has too many values: write one file, and one more for dark mode")
	}
	return nil
}

func (b *Brand) resolve(r *resolver) look {
	if err := b.checkLogo(); err != nil && r.err == nil {
		r.err = err
	}
	l := look{
		logo:        r.list("logo", b.Logo, checkPicture("logo")),
		accent:      r.text("accent", b.Accent, checkAccent),
		support:     r.text("support", b.Support, pages.CheckSupport),
		supportText: r.text("support_text", b.SupportText, nil),
		templates:   r.text("templates", b.Templates, nil),
	}
	if l.accent != "" {
		l.accent = hashed(l.accent)
	}
	return l
}

// hashed is a colour with the # that a Caddyfile takes for a comment where it is not quoted.
func hashed(accent string) string { return "#" + strings.TrimPrefix(accent, "#") }

func checkAccent(accent string) error {
	if _, err := pages.CheckAccent(hashed(accent)); err != nil {
		return fmt.Errorf(`accent %q is no colour: write red, green and blue in six hexadecimal digits, such as accent "#0b6e4f"`, accent)
	}
	return nil
}

// checkPicture judges the name of a picture's file. What is in it is known when the configuration is loaded.
func checkPicture(word string) clause.Check {
	return func(file string) error {
		if err := pages.CheckPictureName(file); err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
		return nil
	}
}

// checkLanguages wants words for every language, built in or in the folder of templates, which may be nil.
func checkLanguages(tags []string, templates fs.FS) error {
	known := pages.LanguagesWith(templates)
	for i, tag := range tags {
		switch {
		case !slices.Contains(known, tag):
			return fmt.Errorf("languages %q has no words: write any of %s, or put words/%s.json into the folder of brand templates",
				tag, strings.Join(known, " "), tag)
		case slices.Contains(tags[:i], tag):
			return fmt.Errorf("languages has %s twice: keep one", tag)
		}
	}
	return nil
}

func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Errorf("time_zone %q is unknown: write the name that the IANA database has for it, such as America/New_York", name)
	}
	return nil
}

// newRenderer prepares the pages and messages of a realm. It reads the files of the brand and of the home page, and gives
// the tiles the addresses of their icons.
func newRenderer(m *realm) (*pages.Renderer, error) {
	o := pages.Options{
		SiteName: m.name, SupportURL: m.look.support, SupportText: m.look.supportText, Base: m.base, Languages: m.languages, Zone: m.zone,
		Accent: m.look.accent, Home: len(m.tiles) > 0,
	}
	var err error
	if o.Overlay, err = openTemplates(m.look.templates); err != nil {
		return nil, err
	}
	if err := checkLanguages(m.languages, o.Overlay); err != nil {
		return nil, err
	}
	for i, to := range []**pages.Picture{&o.Logo, &o.LogoDark} {
		if i < len(m.look.logo) {
			if *to, err = readPicture("logo", m.look.logo[i]); err != nil {
				return nil, err
			}
		}
	}
	if o.Icons, err = readIcons(m.tiles); err != nil {
		return nil, err
	}
	r, err := pages.New(o)
	switch {
	case err != nil && m.look.templates != "":
		return nil, fmt.Errorf("prepare pages with templates %s: %w", m.look.templates, err)
	case err != nil:
		return nil, fmt.Errorf("prepare pages: %w", err)
	}
	hangIcons(m.tiles, o.Icons, r)
	for _, t := range m.tiles {
		for _, name := range []string{t.Name, t.About} {
			if err := r.CheckName(name); err != nil {
				return nil, fmt.Errorf("prepare home page: %w", err)
			}
		}
	}
	return r, nil
}

// warnAccent tells of a colour that is not shown as it was written.
func (a *App) warnAccent() {
	shown, err := pages.CheckAccent(a.realm.look.accent)
	if err == nil && shown != "" { // an error is that there is none: others have been refused
		a.logger.Warn("accent is hard to read on light pages: a darker one is shown instead",
			zap.String("accent", a.realm.look.accent), zap.String("shown", shown))
	}
}

// openTemplates gives the folder of templates, nil for none.
func openTemplates(folder string) (fs.FS, error) {
	if folder == "" {
		return nil, nil
	}
	info, err := os.Stat(folder)
	if err != nil {
		return nil, fmt.Errorf("open templates: %w: write a folder that Caddy may read", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open templates: %s is a file: write the folder that holds templates, styles or words", folder)
	}
	return os.DirFS(folder), nil
}

// readPicture reads a picture. Its type and size are judged with all others.
func readPicture(word, file string) (*pages.Picture, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: write a picture file that Caddy may read", word, err)
	}
	return &pages.Picture{Name: file, Content: content}, nil
}
