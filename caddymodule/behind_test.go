package caddymodule

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Ensure placeholders behind the wall tell of the request as it is there, and looking at its body does not eat it.
func TestPlaceholdersBehindTheWall(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	login_wall {
		store file {$DIR}/store
	}
}
http://localhost:{$PORT} {
	route {
		login_wall
		request_header Host inner.test:81
		method /method PUT
		rewrite /old /new
		request_header X-Seen "{http.request.method} {http.request.hostport} {http.request.uri} {http.request.body}"
		reverse_proxy {$APP}
	}
}`)
	g.account("alice@example.com")
	c := g.signIn("alice@example.com")
	for path, want := range map[string]string{
		"/":       "POST inner.test:81 / hello",
		"/method": "PUT inner.test:81 /method hello",
		"/old":    "POST inner.test:81 /new hello",
	} {
		r, _ := http.NewRequest(http.MethodPost, g.url(path), strings.NewReader("hello"))
		if response, body := g.do(c, r); response.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d %s", path, response.StatusCode, body)
		}
		got := g.app.only(t)
		wantHeader(t, got, "X-Seen", want)
		if _, body, _ := strings.Cut(got, "\n\n"); !strings.Contains(body, "hello") {
			t.Errorf("%s: the app got no body:\n%s", path, got)
		}
	}
}

// Ensure what answers after an error of the app is not cut off with the request to the app.
func TestErrorPagesOfTheApp(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	login_wall {
		store file {$DIR}/store
	}
}
http://localhost:{$PORT} {
	login_wall
	reverse_proxy 127.0.0.1:1
	handle_errors {
		rewrite * /sorry
		reverse_proxy {$APP}
	}
}`)
	g.account("alice@example.com")
	r, _ := http.NewRequest(http.MethodGet, g.url("/"), nil)
	response, err := g.signIn("alice@example.com").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || string(body) != "hello" {
		t.Errorf("status %d: %s", response.StatusCode, body)
	}
	if got := g.app.only(t); !strings.HasPrefix(got, "GET /sorry ") {
		t.Errorf("the app got %s", got)
	}
}
