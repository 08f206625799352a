package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
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
	if h.public, err = patterns(h.Public, checkPublicPattern); err != nil {
		return err
	}
	if h.passive, err = patterns(h.Passive, checkPattern); err != nil {
		return err
	}
	for _, r := range h.Require {
		rule, err := r.provision()
		if err != nil {
			return err
		}
		h.require = append(h.require, rule)
	}
	if h.wear, err = newWear(h.Identity); err != nil {
		return err
	}
	h.scrubber = newScrubber(h.wear.names())
	return nil
}

func (r Require) provision() (requirement, error) {
	path, err := clause.Expand("require", r.Path, nil)
	if err != nil {
		return requirement{}, err
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
		expanded, err := clause.Expand("require", group, checkGroup("require"))
		if err != nil {
			return requirement{}, err
		}
		rule.groups = append(rule.groups, expanded)
	}
	return rule, nil
}

func patterns(paths []string, check func(string) error) ([]policy.PathPattern, error) {
	var list []policy.PathPattern
	for _, p := range paths {
		expanded, err := clause.Expand("path", p, nil)
		if err != nil {
			return nil, err
		}
		if err := check(expanded); err != nil {
			return nil, err
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
	p := h.newPassage(w, r, next)
	h.scrubber.scrub(r, p.trusted)
	if p.holdsToken() {
		p.keepFromLog()
	}
	answer := p.decide()
	p.setPlaceholders()
	return answer(p)
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
