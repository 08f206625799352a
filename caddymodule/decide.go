package caddymodule

import (
	"net/http"
	"slices"
	"strings"

	"github.com/loginwall/loginwall/policy"
)

// answer is what becomes of a request. The error is the next handler's: the wall itself has none.
type answer func(*passage) error

// decide says what becomes of the request, and finds out who is signed in where that matters. It answers nothing yet.
func (p *passage) decide() answer {
	if refusedMethod(p.r) {
		return (*passage).refuseMethod
	}
	wall, err := p.app.open()
	if err != nil {
		if p.isPublic() {
			return (*passage).goOn
		}
		p.app.observer.StoreFailed("open store", err)
		return (*passage).closed
	}
	p.wall = wall
	switch {
	case wall.web.Owns(p.path):
		return (*passage).serveOwn
	case p.isPublic():
		return (*passage).goOn
	case p.tooPlain():
		return (*passage).refusePlain
	}
	return p.identify()
}

// identify decides about a path that needs a sign-in.
func (p *passage) identify() answer {
	token, _, err := p.wall.web.SessionToken(p.r, p.request())
	switch {
	case err != nil: // reported by the pages
		return (*passage).unavailable
	case token == "":
		return (*passage).refuse
	}
	id, reason, err := p.wall.gate.CheckSession(p.r.Context(), token, !p.matches(p.passive))
	switch {
	case err != nil: // reported by the gate
		return (*passage).unavailable
	case reason != policy.OK:
		return (*passage).refuse
	case isWebSocket(p.r) && !p.ownOrigin():
		return (*passage).refuseForeign
	}
	p.id, p.signedIn = id, true
	if !p.mayEnter(id.Account.Groups) {
		return (*passage).forbidden
	}
	return (*passage).enter
}

func (p *passage) isPublic() bool { return p.matches(p.public) }

func (p *passage) matches(list []policy.PathPattern) bool {
	return slices.ContainsFunc(list, func(pattern policy.PathPattern) bool { return pattern.Admits(p.path, p.values) })
}

// mayEnter says whether the groups satisfy every rule that covers the path, in any reading of it: the one the browser
// sent and the one that rewrites have left for the app.
func (p *passage) mayEnter(groups []string) bool {
	for _, rule := range p.require {
		if !rule.pattern.Covers(p.path) && !rule.pattern.Covers(p.r.URL.EscapedPath()) {
			continue
		}
		if !admits(rule.groups, groups) {
			return false
		}
	}
	return true
}

// admits says whether somebody in the groups have is let in where any one of the groups wanted is.
func admits(wanted, have []string) bool {
	return slices.ContainsFunc(wanted, func(g string) bool { return slices.Contains(have, g) })
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

// isWebSocket says whether a request opens a WebSocket, in HTTP/1 or by the extended CONNECT of HTTP/2 and 3.
func isWebSocket(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		protocol := r.Proto
		if values := r.Header[":protocol"]; len(values) > 0 {
			protocol = values[0]
		}
		return r.ProtoMajor >= 2 && protocol == "websocket"
	}
	for _, line := range r.Header["Upgrade"] {
		if anyToken(line, func(token string) bool { return strings.EqualFold(token, "websocket") }) {
			return true
		}
	}
	return false
}

// ownOrigin says whether a WebSocket was opened by a page of this site. Browsers let any page open one, with cookies,
// and always say which; programs that are no browsers say nothing and hold their cookie by right.
func (p *passage) ownOrigin() bool {
	origins := p.r.Header["Origin"]
	switch len(origins) {
	case 0:
		return true
	case 1:
		return strings.EqualFold(origins[0], p.origin()) || origins[0] == p.app.publicURL()
	}
	return false
}
