package pages

import (
	"html/template"
	"strings"
)

// look is what the templates know of the whole site.
type look struct {
	Name         string
	Initial      string // the first letter of the name, for a mark where there is no logo
	SupportURL   template.URL
	SupportText  string // "" says it in the words of the language
	SupportShown string // the address as text, "" where the text stands for it, as a telephone number does
	Start        string // where the head of a page leads somebody signed in
	HasHome      bool

	Style, Script, Icon string // addresses
	Logo, LogoDark      string // addresses, "" where there is none

	// Colours in mails, which load no style sheet: of buttons, of what stands on them, and of links in dark mode.
	MailAccent, MailInk, MailDark template.CSS

	Languages []languageName // to choose from; empty when there is one only
}

// languageName is a language and what it calls itself.
type languageName struct{ Tag, Name, Direction string }

func (w *words) languageName() languageName {
	return languageName{w.language, w.texts["language.name"], w.direction}
}

func (r *Renderer) look(spoken []*words) look {
	o := r.options
	l := look{
		Name: o.SiteName, Initial: initial(o.SiteName), SupportURL: template.URL(o.SupportURL), SupportText: o.SupportText, Start: "/", HasHome: o.Home,
		Style: r.assetPath(styleSheet), Script: r.assetPath(script), Icon: r.assetPath(icon),
	}
	s := r.accent
	l.MailAccent, l.MailInk, l.MailDark = template.CSS(s.light.String()), template.CSS(s.onLight.String()), template.CSS(s.dark.String())
	if o.SupportText == "" || !strings.HasPrefix(o.SupportURL, "tel:") {
		l.SupportShown = o.SupportURL
	}
	if o.Home {
		l.Start = r.path("")
	}
	if o.Logo != nil {
		l.Logo = r.PicturePath(*o.Logo)
		if o.LogoDark != nil {
			l.LogoDark = r.PicturePath(*o.LogoDark)
		}
	}
	if len(spoken) > 1 {
		for _, w := range spoken {
			l.Languages = append(l.Languages, w.languageName())
		}
	}
	return l
}

func (r *Renderer) assetPath(name string) string { return r.path("assets/" + r.assets.names[name]) }

// initial is the first letter or digit of a name as a capital.
func initial(name string) string {
	for _, letter := range name {
		if strings.ContainsRune(" \"'“”„«»‘’(", letter) {
			continue
		}
		return strings.ToUpper(string(letter))
	}
	return ""
}
