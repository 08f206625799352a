package caddymodule

import (
	"strings"
	"testing"
)

// Ensure links lead to the site that has the wall where that can be told, and nothing starts where it cannot.
func TestOriginOfTheSite(t *testing.T) {
	const global = `
{
	admin {$ADMIN}
	persist_config off
	skip_install_trust
	auto_https disable_redirects
	storage file_system {$DIR}/caddy
	login_wall {
		store file {$DIR}/store
	}
}
`
	for name, test := range map[string]struct{ sites, want string }{
		"plain loopback":    {"http://localhost:{$PORT} {\n\tlogin_wall\n}", "http://localhost:{$PORT}"},
		"loopback address":  {"http://127.0.0.1:{$PORT} {\n\tlogin_wall\n}", "http://127.0.0.1:{$PORT}"},
		"nested":            {"http://localhost:{$PORT} {\n\thandle /x* {\n\t\troute {\n\t\t\tlogin_wall\n\t\t}\n\t}\n}", "http://localhost:{$PORT}"},
		"named route":       {"&(wall) {\n\tlogin_wall\n}\nhttp://localhost:{$PORT} {\n\tinvoke wall\n}", "http://localhost:{$PORT}"},
		"other site before": {"http://127.0.0.1:{$PORT} {\n\trespond hi\n}\nhttp://localhost:{$PORT} {\n\tlogin_wall\n}", "http://localhost:{$PORT}"},
		"tls":               {"https://localhost:{$PORT} {\n\ttls internal\n\tlogin_wall\n}", "https://localhost:{$PORT}"},
	} {
		t.Run(name, func(t *testing.T) {
			g := startCaddyfile(t, global+test.sites)
			app, err := activeApp()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := app.publicURL(), strings.ReplaceAll(test.want, "{$PORT}", g.port); got != want {
				t.Errorf("url %q, want %q", got, want)
			}
		})
	}
	for name, sites := range map[string]string{
		"port alone": ":{$PORT} {\n\tlogin_wall\n}",
		"wildcard":   "http://*.example.test:{$PORT} {\n\tlogin_wall\n}",
		"plain host": "http://mail.example.test:{$PORT} {\n\tlogin_wall\n}",
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			if err := g.load(global + sites); err == nil || !strings.Contains(err.Error(), "set it in the global block") {
				t.Errorf("load: %v", err)
			}
		})
	}
}
