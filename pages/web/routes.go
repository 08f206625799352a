package web

import (
	"net/http"
	"strings"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
)

// changePassword is where password managers look for the change of a password (W3C, A Well-Known URL for Changing
// Passwords).
const changePassword = "/.well-known/change-password"

// answer serves one method of one address. An error means that nothing could be decided and nothing was written.
type answer func(*visit) error

// passwordProbe is what password managers ask for to find out whether a site answers honestly for what is not there, since
// they believe its change-password address only then (W3C, Detecting the reliability of HTTP status codes). That address is
// the wall's, so the wall answers for it, also where the app behind it answers everything with a page.
const passwordProbe = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"

// route is an address and what it answers. GET answers HEAD, too.
type route struct {
	get, post answer
	page      string // the page, below the prefix, that it is or has its form on; "" for what is no page
	mark      string // the query of that page which changes what it says, may be ""
}

// routes lists the addresses below the prefix.
func routes() map[string]route {
	return map[string]route{
		"":                  {get: (*visit).home, page: homePage},
		"/":                 {get: (*visit).home, page: homePage},
		"/login":            {get: (*visit).loginPage, post: (*visit).signIn, page: "/login", mark: markSignedOut},
		"/logout":           {get: (*visit).logoutPage, post: (*visit).signOut, page: "/logout"},
		"/forgot":           {get: (*visit).forgotPage, post: (*visit).forgot, page: "/forgot", mark: markSent},
		"/reset":            {get: (*visit).flowPage, post: (*visit).flowPost, page: "/reset"},
		"/setup":            {get: (*visit).flowPage, post: (*visit).flowPost, page: "/setup"},
		"/account":          {get: (*visit).accountPage, page: "/account"},
		"/account/sessions": {post: (*visit).endSessions, page: "/account"},
		"/account/password": {get: (*visit).passwordPage, post: (*visit).changePassword, page: "/account/password"},
		"/language":         {get: (*visit).chooseLanguage},
		"/session":          {get: (*visit).session},
		"/health":           {get: (*visit).health},
	}
}

// serve finds the answer. Paths are compared as they were sent: another spelling of an address is none.
func (h *Handler) serve(v *visit) error {
	route, ok := h.route(v.req.Path)
	if !ok {
		v.show(pages.NotFound{Page: v.page()})
		return nil
	}
	switch method := v.r.Method; {
	case route.get != nil && safe(v.r):
		return route.get(v)
	case route.post != nil && method == http.MethodPost:
		return v.post(route.post)
	}
	v.show(pages.MethodNotAllowed{Page: v.page(), Allow: route.methods()})
	return nil
}

func (h *Handler) route(path string) (route, bool) {
	if path == changePassword {
		return route{get: func(v *visit) error { v.redirect(v.Base + "/account/password"); return nil }}, true
	}
	below := strings.TrimPrefix(path, h.Base)
	if strings.HasPrefix(below, assetPrefix) {
		return route{get: (*visit).asset}, true
	}
	found, ok := h.routes[below]
	return found, ok
}

func (r route) methods() []string {
	var allow []string
	if r.get != nil {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if r.post != nil {
		allow = append(allow, http.MethodPost)
	}
	return allow
}

// post lets a post through that can only be what somebody has just sent from one of our pages: not a replay of early
// data (RFC 8470), and not another site's form.
func (v *visit) post(next answer) error {
	if v.req.EarlyData {
		v.show(pages.BadRequest{Page: v.page(), Code: http.StatusTooEarly})
		return nil
	}
	if !v.ownOrigin() {
		v.refuseForged()
		return nil
	}
	v.speak()
	return next(v)
}

// next returns where a person may be led after a sign-in, "" for nowhere in particular: a path of the app, or one of
// the pages of the wall that need a sign-in and change nothing by being opened.
func (h *Handler) next(raw string) string {
	switch raw {
	case h.Base + "/account", h.Base + "/account/password":
		return raw
	case h.Base, h.Base + homePage:
		if h.Home != nil {
			return raw
		}
	}
	if raw == "" || policy.NextPath(raw, h.Base) != raw {
		return ""
	}
	return raw
}

// start is where somebody goes who wants nowhere in particular: the home page, or the app.
func (h *Handler) start() string {
	if h.Home != nil {
		return h.Base + homePage
	}
	return "/"
}

func (h *Handler) orStart(next string) string {
	if next == "" {
		return h.start()
	}
	return next
}
