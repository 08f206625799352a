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

	"github.com/loginwall/loginwall/policy"
)

// session gives the one session of an account.
func (g *gateway) session(a policy.Account) policy.Session {
	g.t.Helper()
	all, err := g.wall().store.SessionsOf(g.t.Context(), a.ID)
	if err != nil || len(all) != 1 {
		g.t.Fatalf("sessions: %d, %v", len(all), err)
	}
	return all[0]
}

// idleFor makes the one session of an account look as if nobody had been there for a while.
func (g *gateway) idleFor(a policy.Account, idle time.Duration) time.Time {
	g.t.Helper()
	s := g.session(a)
	s.SeenAt = time.Now().UTC().Add(-idle)
	s.CreatedAt = s.SeenAt
	sessions := g.wall().store
	if _, err := sessions.EndSession(g.t.Context(), s.Key); err != nil {
		g.t.Fatal(err)
	}
	if err := sessions.CreateSession(g.t.Context(), s, time.Now().Add(time.Hour)); err != nil {
		g.t.Fatal(err)
	}
	return s.SeenAt
}

// eventually waits until something is so that must come to be so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so within 30 s: %s", what)
		}
	}
}

// Ensure what people do keeps a session alive, and what their tabs do by themselves does not.
func TestSE08SE10_ActivityAndPolling(t *testing.T) {
	g := startGateway(t, "session {\nidle 15m\n}", "passive /poll")
	alice, bob := g.account("alice@example.com"), g.account("bob@example.com")
	active, idle := g.signIn(alice.Email), g.signIn(bob.Email)
	before, since := g.idleFor(alice, 10*time.Minute), g.idleFor(bob, 10*time.Minute)
	for range 3 {
		if response, _ := g.page(idle, "/poll"); response.StatusCode != 200 {
			t.Fatalf("polling: status %d", response.StatusCode)
		}
	}
	if response, _ := g.page(active, "/inbox"); response.StatusCode != 200 {
		t.Fatalf("active: status %d", response.StatusCode)
	}
	eventually(t, "the activity is written", func() bool { return g.session(alice).SeenAt.After(before.Add(9 * time.Minute)) })
	if seen := g.session(bob).SeenAt; !seen.Equal(since) {
		t.Errorf("polling counted as activity: last seen %s, was %s", seen, since)
	}
	g.idleFor(bob, 15*time.Minute)
	if response, _ := g.page(idle, "/poll"); response.StatusCode != 303 {
		t.Errorf("polling kept the session alive: status %d", response.StatusCode)
	}
}

// Ensure a WebSocket that ends long after its person has gone does not bring the session back: it counts as activity
// when it begins, and not when it ends.
func TestSE08_LongRequestsDoNotRevive(t *testing.T) {
	g := startGateway(t, "session {\nidle 5m\n}", "")
	alice := g.account("alice@example.com")
	c := g.signIn(alice.Email)
	if err := g.load(strings.Replace(g.config, "{$APP}", startEcho(t), 1)); err != nil {
		t.Fatal(err)
	}
	before := g.idleFor(alice, 4*time.Minute)
	socket, err := net.Dial("tcp", g.http)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(socket, strings.ReplaceAll("GET / HTTP/1.1\nHost: localhost:"+g.port+"\nCookie: "+g.cookies(c)+handshake, "\n", "\r\n"))
	answer := make([]byte, 12)
	if _, err := socket.Read(answer); err != nil || string(answer) != "HTTP/1.1 101" {
		t.Fatalf("%q, %v", answer, err)
	}
	eventually(t, "the begin is written", func() bool { return g.session(alice).SeenAt.After(before.Add(3 * time.Minute)) })
	begun := g.session(alice).SeenAt
	socket.Close()
	open := g.wall().streams
	eventually(t, "the request has ended", func() bool {
		open.mu.Lock()
		defer open.mu.Unlock()
		return len(open.open) == 0
	})
	if seen := g.session(alice).SeenAt; !seen.Equal(begun) {
		t.Errorf("the end counted as activity: last seen %s, was %s", seen, begun)
	}
	g.idleFor(alice, 5*time.Minute)
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
