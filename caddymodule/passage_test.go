package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Ensure the pages are told of http over a network, in whatever spelling the host is asked for, also where it is allowed.
func TestPlainConnection(t *testing.T) {
	for host, want := range map[string]bool{
		"wall.test": true, "192.0.2.7:8080": true, "[2001:db8::1]:80": true, "localhost.example.test": true, "": true,
		"localhost:8080": false, "LOCALHOST": false, "app.localhost": false, "127.0.0.1:80": false, "[::1]:8080": false,
		"[::ffff:127.0.0.1]": false,
	} {
		for _, allowed := range []bool{false, true} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = host
			w := httptest.NewRecorder()
			r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
			p := (&Handler{app: &App{InsecureHTTP: allowed}}).newPassage(w, r, nil)
			if got := p.request().Plain; got != want {
				t.Errorf("%q: plain %v, want %v", host, got, want)
			}
			if got := p.tooPlain(); got != (want && !allowed) {
				t.Errorf("%q, allowed %v: too plain %v", host, allowed, got)
			}
		}
	}
}
