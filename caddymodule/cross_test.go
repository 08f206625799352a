package caddymodule

import (
	"strings"
	"testing"
)

// Ensure a preflight of another origin is neither led to a page nor allowed, and reaches nothing (PX-16).
func TestPX16_PreflightOfAnotherOrigin(t *testing.T) {
	g := startGateway(t, "", "")
	answer := g.raw("OPTIONS /api/x HTTP/1.1\nHost: localhost:" + g.port + "\nOrigin: https://evil.test\nAccess-Control-Request-Method: PUT\n" +
		"Sec-Fetch-Mode: cors\nSec-Fetch-Site: cross-site\nConnection: close\n\n")
	if s := status(answer); !strings.HasPrefix(s, "401") {
		t.Errorf("status %q, want 401", s)
	}
	wantNoACAO(t, answer)
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app saw %d requests", len(got))
	}
}

// Ensure the wall never allows another origin to read an answer, with or without a session (PX-17).
func TestPX17_OriginIsNotEchoed(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	g.account("alice@example.com")
	cookie := "Cookie: " + g.cookies(g.signIn("alice@example.com"))
	for _, path := range []string{"/inbox", "/public/x", "/_auth/login", "/_auth/session", "/_auth/nothing", "/_auth/account"} {
		for _, lines := range [][]string{{"Origin: https://evil.test"}, {"Origin: https://evil.test", cookie}, {"Origin: null", cookie}} {
			wantNoACAO(t, g.get(path, lines...))
		}
	}
}

func wantNoACAO(t *testing.T, answer string) {
	t.Helper()
	head, _, _ := strings.Cut(answer, "\r\n\r\n")
	if strings.Contains(strings.ToLower(head), "access-control-allow") || strings.Contains(head, "evil.test") {
		t.Errorf("another origin is allowed or named:\n%s", head)
	}
}

// Ensure a request whose end can be read in two ways is refused, or is one request for the app as for the wall (PX-20).
func TestPX20_OneReadingOfARequest(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	host := "Host: localhost:" + g.port + "\n"
	const smuggled = "GET /inside HTTP/1.1\nHost: x\n\n"
	for name, request := range map[string]string{
		"length and chunks":      "POST /public/a HTTP/1.1\n" + host + "Content-Length: 5\nTransfer-Encoding: chunked\nConnection: close\n\n0\n\n" + smuggled,
		"unknown coding":         "POST /public/a HTTP/1.1\n" + host + "Transfer-Encoding: xchunked\nConnection: close\n\n0\n\n" + smuggled,
		"coding twice":           "POST /public/a HTTP/1.1\n" + host + "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\nConnection: close\n\n0\n\n" + smuggled,
		"coding and identity":    "POST /public/a HTTP/1.1\n" + host + "Transfer-Encoding: chunked, identity\nConnection: close\n\n0\n\n" + smuggled,
		"blank before the colon": "POST /public/a HTTP/1.1\n" + host + "Content-Length : 5\nConnection: close\n\n" + smuggled,
		"two lengths":            "POST /public/a HTTP/1.1\n" + host + "Content-Length: 0\nContent-Length: 30\nConnection: close\n\n" + smuggled,
		"signed length":          "POST /public/a HTTP/1.1\n" + host + "Content-Length: +4\nConnection: close\n\nabcd" + smuggled,
		"negative length":        "POST /public/a HTTP/1.1\n" + host + "Content-Length: -1\nConnection: close\n\n" + smuggled,
		"chunks in HTTP/1.0":     "POST /public/a HTTP/1.0\n" + host + "Transfer-Encoding: chunked\nConnection: close\n\n0\n\n" + smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			answer := g.raw(request)
			got := g.app.take()
			switch s := status(answer); {
			case strings.HasPrefix(s, "400"), strings.HasPrefix(s, "501"):
				if len(got) != 0 {
					t.Errorf("refused, and yet the app saw %d requests", len(got))
				}
			case len(got) != 1 || strings.Contains(got[0], "/inside"):
				t.Errorf("status %q; the app saw %q", s, got)
			}
		})
	}
}
