// Package web is the pages over HTTP: routes, forms and cookies. It asks package gate what may happen and shows what
// came of it with package pages; of Caddy it knows nothing. The handler that sits in front of the app fills a Request
// for each visit, sends what belongs to the wall here (Owns, Serve), and borrows the answers for visitors who may not
// go on (Refuse, Forbidden, Unavailable).
package web

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// Options is what a Handler is built from. Gate and Renderer are required.
type Options struct {
	Gate     *gate.Gate
	Renderer *pages.Renderer
	// Base is the prefix of all addresses, such as "/_auth" (the default), the same as the gate's and the renderer's.
	Base string
	// Origin returns the configured public origin, "" while it is not known. Forms posted from it are accepted besides
	// those from the origin a request came to, for proxies that change the Host. May be nil.
	Origin func() string
	// Rules are the gate's rules, for what pages tell of them.
	Rules policy.Rules
	// Home gives the tiles that somebody in these groups may see; nil is no home page. The renderer's option of the name
	// says the same.
	Home func(groups []string) []pages.Tile
	// CookieDomain shares the session cookie with all sites below a domain; "" keeps it to one host.
	CookieDomain string
	// Fault hears of errors that are our own: a page that could not be rendered. May be nil.
	Fault func(error)
}

// Handler serves the pages. It is safe for concurrent use and holds nothing of a visit.
type Handler struct {
	Options
	routes         map[string]route
	signed, sealed atomic.Pointer[codecs]
	probe          probe
}

// New builds a handler. It does no I/O.
func New(o Options) *Handler {
	if o.Base == "" {
		o.Base = "/_auth"
	}
	if o.Origin == nil {
		o.Origin = func() string { return "" }
	}
	if o.Fault == nil {
		o.Fault = func(error) {}
	}
	return &Handler{Options: o, routes: routes(), probe: probe{check: o.Gate.Store.Check, now: o.Gate.Now}}
}

// Request is what the pages need to know of a request beyond net/http's own: what a server or a rewrite in front of
// them may have changed, and what only they can tell.
type Request struct {
	// Path and Query are those the browser sent, undecoded: rewrites in front of the wall do not count.
	Path, Query string
	// Client is who asks. Its language is found here.
	Client gate.Client
	// Secure says that the browser speaks https, be it to a proxy in front.
	Secure bool
	// Plain says that the browser speaks http over a network. Browsers treat this machine like https.
	Plain bool
	// Origin is the origin the browser sees, such as "https://mail.example.com"; "" takes it from Secure and Host.
	Origin string
	// EarlyData says that the request came before the TLS handshake was complete, so that it may be a replay.
	EarlyData bool
}

// Owns tells whether a path, as the browser sent it, belongs to the wall. Other spellings that some server could read
// as one of ours are not: they need a session like every path of the app.
func (h *Handler) Owns(path string) bool {
	return path == h.Base || strings.HasPrefix(path, h.Base+"/") || path == changePassword || path == passwordProbe
}

// Serve answers a request for a path that Owns.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, req Request) {
	v := h.newVisit(w, r, req)
	if err := h.serve(v); err != nil {
		v.unavailable() // the error has been reported where it came up
	}
	v.touch()
}

// visit is one request on its way through a page.
type visit struct {
	*Handler
	w   http.ResponseWriter
	r   *http.Request
	req Request

	cookies []*http.Cookie // set when the answer is known, so that a failure sets none
	seen    *gate.Identity // whose activity this was, if it is to be written
}

func (h *Handler) newVisit(w http.ResponseWriter, r *http.Request, req Request) *visit {
	return &visit{Handler: h, w: w, r: r, req: req}
}

// speak finds the language of the visit, once, so that pages and messages are in the same. What has no words needs none.
func (v *visit) speak() {
	if v.req.Client.Language == "" {
		v.req.Client.Language = v.language(v.r, v.req)
	}
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// touchTime bounds the write of a last-seen time after the answer.
const touchTime = 2 * time.Second

// touch writes the last-seen time after the answer, even if the visitor has hung up meanwhile.
func (v *visit) touch() {
	if v.seen == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.ctx()), touchTime)
	defer cancel()
	v.Gate.Touch(ctx, *v.seen)
}

// identity tells who is signed in, from the session cookie. token is "" when there is no cookie that verifies; a
// cookie that does not is cleared with the answer.
func (v *visit) identity(active bool) (id gate.Identity, reason policy.Reason, token string, err error) {
	token, present, err := v.SessionToken(v.r, v.req)
	if err != nil {
		return id, "", "", err
	}
	if token == "" {
		if present {
			v.clear(v.sessionCookie(v.req.Secure))
		}
		return id, policy.NoSession, "", nil
	}
	id, reason, err = v.Gate.CheckSession(v.ctx(), token, active)
	if err == nil && reason == policy.OK && id.Touch {
		v.seen = &id
	}
	return id, reason, token, err
}

// nameOf is how a page calls the person signed in.
func nameOf(a *policy.Account) string {
	if a.Name != "" {
		return a.Name
	}
	return a.Email
}

// page fills what every page knows.
func (v *visit) page() pages.Page {
	v.speak()
	return pages.Page{
		Language:  v.req.Client.Language,
		RequestID: v.req.Client.RequestID,
		Here:      v.here(),
		Nonce:     rand.Text(),
	}
}

// query is what the browser sent after the question mark. What cannot be read of it is left out.
func (v *visit) query() url.Values {
	query, _ := url.ParseQuery(v.req.Query) // the rest is good: a mangled link still leads to its page
	return query
}
