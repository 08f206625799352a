package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy/gate"
)

// retryLater is what visitors are told while the store does not answer.
const retryLater = 5 * time.Second

// looked names the request headers the kind of an answer depends on.
const looked = "Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept"

// navigation tells whether a person will look at the answer: a page load, or a frame's. Current browsers say so
// themselves; for the others a request for HTML counts, and never one that changes something.
func navigation(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame", "embed", "object":
		return true
	case "":
		return safe(r) && strings.Contains(strings.ToLower(strings.Join(r.Header["Accept"], ",")), "text/html")
	}
	return false
}

func safe(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// Refuse answers somebody who is not signed in. target is the path and query asked for, as the browser sent them. A
// navigation is led to the login page, and after it to target if it was a GET; anything else gets a 401 in JSON and
// never a redirect, which scripts would follow into a page. No cookie is set but to clear one that does not verify.
func (h *Handler) Refuse(w http.ResponseWriter, r *http.Request, req Request, target string) {
	v := h.newVisit(w, r, req)
	w.Header().Add("Vary", looked)
	if !navigation(r) {
		v.json(http.StatusUnauthorized, map[string]any{"error": "unauthenticated", "login": h.Base + "/login"})
		return
	}
	if token, present, err := h.SessionToken(r, req); err == nil && present && token == "" {
		v.clear(h.sessionCookie(req.Secure))
	}
	if !safe(r) {
		target = ""
	}
	v.redirect(v.loginPath(target))
}

// loginPath is the address of the login page that leads on to target, if that is a place to lead to.
func (h *Handler) loginPath(target string) string {
	login := h.Base + "/login"
	if next := h.next(target); next != "" {
		login += "?next=" + url.QueryEscape(next)
	}
	return login
}

// Forbidden answers somebody who is signed in but in none of the groups that a path asks for.
func (h *Handler) Forbidden(w http.ResponseWriter, r *http.Request, req Request, id gate.Identity) {
	v := h.newVisit(w, r, req)
	w.Header().Add("Vary", looked)
	if !navigation(r) {
		v.json(http.StatusForbidden, map[string]any{"error": "forbidden"})
		return
	}
	page := v.page()
	page.SignedInAs = nameOf(&id.Account)
	v.show(pages.Forbidden{Page: page, ContinueURL: v.start()})
}

// Unavailable answers while the gate cannot decide, most often because the store is out of reach: nobody passes, and
// nobody loses a cookie.
func (h *Handler) Unavailable(w http.ResponseWriter, r *http.Request, req Request) {
	v := h.newVisit(w, r, req)
	w.Header().Add("Vary", looked)
	if navigation(r) {
		v.unavailable()
		return
	}
	w.Header().Set("Retry-After", seconds(retryLater))
	v.json(http.StatusServiceUnavailable, map[string]any{"error": "unavailable"})
}

// unavailable shows the page that asks to try again. Cookies that were to be set are not.
func (v *visit) unavailable() { v.busy(retryLater) }

func (v *visit) busy(wait time.Duration) {
	v.cookies = nil
	v.show(pages.Unavailable{Page: v.page(), RetryAfter: wait})
}
