package caddymodule

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ensure what people do keeps a session alive, and what their tabs do by themselves does not.
func TestSE08SE10_ActivityAndPolling(t *testing.T) {
	g := startGateway(t, "session {\nidle 2s\n}", "passive /poll")
	g.account("alice@example.com")
	active, idle := g.signIn("alice@example.com"), g.signIn("alice@example.com")
	for range 6 {
		time.Sleep(500 * time.Millisecond)
		if response, _ := g.page(active, "/inbox"); response.StatusCode != 200 {
			t.Fatalf("active: status %d", response.StatusCode)
		}
		g.page(idle, "/poll")
	}
	if response, _ := g.page(idle, "/poll"); response.StatusCode != 303 {
		t.Errorf("polling kept the session alive: status %d", response.StatusCode)
	}
}

// Ensure a WebSocket that ends long after its person has gone does not bring the session back.
func TestSE08_LongRequestsDoNotRevive(t *testing.T) {
	g := startGateway(t, "session {\nidle 2s\n}", "")
	g.account("alice@example.com")
	c := g.signIn("alice@example.com")
	if err := g.load(strings.Replace(g.config, "{$APP}", startEcho(t), 1)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // so that the last-seen time is due to be written
	socket, err := net.Dial("tcp", g.http)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(socket, strings.ReplaceAll("GET / HTTP/1.1\nHost: localhost:"+g.port+"\nCookie: "+g.cookies(c)+handshake, "\n", "\r\n"))
	answer := make([]byte, 12)
	if _, err := socket.Read(answer); err != nil || string(answer) != "HTTP/1.1 101" {
		t.Fatalf("%q, %v", answer, err)
	}
	time.Sleep(2500 * time.Millisecond)
	socket.Close()
	time.Sleep(300 * time.Millisecond)
	if response, _ := g.page(c, "/"); response.StatusCode != 303 {
		t.Errorf("status %d, want 303: the session is back", response.StatusCode)
	}
}

// Ensure a client cannot get round the limit for its source by naming others.
func TestLG08_SourceIsThePeer(t *testing.T) {
	g := startGateway(t, "source_limit 3 10m", "")
	c := g.browser()
	for i := range 5 {
		_, page := g.page(c, "/_auth/login")
		form := "email=nobody%40example.com&password=wrong&csrf=" + csrfField.FindStringSubmatch(page)[1]
		r, _ := http.NewRequest("POST", g.url("/_auth/login"), strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "True-Client-IP"} {
			r.Header.Set(name, fmt.Sprintf("10.0.0.%d", i))
		}
		r.Header.Set("Forwarded", fmt.Sprintf("for=10.0.0.%d", i))
		want := 403
		if i >= 3 {
			want = 429
		}
		if response, _ := g.do(c, r); response.StatusCode != want {
			t.Errorf("try %d: status %d, want %d", i, response.StatusCode, want)
		}
	}
	for _, line := range g.log() {
		if line["logger"] == "login_wall.audit" && line["client"] != "127.0.0.1" && line["client"] != "::1" {
			t.Errorf("audit: %v", line)
		}
	}
}

// Ensure a proxy that is trusted, and nobody else, says whether the browser speaks https; and that a setting by which
// clients choose their own address is warned of.
func TestTrustedProxy(t *testing.T) {
	const caddyfile = `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	log {
		output file {$DIR}/caddy.log {
			roll_disabled
		}
	}
	servers {
		trusted_proxies static 127.0.0.1/32 ::1/128
		STRICT
	}
	login_wall {
		url https://mail.example.test
		store file {$DIR}/store
	}
}
http://mail.example.test:{$PORT} {
	login_wall
	reverse_proxy {$APP}
}`
	g := startCaddyfile(t, strings.Replace(caddyfile, "STRICT", "trusted_proxies_strict", 1))
	request := "GET /_auth/login HTTP/1.1\nHost: mail.example.test\nX-Forwarded-For: 6.6.6.6, 10.1.1.1\nX-Forwarded-Proto: https\nConnection: close\n\n"
	if answer := g.raw(request); status(answer) != "200" || !strings.Contains(answer, "Set-Cookie: __Host-") {
		t.Errorf("behind a proxy: %q", answer)
	}
	warned := func() (n int) {
		for _, line := range g.log() {
			if strings.Contains(fmt.Sprint(line["msg"]), "trusted_proxies_strict") {
				n++
			}
		}
		return n
	}
	if n := warned(); n != 0 {
		t.Errorf("strict: %d warnings", n)
	}
	if err := g.load(strings.Replace(caddyfile, "STRICT", "", 1)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		g.raw(request)
	}
	if n := warned(); n != 1 {
		t.Errorf("not strict: %d warnings, want 1", n)
	}
}

// Ensure the directive alone is enough, with secure defaults and nobody let in.
func TestAD03_DirectiveAlone(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
}
http://localhost:{$PORT} {
	login_wall
	reverse_proxy {$APP}
}`)
	if response, _ := g.page(g.browser(), "/"); response.StatusCode != 303 {
		t.Errorf("status %d", response.StatusCode)
	}
	if got := admin(t, g, "user/list", "{}"); strings.Contains(got, "@") {
		t.Errorf("accounts: %s", got)
	}
	path := filepath.Join(os.Getenv("XDG_DATA_HOME"), "caddy", "login_wall", "loginwall.db")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("store: %v, %v", info, err)
	}
	g.account("alice@example.com")
	g.page(g.signIn("alice@example.com"), "/")
	wantHeader(t, g.app.only(t), "Remote-User", "alice@example.com")
}
