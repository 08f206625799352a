package caddymodule

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy"
)

// enter lets somebody who is signed in go on to the app, and tells the app who it is.
func (p *passage) enter() (err error) {
	if err := p.wear.put(p.r.Header, &p.id.Account, p.worn); err != nil {
		p.app.observer.faults.report("write identity", fmt.Errorf("account %s: %w", p.id.Account.ID, err))
		return p.unavailable()
	}
	if p.fence, err = p.wall.web.Fence(p.r, p.request(), p.id.Account.ID); err != nil {
		return p.unavailable() // reported by the pages
	}
	request, done := p.wall.streams.begin(p.w, p.r, p.id.Session.Key, p.wall.gate.RecheckSession)
	defer done()
	// The request is changed in place: Caddy's placeholders look at this very one, and would else tell of it as it was
	// here and take its body from the app. What comes after the app, such as an error page, gets its own context back.
	outer := p.r.Context()
	*p.r = *request
	defer func() { *p.r = *p.r.WithContext(outer) }()
	defer p.touch()()
	p.private = true
	return p.goOn()
}

// Touching: a request that goes on for longer than touchAfter counts as activity when it began, not when it ends. Else
// a download or a WebSocket that ends would bring back a session that has been idle for hours.
const (
	touchAfter = 5 * time.Second
	touchTime  = 2 * time.Second
)

// touch returns what writes the last-seen time after the answer, where it is due.
func (p *passage) touch() func() {
	if !p.id.Touch {
		return func() {}
	}
	g, id := p.wall.gate, p.id
	write := sync.OnceFunc(func() { // beside the request, so it must not look at it
		ctx, cancel := context.WithTimeout(context.Background(), touchTime)
		defer cancel()
		g.Touch(ctx, id)
	})
	timer := time.AfterFunc(min(touchAfter, p.app.realm.rules.Idle/policy.SeenFractionOfIdle), write)
	return func() {
		if timer.Stop() {
			write()
		}
	}
}

// goOn hands the request to the next handler. The wall's cookies are not the app's business, and the app cannot set
// them.
func (p *passage) goOn() error {
	if len(p.r.Header["Cookie"]) > 0 {
		web.StripCookies(p.r.Header)
	}
	guarded := &guardedWriter{
		ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: p.w}, private: p.private, fence: p.fence,
	}
	return p.next.ServeHTTP(guarded, p.r)
}

// setPlaceholders sets all of them, also to nothing: one that is not set at all is sent to the app as its own name.
// Somebody who is turned away is named too, for the log.
func (p *passage) setPlaceholders() {
	session := ""
	if p.signedIn {
		p.worn = dress(&p.id.Account)
		session = string(p.id.Session.Key)
		session = session[:min(len(session), 16)]
	}
	p.repl.Set("http.auth.user.id", string(p.id.Account.ID))
	p.repl.Set("http.auth.user.email", p.id.Account.Email)
	p.repl.Set("http.auth.user.name", p.worn.name)
	p.repl.Set("http.auth.user.groups", p.worn.groups)
	p.repl.Set("http.auth.user.session", session)
}
