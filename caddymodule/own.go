package caddymodule

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// serveOwn answers with a page of the wall.
func (p *passage) serveOwn() error {
	if p.tooPlain() && p.path != p.app.realm.base+"/health" {
		return p.refusePlain()
	}
	if p.secretive() && !p.holdsToken() { // else it is kept already
		p.keepFromLog()
	}
	p.wall.web.Serve(p.w, p.r, p.withClient())
	return nil
}

// secretive says whether the address itself may hold a secret: a link's token, or what somebody has typed into a form
// that was sent in the wrong way. The access log takes the address before any handler runs.
func (p *passage) secretive() bool {
	switch p.query {
	case "", "signed_out", "sent": // the wall's own marks
		return false
	}
	switch page, _ := strings.CutPrefix(p.path, p.app.realm.base); page {
	case "/reset", "/setup":
		return true
	case "/language":
		return p.holdsMoreThan("to", "back")
	}
	return !strings.HasPrefix(p.query, "next=") || strings.Contains(p.query, "&")
}

// holdsMoreThan says whether the query has other parameters than those named, or cannot be read.
func (p *passage) holdsMoreThan(names ...string) bool {
	for name := range p.values() {
		if !slices.Contains(names, name) {
			return true
		}
	}
	return len(p.values()) == 0
}

// linkToken finds the token of a link in an address, also where a mail program has escaped what stands around it.
var linkToken = regexp.MustCompile(`token(?:=|%(?:25)*3[Dd])[A-Za-z0-9_-]{43}`)

// holdsToken says whether a link's token is anywhere in the address: in a link to another page than ours, too, since
// people mistype links and mail programs mangle them.
func (p *passage) holdsToken() bool {
	for _, part := range []string{p.path, p.query} {
		if strings.Contains(part, "token") && linkToken.MatchString(part) {
			return true
		}
	}
	return false
}

// keepFromLog drops the line of the access log, which has the address as it was sent, and writes one of the audit
// trail without the secret instead, so that nobody can visit unseen by wearing one.
func (p *passage) keepFromLog() {
	caddyhttp.SetVar(p.r.Context(), caddyhttp.LogSkipVar, true)
	path := linkToken.ReplaceAllString(p.path, "token=REDACTED")
	p.app.observer.Event(gate.Event{
		Name: "request.redacted", Time: time.Now().UTC(), Client: p.withClient().Client, Outcome: policy.OK,
		Detail: p.r.Method + " " + short(path, maxAgent),
	})
}
