package caddymodule

import (
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// apps are the handlers that give out what the wall is there to protect.
var apps = map[caddy.ModuleID]bool{
	"http.handlers.reverse_proxy": true,
	"http.handlers.file_server":   true,
}

// warnGaps tells of parts of a walled site that are reached without the wall: a sibling handle block, an order that a
// route block has kept, an app behind handle_errors. Some mean it so, and the rest must not find out from others.
func (a *App) warnGaps() {
	app := a.httpApp()
	if app == nil {
		return
	}
	a.warnSites(app)
	for name, server := range app.Servers {
		for i := range server.Routes {
			site := &server.Routes[i]
			walk := &gapWalk{named: server.NamedRoutes}
			walk.route(site, false)
			if !walk.walled {
				continue // another site of this server, that has nothing to do with the wall
			}
			if server.Errors != nil {
				walk.where = "handle_errors"
				for j := range server.Errors.Routes {
					if sameHosts(site, &server.Errors.Routes[j]) {
						walk.route(&server.Errors.Routes[j], false)
					}
				}
			}
			for _, gap := range walk.gaps {
				a.logger.Warn("part of a site with login_wall is reached without a sign-in: put login_wall in front of it, or be sure that it is meant for everybody",
					zap.String("server", name), zap.Strings("hosts", hostsOf(site.MatcherSets)), zap.String("handler", gap.handler), zap.String("in", gap.where))
			}
		}
	}
}

// warnSites tells of a realm that protects nothing, and of links that lead to no site here: both are most often a slip
// of the pen, and the second would send live links to somebody else.
func (a *App) warnSites(app *caddyhttp.App) {
	walled := false
	var hosts []string
	for _, server := range app.Servers {
		search := searchSites(server)
		walled = walled || search.found
		hosts = append(hosts, search.hosts...)
	}
	if !walled {
		if len(app.Servers) > 0 {
			a.logger.Warn("login_wall is set up in the global block and no site has the directive: every site is open to anybody")
		}
		return
	}
	u, err := url.Parse(a.realm.url)
	if err != nil || u.Host == "" || len(hosts) == 0 {
		return
	}
	for _, host := range hosts {
		if strings.EqualFold(host, u.Hostname()) || strings.Contains(host, "*") {
			return
		}
	}
	a.logger.Warn("no site with login_wall has the host of url: links in mails lead elsewhere", zap.String("url", a.realm.url), zap.Strings("sites", hosts))
}

// sameHosts says whether a route of handle_errors is for a site. One without hosts is for all.
func sameHosts(site, other *caddyhttp.Route) bool {
	theirs := hostsOf(other.MatcherSets)
	return len(theirs) == 0 || slices.ContainsFunc(hostsOf(site.MatcherSets), func(host string) bool {
		return slices.Contains(theirs, host)
	})
}

type gap struct{ handler, where string }

// gapWalk goes through a site's routes in the order in which they handle requests.
type gapWalk struct {
	named  map[string]*caddyhttp.Route
	walled bool   // the wall stands somewhere in the site
	where  string // "" for the site itself
	gaps   []gap
	depth  int
}

// route walks one route and says whether requests that come out of it have been through the wall.
func (g *gapWalk) route(route *caddyhttp.Route, behind bool) bool {
	if g.depth++; g.depth > maxDepth {
		g.depth--
		return behind
	}
	defer func() { g.depth-- }()
	for _, handler := range route.Handlers {
		switch h := handler.(type) {
		case *Handler:
			g.walled, behind = true, true
		case *caddyhttp.Subroute:
			behind = g.routes(h.Routes, behind)
		case *caddyhttp.Invoke:
			if named := g.named[h.Name]; named != nil {
				behind = g.route(named, behind)
			}
		default:
			if module, ok := handler.(caddy.Module); ok && !behind {
				if id := module.CaddyModule().ID; apps[id] {
					g.gaps = append(g.gaps, gap{id.Name(), g.where})
				}
			}
		}
	}
	return behind
}

// routes walks routes one after the other. Those of a group, such as handle blocks, are instead of each other: what
// went through one has not been in the next.
func (g *gapWalk) routes(routes caddyhttp.RouteList, behind bool) bool {
	for i := range routes {
		after := g.route(&routes[i], behind)
		if routes[i].Group == "" {
			behind = after
		}
	}
	return behind
}
