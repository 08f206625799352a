package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// Handler lets requests of people who are signed in go on to the next handler, and nobody else's. It serves the pages
// by which people sign in, and tells the app who is asking.
//
// It sets these placeholders on every request, empty when nobody is signed in:
//
// Placeholder | Description
// ------------|------------
// `{http.auth.user.id}` | The account's id, which never changes; php_fastcgi passes it as REMOTE_USER
// `{http.auth.user.email}` | The email address
// `{http.auth.user.name}` | The display name
// `{http.auth.user.groups}` | The groups, separated by commas
// `{http.auth.user.session}` | A name for the session, for logs; it opens nothing
//
// It answers 303 to the login page or 401 when nobody is signed in, 403 when the person is in none of the groups asked
// for, and 503 when the store does not answer.
type Handler struct {
	// Paths that need no sign-in. On them there is no identity, signed in or not.
	Public []string `json:"public,omitempty"`
	// Paths that are answered but do not count as activity, such as the polling of an open tab.
	Passive []string `json:"passive,omitempty"`
	// Paths that only members of groups may see. Every rule that covers a path must admit.
	Require []Require `json:"require,omitempty"`
	// The headers by which the app learns who is signed in. Default: the set remote.
	Identity []Identity `json:"identity,omitempty"`

	app      *App
	public   []policy.PathPattern
	passive  []policy.PathPattern
	require  []requirement
	wear     *wear
	scrubber *scrubber
}

// Require admits the members of any one of the groups to a path.
type Require struct {
	Path   string   `json:"path,omitempty"`
	Groups []string `json:"groups,omitempty"`
}

type requirement struct {
	pattern policy.PathPattern
	groups  []string
}

// CaddyModule describes the handler to Caddy.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.login_wall", New: func() caddy.Module { return new(Handler) }}
}

// Provision finds the realm and prepares the rules of the site.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App(appName)
	if err != nil {
		return fmt.Errorf("load app: %w", err)
	}
	h.app = app.(*App)
	if h.public, err = patterns(h.Public); err != nil {
		return err
	}
	if h.passive, err = patterns(h.Passive); err != nil {
		return err
	}
	for _, r := range h.Require {
		rule, err := r.provision()
		if err != nil {
			return err
		}
		h.require = append(h.require, rule)
	}
	if h.wear, err = newWear(h.Identity, expandPlaceholders); err != nil {
		return err
	}
	h.scrubber = newScrubber(h.wear.names())
	return nil
}

func (r Require) provision() (requirement, error) {
	path, err := expandPlaceholders(r.Path)
	if err != nil {
		return requirement{}, fmt.Errorf("expand require: %w", err)
	}
	if err := checkRequirePattern(path); err != nil {
		return requirement{}, err
	}
	pattern, err := policy.ParsePathPattern(path)
	if err != nil {
		return requirement{}, err
	}
	if len(r.Groups) == 0 {
		return requirement{}, fmt.Errorf("require %s has no groups: nobody could pass", path)
	}
	rule := requirement{pattern: pattern}
	for _, group := range r.Groups {
		expanded, err := expandPlaceholders(group)
		if err != nil {
			return requirement{}, fmt.Errorf("expand require: %w", err)
		}
		rule.groups = append(rule.groups, expanded)
	}
	return rule, nil
}

func patterns(paths []string) ([]policy.PathPattern, error) {
	var list []policy.PathPattern
	for _, p := range paths {
		expanded, err := expandPlaceholders(p)
		if err != nil {
			return nil, fmt.Errorf("expand path: %w", err)
		}
		pattern, err := policy.ParsePathPattern(expanded)
		if err != nil {
			return nil, err
		}
		list = append(list, pattern)
	}
	return list, nil
}

// ServeHTTP decides who may pass. Whoever does not is answered here, and then the error is nil: an error of ours would
// carry the request's address, with whatever link is in it, into the error log.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	setPlaceholders(repl, nil)
	v := h.newVisit(w, r, repl)
	h.scrubber.scrub(r, v.trusted)
	if v.holdsToken() {
		v.keepFromLog()
	}

	if refusedMethod(r) {
		v.refuseMethod()
		return nil
	}
	wall, err := h.app.open()
	if err != nil {
		if h.isPublic(v) {
			return v.pass(next)
		}
		h.app.observer.StoreFailed("open store", err)
		v.closed()
		return nil
	}
	v.wall = wall
	switch {
	case wall.web.Owns(v.path):
		v.serveOwn()
		return nil
	case h.isPublic(v):
		return v.pass(next)
	case v.plain():
		v.refusePlain()
		return nil
	}
	return v.protected(next)
}

func (h *Handler) isPublic(v *visit) bool { return admits(h.public, v) }

func admits(list []policy.PathPattern, v *visit) bool {
	for _, p := range list {
		if p.Admits(v.path, v.values) {
			return true
		}
	}
	return false
}

// protected answers a request for a path that needs a sign-in.
func (v *visit) protected(next caddyhttp.Handler) error {
	token, _, err := v.wall.web.SessionToken(v.r, v.request())
	if err != nil {
		v.unavailable() // reported by the pages
		return nil
	}
	if token == "" {
		v.refuse()
		return nil
	}
	id, reason, err := v.wall.gate.CheckSession(v.r.Context(), token, !admits(v.passive, v))
	switch {
	case err != nil: // reported by the gate
		v.unavailable()
		return nil
	case reason != policy.OK:
		v.refuse()
		return nil
	case isWebSocket(v.r) && !v.ownOrigin():
		v.text(http.StatusForbidden, "This site does not take connections from other sites.")
		return nil
	case !v.mayEnter(id.Account.Groups):
		setPlaceholders(v.repl, &id) // for the log: who was turned away
		v.wall.web.Forbidden(v.w, v.r, v.withClient(), id)
		return nil
	}
	if err := v.wear.put(v.r.Header, &id.Account); err != nil {
		v.app.observer.faults.report("write identity", fmt.Errorf("account %s: %w", id.Account.ID, err))
		v.unavailable()
		return nil
	}
	setPlaceholders(v.repl, &id)
	v.signedIn = true
	defer v.touch(id)()
	if v.fence, err = v.wall.web.Fence(v.r, v.request(), id.Account.ID); err != nil {
		v.unavailable() // reported by the pages
		return nil
	}
	request, done := v.wall.streams.begin(v.w, v.r, id.Session.Key, v.wall.gate.RecheckSession)
	defer done()
	v.r = request
	return v.pass(next)
}

// mayEnter says whether the groups satisfy every rule that covers the path, in any reading of it: the one the browser
// sent and the one that rewrites have left for the app.
func (v *visit) mayEnter(groups []string) bool {
	for _, rule := range v.require {
		if !rule.pattern.Covers(v.path) && !rule.pattern.Covers(v.r.URL.EscapedPath()) {
			continue
		}
		if !slices.ContainsFunc(rule.groups, func(g string) bool { return slices.Contains(groups, g) }) {
			return false
		}
	}
	return true
}

// Touching: a request that goes on for longer than touchAfter counts as activity when it began, not when it ends. Else
// a download or a WebSocket that ends would bring back a session that has been idle for hours.
const (
	touchAfter = 5 * time.Second
	touchTime  = 2 * time.Second
)

// touch returns what writes the last-seen time after the answer, where it is due.
func (v *visit) touch(id gate.Identity) func() {
	if !id.Touch {
		return func() {}
	}
	g := v.wall.gate
	write := sync.OnceFunc(func() { // beside the request, so it must not look at it
		ctx, cancel := context.WithTimeout(context.Background(), touchTime)
		defer cancel()
		g.Touch(ctx, id)
	})
	timer := time.AfterFunc(min(touchAfter, v.app.realm.rules.Idle/policy.SeenFractionOfIdle), write)
	return func() {
		if timer.Stop() {
			write()
		}
	}
}

// pass hands the request to the next handler. The wall's cookies are not the app's business, and the app cannot set
// them.
func (v *visit) pass(next caddyhttp.Handler) error {
	stripCookies(v.r.Header)
	return next.ServeHTTP(&guardedWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: v.w}, private: v.signedIn, fence: v.fence}, v.r)
}

// refusedMethod says whether a method has no business behind a wall: TRACE would show a page's script what only the
// app may see, and CONNECT asks for a tunnel, but for the form of it that opens a WebSocket over HTTP/2 and 3.
func refusedMethod(r *http.Request) bool {
	switch r.Method {
	case http.MethodTrace, "TRACK":
		return true
	case http.MethodConnect:
		return !isWebSocket(r)
	}
	return false
}

// setPlaceholders sets all of them, also to nothing: one that is not set at all is sent to the app as its own name.
func setPlaceholders(repl *caddy.Replacer, id *gate.Identity) {
	var account policy.Account
	session := ""
	if id != nil {
		account, session = id.Account, string(id.Session.Key)
		session = session[:min(len(session), 16)]
	}
	repl.Set("http.auth.user.id", string(account.ID))
	repl.Set("http.auth.user.email", account.Email)
	repl.Set("http.auth.user.name", encode(account.Name, ""))
	repl.Set("http.auth.user.groups", encodeList(account.Groups))
	repl.Set("http.auth.user.session", session)
}

// values parses a query once, and only when a rule asks for it.
func (v *visit) values() url.Values {
	if v.parsed == nil {
		parsed, err := url.ParseQuery(v.query)
		if err != nil {
			parsed = url.Values{} // a query that servers could read differently fits no rule
		}
		v.parsed = parsed
	}
	return v.parsed
}

// Validate refuses what can be seen to be wrong without a request.
func (h *Handler) Validate() error {
	for _, p := range h.public {
		if p.Admits(h.app.realm.base+"/login", func() url.Values { return nil }) {
			return errors.New("public covers the pages of the wall themselves: if everything is public, remove login_wall")
		}
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
