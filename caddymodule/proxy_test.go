package caddymodule

import (
	"fmt"
	"strings"
	"testing"
)

// Ensure exactly the signed-in person's identity reaches the app, whatever a client writes.
func TestPX01PX02PX04_OwnIdentityOnly(t *testing.T) {
	g := startGateway(t, "", "public /public/*\nidentity remote forwarded")
	g.account("alice@example.com")
	cookie := "Cookie: " + g.cookies(g.signIn("alice@example.com"))
	forged := []string{
		"Remote-User: bob", "remote-user: bob", "REMOTE-USER: bob", "Remote-Email: bob", "Remote-Name: bob",
		"Remote-Groups: admin", "X-Forwarded-User: bob", "X-Forwarded-Email: bob", "X-Forwarded-Groups: admin",
		"X-Forwarded-Preferred-Username: bob", "Loginwall-Assertion: bob", "Proxy: http://evil.test",
	}
	for _, lines := range [][]string{append([]string{cookie}, forged...), append(forged, cookie)} {
		g.get("/inbox", lines...)
		got := g.app.only(t)
		wantHeader(t, got, "Remote-User", "alice@example.com")
		wantHeader(t, got, "Remote-Email", "alice@example.com")
		wantHeader(t, got, "Remote-Name", "Alice A")
		wantHeader(t, got, "Remote-Groups")
		wantHeader(t, got, "X-Forwarded-User", "alice@example.com")
		wantHeader(t, got, "X-Forwarded-Email", "alice@example.com")
		wantHeader(t, got, "X-Forwarded-Preferred-Username", "Alice A")
		wantHeader(t, got, "X-Forwarded-Groups")
		wantHeader(t, got, "Loginwall-Assertion")
		wantHeader(t, got, "Proxy")
	}
	for _, lines := range [][]string{forged, append([]string{cookie}, forged...)} {
		g.get("/public/x", lines...)
		if got := g.app.only(t); strings.Contains(got, "bob") || strings.Contains(got, "admin") || len(headerOf(got, "Remote-User")) > 0 {
			t.Errorf("a public path carries an identity:\n%s", got)
		}
	}
	g.get("/inbox", forged...)
	g.get("/_auth/login", forged...)
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app got %q", got)
	}
}

// Ensure spellings that an upstream folds to ours are gone, even where the operator lets such names in.
func TestPX03_FoldedSpellings(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	servers {
		expected_underscore_headers Remote_* REMOTE_* X_* Loginwall_*
		expected_dot_headers Remote.*
	}
	login_wall {
		store file {$DIR}/store
	}
}
http://localhost:{$PORT} {
	login_wall
	reverse_proxy {$APP}
}`)
	g.account("alice@example.com")
	g.get("/", "Cookie: "+g.cookies(g.signIn("alice@example.com")),
		"Remote_User: bob", "Remote.User: bob", "REMOTE_GROUPS: bob", "Remote_Email: bob", "remote.name: bob",
		"X_Forwarded_User: bob", "Loginwall_Assertion: bob", "Remote+User: bob", "Remote~Groups: bob", "Other: kept")
	got := g.app.only(t)
	if strings.Contains(got, "bob") {
		t.Errorf("a folded spelling reached the app:\n%s", got)
	}
	wantHeader(t, got, "Other", "kept")
}

// Ensure a client cannot have the proxy delete the identity.
func TestPX05_ConnectionTokens(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com", "billing")
	cookie := g.cookies(g.signIn("alice@example.com"))
	for _, connection := range []string{
		"Connection: close, Remote-User",
		"connection: close,remote-user,Remote-Groups,Remote-Email,Remote-Name",
		"Connection:\nConnection: Remote-User\nConnection: close",
		"Connection: close, Remote_User, , Remote-User",
	} {
		g.raw("GET / HTTP/1.1\nHost: localhost:" + g.port + "\nCookie: " + cookie + "\n" + connection + "\n\n")
		got := g.app.only(t)
		wantHeader(t, got, "Remote-User", "alice@example.com")
		wantHeader(t, got, "Remote-Groups", "billing")
		wantHeader(t, got, "Remote-Name", "Alice A")
	}
}

// Ensure the same holds for a WebSocket handshake.
func TestPX06_ConnectionTokensOfUpgrade(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	cookie := g.cookies(g.signIn("alice@example.com"))
	g.app.setAnswer("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n")
	g.raw("GET / HTTP/1.1\nHost: localhost:" + g.port + "\nCookie: " + cookie +
		"\nConnection: Upgrade, Remote-User, close\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n")
	got := g.app.only(t)
	wantHeader(t, got, "Remote-User", "alice@example.com")
	wantHeader(t, got, "Upgrade", "websocket")
}

// Ensure no identity arrives as a trailer, declared or not.
func TestPX07_Trailers(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	cookie := g.cookies(g.signIn("alice@example.com"))
	for _, declared := range []string{"", "Trailer: Remote-User, X-Sum\n", "Trailer: X-Sum\n", "Trailer: REMOTE_USER\n"} {
		g.raw("POST / HTTP/1.1\nHost: localhost:" + g.port + "\nCookie: " + cookie + "\nTransfer-Encoding: chunked\nConnection: close\n" + declared +
			"\n5\nhello\n0\nRemote-User: evil\nRemote_User: evil\nREMOTE.USER: evil\nRemote-Groups: evil\nX-Sum: 5\n\n")
		got := g.app.only(t)
		if strings.Contains(got, "evil") || strings.Contains(strings.ToLower(got), "trailer: remote") {
			t.Errorf("declared %q: a trailer reached the app:\n%s", declared, got)
		}
		wantHeader(t, got, "Remote-User", "alice@example.com")
		if strings.Contains(declared, "X-Sum") && !strings.Contains(got, "X-Sum: 5") {
			t.Errorf("declared %q: the app's own trailer is gone:\n%s", declared, got)
		}
	}
}

// Ensure names that are not ASCII and groups with commas arrive as one header each, decodable.
func TestPX08PX37_Encoding(t *testing.T) {
	g := startGateway(t, "", "")
	g.accountNamed("o'hara+x@example.com", "Jörg 100% \"M\"\r\nX-Evil: 1", "a,b", "c")
	g.get("/", "Cookie: "+g.cookies(g.signIn("o'hara+x@example.com")))
	got := g.app.only(t)
	wantHeader(t, got, "Remote-Name", `J%C3%B6rg 100%25 "M"%0D%0AX-Evil: 1`)
	wantHeader(t, got, "Remote-User", "o'hara+x@example.com")
	wantHeader(t, got, "Remote-Groups", "a%2Cb,c")
	wantHeader(t, got, "X-Evil")
}

// Ensure an identity that does not fit is not cut but refused.
func TestPX34_TooLargeIdentity(t *testing.T) {
	g := startGateway(t, "", "")
	var groups []string
	for i := range 500 {
		groups = append(groups, fmt.Sprintf("a-group-with-a-long-name-%d", i))
	}
	g.account("alice@example.com", groups...)
	if got := status(g.get("/", "Cookie: "+g.cookies(g.signIn("alice@example.com")))); got != "503" {
		t.Errorf("status %s, want 503", got)
	}
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app got %q", got)
	}
}

// Ensure only a plainly written path is public.
func TestPX09PX11_PublicPaths(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	for _, path := range []string{
		"/public/..;/admin", "/public/%2e%2e/admin", "/public/..%2fadmin", "/public/%5c../admin", "/public/%252e%252e/admin",
		"//public/../admin", "/PUBLIC/x", "/public/%c0%ae%c0%ae/admin", "/public%00/admin", "/%70ublic/../admin",
		`/public\..\admin`, "/public/../admin", "//admin", "/./admin", "/admin/.", "/admin%2f", "/admin?/public/",
		"/admin;/public/", "/publicx", "/public",
	} {
		if got := status(g.get(path, "Accept: text/html")); got != "303" && got != "400" {
			t.Errorf("%s: status %s, want 303 or 400", path, got)
		}
		if got := g.app.take(); len(got) != 0 {
			t.Errorf("%s: the app got %q", path, got)
		}
	}
	if got := status(g.get("/public/x.css?v=1")); got != "200" {
		t.Errorf("public path: status %s", got)
	}
}

// Ensure methods that have no business here are refused, signed in or not.
func TestPX14_Methods(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	g.account("alice@example.com")
	cookie := g.cookies(g.signIn("alice@example.com"))
	for _, method := range []string{"TRACE", "TRACK", "CONNECT"} {
		for _, path := range []string{"/", "/public/x", "/_auth/login"} {
			for _, cookie := range []string{"", "Cookie: " + cookie + "\n"} {
				target := path
				if method == "CONNECT" {
					target = "localhost:" + g.port
				}
				answer := g.raw(method + " " + target + " HTTP/1.1\nHost: localhost:" + g.port + "\n" + cookie + "Connection: close\n\n")
				if status(answer) != "405" {
					t.Errorf("%s %s: %q", method, target, answer)
				}
			}
		}
	}
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app got %q", got)
	}
}

// Ensure headers by which clients pretend to be a proxy neither reach the app nor change the decision.
func TestPX19PX27_Claims(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	g.account("alice@example.com")
	claims := []string{
		"X-Original-URL: /public/a", "X-Rewrite-URL: /public/a", "X-Forwarded-Prefix: /public", "X-Forwarded-Uri: /public/a",
		"Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6",
		"X-Forwarded-For: 6.6.6.6", "X-Forwarded-Host: evil.test", "X-Forwarded-Proto: https", "X-Forwarded-Port: 666",
		"X-Client-IP: 6.6.6.6",
	}
	if got := status(g.get("/admin", claims...)); got != "401" {
		t.Errorf("status %s, want 401", got)
	}
	g.get("/admin", append(claims, "Cookie: "+g.cookies(g.signIn("alice@example.com")))...)
	got := g.app.only(t)
	if strings.Contains(got, "6.6.6.6") || strings.Contains(got, "/public") || strings.Contains(got, "evil.test") || strings.Contains(got, "666") {
		t.Errorf("a claim reached the app:\n%s", got)
	}
	wantHeader(t, got, "X-Forwarded-For", "127.0.0.1")
	wantHeader(t, got, "X-Forwarded-Proto", "http")
}

// Ensure the offer to go on in clear-text HTTP/2 is not passed on.
func TestPX22_H2C(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	g.raw("GET / HTTP/1.1\nHost: localhost:" + g.port + "\nCookie: " + g.cookies(g.signIn("alice@example.com")) +
		"\nConnection: Upgrade, HTTP2-Settings, close\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n\n")
	got := g.app.only(t)
	wantHeader(t, got, "Upgrade")
	wantHeader(t, got, "HTTP2-Settings")
	wantHeader(t, got, "Connection")
}

// Ensure redirects are built from nothing a client says.
func TestRD12PX12PX13_Redirects(t *testing.T) {
	g := startGateway(t, "", "")
	for _, request := range []string{
		"GET /x HTTP/1.1\nHost: localhost:" + g.port + "\nX-Forwarded-Host: evil.test\nX-Forwarded-Proto: javascript\nAccept: text/html\nConnection: close\n\n",
		"GET /x HTTP/1.0\nHost: localhost\nAccept: text/html\n\n",
	} {
		answer := g.raw(request)
		if status(answer) != "303" || !strings.Contains(answer, "Location: /_auth/login?next=%2Fx\r\n") {
			t.Errorf("%q: %q", request, answer)
		}
	}
	for _, request := range []string{
		"GET http://10.0.0.5:6379/ HTTP/1.1\nHost: localhost:" + g.port + "\nConnection: close\n\n",
		"GET / HTTP/1.1\nHost: evil.test\nConnection: close\n\n",
	} {
		if answer := g.raw(request); strings.Contains(answer, "evil.test") || strings.Contains(answer, "hello") {
			t.Errorf("%q: %q", request, answer)
		}
	}
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app got %q", got)
	}
}
