package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

// parseGlobal reads the global option login_wall into the app of that name.
func parseGlobal(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next() // so that the error names the line
		return nil, d.Err("login_wall is given twice in the global block: a Caddy has one realm, keep one")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: appName, Value: caddyconfig.JSON(app, nil)}, nil
}

// parseDirective reads the directive login_wall of a site. A matcher may choose hosts or clients, but not paths: the
// wall's own pages would be left out of it, and servers read paths in more ways than a matcher does.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next() // login_wall
	matchers, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	if limitsPaths(matchers) {
		h.Next()
		return nil, h.Err("login_wall cannot be limited to paths, nor by an expression, which may hold some: leave the matcher out and name what needs no sign-in, such as login_wall { public /assets/* }")
	}
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(matchers, handler), nil
}

// pathless are the matchers that cannot look at a path.
var pathless = map[string]bool{
	"host": true, "remote_ip": true, "client_ip": true, "header": true, "header_regexp": true, "method": true,
	"protocol": true, "tls": true, "vars": true, "vars_regexp": true,
}

// limitsPaths says whether a matcher looks at the path, also from within "not".
func limitsPaths(matchers caddy.ModuleMap) bool {
	for kind, raw := range matchers {
		if kind == "not" {
			var sets []caddy.ModuleMap
			if json.Unmarshal(raw, &sets) != nil || slices.ContainsFunc(sets, limitsPaths) {
				return true
			}
		} else if !pathless[kind] {
			return true
		}
	}
	return false
}

// UnmarshalCaddyfile reads the realm: accounts, rules and senders. Everything is optional, and every value may hold
// placeholders, which are expanded when the configuration is loaded.
//
//	login_wall {
//		name            <text>
//		url             <origin>
//		path            <prefix>
//		cookie_domain   <domain>
//		insecure_http
//		secret          <text>
//		profile         nist
//		store           <module> [...]
//		mail            <module> [...]
//		phone           <module> [...]
//		phone_countries <codes...>
//		languages       <tags...>
//		time_zone       <name>
//		lockout         <count>
//		invitation      <duration>
//		contact_hold    <duration>
//		source_limit    <count> <duration> | off
//		known_devices   off
//		password {
//			max_age    <duration> | off
//			warn       <duration> | off
//			min_length <count>
//			history    <count>
//			require    upper|lower|digit|symbol ...
//			blocklist  <file>
//			hash       argon2id | pbkdf2
//		}
//		session {
//			idle     <duration>
//			lifetime <duration>
//		}
//		reset {
//			link <duration>
//			code <duration>
//		}
//		brand {
//			logo      <file> [<file for dark mode>]
//			accent    "#<rrggbb>"
//			support   <url> [<text>]
//			templates <folder>
//		}
//		home {
//			app <name> <address> {
//				about  <text>
//				icon   <file>
//				groups <groups...>
//			}
//		}
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // login_wall
	if d.NextArg() {
		return d.Errf("unexpected argument %q: the global login_wall takes only a block", d.Val())
	}
	if err := clause.Block(d, "login_wall", a.syntax()); err != nil {
		return err
	}
	return a.checkTogether(d)
}

var errLater = errors.New("a placeholder, known only when the configuration is loaded")

// checkTogether finds values that are right alone and wrong together while the file is still known. A realm with
// placeholders is judged when it is loaded.
func (a *App) checkTogether(d *caddyfile.Dispenser) error {
	if a.URL != "" && !clause.HasPlaceholder(a.URL) {
		if err := checkOrigin(a.URL, a.InsecureHTTP); err != nil {
			return a.urlAt.wrap(err)
		}
	}
	if err := checkLanguages(a.knownLanguages(), nil); err != nil && a.Brand.Templates == "" {
		return a.languagesAt.wrap(err)
	}
	_, err := a.resolve(func(_, value string, check clause.Check) (string, error) {
		if clause.HasPlaceholder(value) {
			return "", errLater
		}
		return value, clause.CheckLiteral(value, check)
	})
	if err != nil && !errors.Is(err, errLater) {
		return d.WrapErr(err)
	}
	return nil
}

// knownLanguages are those that are no placeholders.
func (a *App) knownLanguages() []string {
	return slices.DeleteFunc(slices.Clone(a.Languages), clause.HasPlaceholder)
}

// place is where something stands in a Caddyfile.
type place struct {
	file string
	line int
}

func placeOf(d *caddyfile.Dispenser) place { return place{d.File(), d.Line()} }

func (p place) wrap(err error) error { return fmt.Errorf("%w, at %s:%d", err, p.file, p.line) }

// UnmarshalCaddyfile reads what a site wants of the wall.
//
//	login_wall [@<matcher>] {
//		public   <paths...>            # no sign-in needed
//		passive  <paths...>            # answered, but does not count as activity
//		require  <path> <groups...>    # any one of the groups admits
//		identity <set> [<set>...] [{
//			<what> <header>            # changes the name of one header; only with a single set
//		}]
//		assertion off
//	}
//
// A path is exact, or a prefix when it ends in *; a query after ? must be there too. Words may be repeated, and each
// line adds. Sets of identity are remote (the default) and forwarded, with the headers user, email, name and groups,
// and basic <secret>, which has none to rename.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // login_wall
	if d.NextArg() {
		return d.Errf("unexpected argument %q: login_wall takes a matcher and a block", d.Val())
	}
	var assertion string
	return clause.Block(d, "login_wall", clause.Words{
		"public":    pathList(&h.Public, checkPublicPattern),
		"passive":   pathList(&h.Passive, checkPattern),
		"require":   h.readRequire,
		"identity":  h.readIdentity,
		"assertion": choiceAssertion.value(&assertion),
	}, "public", "passive", "require", "identity")
}

var (
	_ caddyfile.Unmarshaler = (*App)(nil)
	_ caddyfile.Unmarshaler = (*Handler)(nil)
)
