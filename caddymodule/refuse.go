package caddymodule

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// passedMethods are those that go on to the app from somebody who is signed in. Others do too, if the app knows them.
const passedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// refuseMethod answers a method that never goes on.
func (p *passage) refuseMethod() error {
	p.w.Header().Set("Allow", passedMethods)
	return p.text(http.StatusMethodNotAllowed, "")
}

// closed answers while the store cannot be opened, and there is nothing yet that could make a page.
func (p *passage) closed() error {
	p.w.Header().Set("Retry-After", "5")
	return p.text(http.StatusServiceUnavailable, "This page is not available for the moment. Please try again in a few seconds.")
}

// refuseForeign answers a WebSocket that another site's page opens.
func (p *passage) refuseForeign() error {
	return p.text(http.StatusForbidden, "This site does not take connections from other sites.")
}

// text answers in one line.
func (p *passage) text(status int, line string) error {
	h := p.w.Header()
	pages.SetSecurityHeaders(h)
	if line != "" {
		line += "\n"
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(line)))
	p.w.WriteHeader(status)
	if p.r.Method != http.MethodHead {
		_, _ = io.WriteString(p.w, line) // the visitor has gone: nobody is left to be told
	}
	return nil
}

// refuse answers somebody who is not signed in.
func (p *passage) refuse() error {
	p.wall.web.Refuse(p.w, p.r, p.withClient(), p.path+search(p.query))
	return nil
}

// forbidden answers somebody who is signed in and in none of the groups asked for.
func (p *passage) forbidden() error {
	request := p.withClient()
	p.app.observer.Event(gate.Event{
		Name: "access.denied", Time: time.Now().UTC(), Account: p.id.Account.ID, Client: request.Client,
		Outcome: policy.Refused, Detail: short(p.path, maxAgent),
	})
	p.wall.web.Forbidden(p.w, p.r, request, p.id)
	return nil
}

// unavailable answers while nothing can be decided.
func (p *passage) unavailable() error {
	p.wall.web.Unavailable(p.w, p.r, p.withClient())
	return nil
}

// refusePlain answers a request over plain http to a host on the network. It sets no cookie and shows no form. A page
// load is led to the configured https address where it is this very host, unless a proxy in front says that the
// browser speaks https already: then the redirect would go round in a circle.
func (p *passage) refusePlain() error {
	claimed := strings.EqualFold(last(p.r.Header["X-Forwarded-Proto"]), "https")
	origin, err := url.Parse(p.app.publicURL())
	sameHost := err == nil && origin.Scheme == "https" && strings.EqualFold(origin.Hostname(), hostName(p.host()))
	if claimed || !sameHost || p.r.Method != http.MethodGet && p.r.Method != http.MethodHead {
		if p.app.warnedPlain.CompareAndSwap(false, true) {
			p.app.logger.Warn("plain http was refused: serve the site over https, name the proxy in front in trusted_proxies, or allow it with insecure_http in the global login_wall block", zap.String("host", short(p.r.Host, 128)))
		}
		return p.text(http.StatusForbidden, "This site is reached by https only.")
	}
	p.w.Header().Set("Location", origin.Scheme+"://"+origin.Host+p.path+search(p.query))
	return p.text(http.StatusTemporaryRedirect, "")
}

// search is a query as it stands in an address.
func search(query string) string {
	if query == "" {
		return ""
	}
	return "?" + query
}
