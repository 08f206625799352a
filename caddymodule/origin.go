package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

var errNoOrigin = errors.New("the public address cannot be told from the sites that have login_wall: set it in the global block, such as login_wall { url https://mail.example.com }")

// findOrigin gives the origin of links: the configured one, or the address of the first site that has the wall. "" with
// no error: no site has the wall, so nobody needs links. It looks at the provisioned http app, so it is called when
// that is ready, at the start or at a request.
func (a *App) findOrigin() (string, error) {
	if a.realm.url != "" {
		return a.realm.url, nil
	}
	app := a.httpApp()
	if app == nil {
		return "", nil // without sites there is nothing to lead to
	}
	var origins []string
	walled := false
	for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
		server := app.Servers[name]
		search := searchSites(server)
		walled = walled || search.found
		for _, host := range search.hosts {
			if origin := originOf(app, server, host, a.InsecureHTTP); origin != "" {
				origins = append(origins, origin)
			}
		}
	}
	switch {
	case !walled:
		return "", nil
	case len(origins) == 0:
		return "", errNoOrigin
	}
	if distinct := slices.Compact(slices.Sorted(slices.Values(origins))); len(distinct) > 1 {
		a.logger.Warn("several sites have the wall and no url is set: links lead to the first", zap.String("url", origins[0]), zap.Strings("sites", distinct))
	}
	return origins[0], nil
}

// originOf writes the origin of a host on a server, "" when the host is no name one could visit, or plain http would
// carry links in clear.
func originOf(app *caddyhttp.App, server *caddyhttp.Server, host string, insecure bool) string {
	if host == "" || strings.ContainsAny(host, "*{") {
		return ""
	}
	secure := len(server.TLSConnPolicies) > 0
	scheme, usual := "http", 80
	if secure {
		scheme, usual = "https", 443
	}
	if !secure && !insecure && !clause.Loopback(host) {
		return ""
	}
	port := 0
	for _, listen := range server.Listen {
		address, err := caddy.ParseNetworkAddress(listen)
		if err != nil || address.IsUnixNetwork() {
			continue
		}
		if port == 0 || int(address.StartPort) == usual {
			port = int(address.StartPort)
		}
	}
	// Ports that Caddy was told to use in place of the usual ones are reached through the usual ones.
	if port == 0 || secure && port == app.HTTPSPort || !secure && port == app.HTTPPort && app.HTTPPort != 0 {
		if !clause.Loopback(host) || port == 0 {
			port = usual
		}
	}
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	if port == usual {
		return scheme + "://" + host
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(port)))
}

// httpApp is the provisioned http app, nil where none is configured.
func (a *App) httpApp() *caddyhttp.App {
	loaded, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return nil
	}
	app, _ := loaded.(*caddyhttp.App)
	return app
}

// searchSites finds the sites of a server that have the wall.
func searchSites(server *caddyhttp.Server) *siteSearch {
	search := &siteSearch{named: server.NamedRoutes}
	search.routes(server.Routes, nil)
	return search
}

// siteSearch walks routes for the wall's handlers, and keeps the hosts on the way to them.
type siteSearch struct {
	named map[string]*caddyhttp.Route
	found bool
	hosts []string
	depth int
}

const maxDepth = 32 // routes can call each other by name

func (s *siteSearch) routes(routes caddyhttp.RouteList, hosts []string) {
	for i := range routes {
		s.route(&routes[i], hosts)
	}
}

func (s *siteSearch) route(route *caddyhttp.Route, hosts []string) {
	if s.depth++; s.depth > maxDepth {
		s.depth--
		return
	}
	defer func() { s.depth-- }()
	if own := hostsOf(route.MatcherSets); len(own) > 0 {
		hosts = own
	}
	for _, handler := range route.Handlers {
		switch h := handler.(type) {
		case *Handler:
			s.found = true
			s.hosts = append(s.hosts, hosts...)
		case *caddyhttp.Subroute:
			s.routes(h.Routes, hosts)
		case *caddyhttp.Invoke:
			if named := s.named[h.Name]; named != nil {
				s.route(named, hosts)
			}
		}
	}
}

func hostsOf(sets caddyhttp.MatcherSets) []string {
	var hosts []string
	for _, set := range sets {
		for _, matcher := range set {
			switch m := matcher.(type) {
			case caddyhttp.MatchHost:
				hosts = append(hosts, m...)
			case *caddyhttp.MatchHost:
				hosts = append(hosts, *m...)
			}
		}
	}
	return hosts
}
