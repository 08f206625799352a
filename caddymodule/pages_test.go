package caddymodule

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Ensure the cookie of a choice of language never reaches the app, and an app cannot make the choice.
func TestLanguageCookieStaysWithTheWall(t *testing.T) {
	g := startGateway(t, "", "public /open")
	g.get("/open", "Cookie: loginwall-language=en; theirs=1; __Host-loginwall-language=en")
	wantHeader(t, g.app.only(t), "Cookie", "theirs=1")
	g.app.setAnswer("HTTP/1.1 200 OK\nSet-Cookie: loginwall-language=tlh\nSet-Cookie: theirs=2\nContent-Length: 0\n\n")
	if answer := g.get("/open"); strings.Contains(answer, "tlh") || !strings.Contains(answer, "theirs=2") {
		t.Errorf("answer %q", answer)
	}
}

// Ensure the log keeps the address of a choice of language, and not one that holds more than that.
func TestLanguageChoiceInTheLog(t *testing.T) {
	g := startGateway(t, "", "")
	redacted := func() (n int) {
		for _, line := range g.log() {
			if line["msg"] == "request.redacted" {
				n++
			}
		}
		return n
	}
	for i, target := range []string{
		"/_auth/language?back=%2F_auth%2Flogin%3Fnext%3D%252Finbox&to=en", "/_auth/language?to=en&password=secret", "/_auth/language?%zz=secret",
		"/_auth/language?to=en&back=/x?token=" + strings.Repeat("a", 43),
	} {
		g.get(target)
		if got := redacted(); got != i {
			t.Errorf("%s: %d lines redacted, want %d", target, got, i)
		}
	}
}

func TestU24_StatusCodesAreReliable(t *testing.T) {
	const probe = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	if response, _ := g.page(g.browser(), probe); response.StatusCode != 404 {
		t.Errorf("anonymous: status %d", response.StatusCode)
	}
	if requests := g.app.take(); len(requests) != 0 {
		t.Errorf("the app got %q", requests)
	}
	if response, _ := g.page(g.signIn("alice@example.com"), probe); response.StatusCode != 404 {
		t.Errorf("signed in: status %d, whatever the app says of everything", response.StatusCode)
	}
	if response, _ := g.page(g.browser(), "/.well-known/change-password"); response.StatusCode != http.StatusSeeOther {
		t.Errorf("change-password: status %d", response.StatusCode)
	}
}

// Ensure an encode in front of the wall does not compress a second time what is compressed.
func TestAssetsAreCompressedOnce(t *testing.T) {
	g := startCaddyfile(t, strings.Replace(globals, "REALM", "", 1)+`http://localhost:{$PORT} {
	route {
		encode gzip
		login_wall
		reverse_proxy {$APP}
	}
}`)
	_, page := g.page(g.browser(), "/_auth/login")
	sheet := regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)"`).FindStringSubmatch(page)
	if sheet == nil {
		t.Fatalf("no style sheet in\n%s", page)
	}
	_, plain := g.page(g.browser(), sheet[1])
	r, err := http.NewRequest("GET", g.url(sheet[1]), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	response, packed := g.do(g.browser(), r)
	z, err := gzip.NewReader(bytes.NewReader([]byte(packed)))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || string(unpacked) != plain || len(response.Header["Content-Encoding"]) != 1 {
		t.Errorf("%v, %d bytes of %d, headers %v", err, len(unpacked), len(plain), response.Header)
	}
}
