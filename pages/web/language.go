package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/loginwall/loginwall/policy"
)

// languageName is the cookie of a choice of language. It holds the tag as it is: it is no secret, and one that somebody
// else has set shows at worst another language of ours.
const languageName = "loginwall-language"

const languageLife = 365 * 24 * 60 * 60 // seconds

func (h *Handler) languageCookie(secure bool) cookie {
	c := hostCookie(languageName, secure, false)
	c.life = languageLife
	return c
}

// language is the one that a visitor reads: the one chosen on a page, else the one the browser asks for, else the first.
func (h *Handler) language(r *http.Request, req Request) string {
	if chosen := h.chosenLanguage(r, req); chosen != "" {
		return chosen
	}
	return h.Renderer.MatchLanguage(r.Header.Get("Accept-Language"))
}

// chosenLanguage is the one chosen on a page, "" for none.
func (h *Handler) chosenLanguage(r *http.Request, req Request) string {
	values := sentValues(r, h.languageCookie(req.Secure).name)
	if i := slices.IndexFunc(values, h.Renderer.Speaks); i >= 0 {
		return values[i]
	}
	return ""
}

// The fields of the choice that every page offers.
const (
	fieldTo   = "to"
	fieldBack = "back"
)

// chooseLanguage remembers a choice and leads back. It is a GET, so that it works on every page without a form token; what
// other sites can make a browser ask for is not listened to, nor what a page or a mail in the app loads as a picture.
func (v *visit) chooseLanguage() error {
	query := v.query()
	if to := only(query[fieldTo]); v.Renderer.Speaks(to) && !v.fromElsewhere() && v.opened() {
		c := v.languageCookie(v.req.Secure)
		v.queue(c, to, c.life)
	}
	v.redirect(v.back(only(query[fieldBack])))
	return nil
}

// opened tells whether the browser opens a page, as far as it says.
func (v *visit) opened() bool {
	mode, dest := v.r.Header.Get("Sec-Fetch-Mode"), v.r.Header.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// only is the value of a field that was sent once, else "".
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// back returns where a choice of language may lead: one of our pages, a path of the app, or else the login page.
func (h *Handler) back(raw string) string {
	path, query, _ := strings.Cut(raw, "?")
	if h.Owns(path) {
		if found, ok := h.route(path); ok && found.get != nil && found.page != "" {
			return h.pagePath(found, query)
		}
	}
	if raw != "" && policy.NextPath(raw, h.Base) == raw {
		return raw
	}
	return h.Base + "/login"
}

// pagePath is the address of a page with as much of a query as changes what it shows.
func (h *Handler) pagePath(found route, query string) string {
	values, _ := url.ParseQuery(query) // what cannot be read is left out
	page := h.Base + found.page
	switch next := only(values[fieldNext]); {
	case found.page == "/login" && h.next(next) != "":
		return h.loginPath(next)
	case found.mark != "" && values.Has(found.mark):
		return page + "?" + found.mark
	}
	return page
}

// here is the address that leads back to the page that is being made, once a language is chosen: its own, that of the
// page whose form was posted, or that of the app which was asked for. "" offers no choice.
func (v *visit) here() string {
	if v.Owns(v.req.Path) {
		found, _ := v.route(v.req.Path)
		switch {
		case found.page == "" || v.query().Has(tokenField):
			return ""
		case !safe(v.r): // what was posted to is known by its fields
			return v.Base + found.page
		}
		return v.tokenless(v.pagePath(found, v.req.Query))
	}
	target := v.req.Path
	if v.req.Query != "" {
		target += "?" + v.req.Query
	}
	if !safe(v.r) || policy.NextPath(target, v.Base) != target {
		return ""
	}
	return v.tokenless(target)
}

// tokenless is an address unless it could hold the token of a link: those stay out of pages and out of logs.
func (v *visit) tokenless(address string) string {
	if strings.Contains(strings.ToLower(address), tokenField) {
		return ""
	}
	return address
}

// keepingLanguage is location by way of a choice of the language that was chosen before, for an answer that takes every
// cookie away.
func (v *visit) keepingLanguage(location string) string {
	chosen := v.chosenLanguage(v.r, v.req)
	if chosen == "" {
		return location
	}
	return v.Base + "/language?" + url.Values{fieldTo: {chosen}, fieldBack: {location}}.Encode()
}
