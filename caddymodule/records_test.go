package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	zapobserver "go.uber.org/zap/zaptest/observer"

	"github.com/loginwall/loginwall/caddymodule/command"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// Ensure visitors who are not signed in are no error of anybody's.
func TestT16_AnonymousVisitsAreNoErrors(t *testing.T) {
	g := startGateway(t, "", "")
	c := g.browser()
	for range 500 {
		g.page(c, "/inbox")
	}
	for _, line := range g.log() {
		if line["level"] == "error" || line["level"] == "warn" && strings.HasPrefix(fmt.Sprint(line["logger"]), "login_wall") {
			t.Errorf("log: %v", line)
		}
	}
}

// Ensure no log holds a password, a code, a token or a cookie after a sign-in and a reset.
func TestT18XS09_NoSecretInLogs(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	log {
		output file {$DIR}/caddy.log {
			roll_disabled
		}
		level DEBUG
	}
	login_wall {
		store file {$DIR}/store
		mail captured
		phone captured
	}
}
http://localhost:{$PORT} {
	log
	login_wall
	reverse_proxy {$APP}
}`)
	a := g.account("alice@example.com")
	signedIn := g.signIn("alice@example.com")
	g.page(signedIn, "/inbox")
	c := g.browser()
	g.page(c, "/_auth/login?email=alice@example.com&password=typed-in-the-wrong-place")
	_, page := g.page(c, "/_auth/forgot")
	g.post(c, "/_auth/forgot", page, "email", "alice@example.com")
	link := linkInMail.FindStringSubmatch(captured.mail(t).Text)
	if link == nil {
		t.Fatal("no link")
	}
	g.page(c, link[1])
	_, page = g.page(c, "/_auth/reset")
	g.post(c, "/_auth/reset", page, "method", "text")
	code := codeInText.FindString(captured.text(t).Body)
	_, page = g.page(c, "/_auth/reset")
	g.post(c, "/_auth/reset", page, "code", code)

	text, err := os.ReadFile(filepath.Join(g.dir, "caddy.log"))
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link[1], "token=")
	secrets := []string{password, token, code, "typed-in-the-wrong-place"}
	for pair := range strings.SplitSeq(g.cookies(signedIn)+"; "+g.cookies(c), "; ") {
		_, value, _ := strings.Cut(pair, "=")
		secrets = append(secrets, value)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(string(text), secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}

	events := map[string]bool{}
	inbox := false
	for _, line := range g.log() {
		if line["logger"] == "login_wall.audit" {
			events[line["msg"].(string)] = true
			if line["msg"] == "login.succeeded" && (line["account"] != string(a.ID) || line["client"] != "127.0.0.1" || line["request_id"] == "") {
				t.Errorf("audit: %v", line)
			}
		}
		if request, ok := line["request"].(map[string]any); ok && request["uri"] == "/inbox" && line["user_id"] == string(a.ID) {
			inbox = true
		}
	}
	for _, want := range []string{"login.succeeded", "reset.requested", "code.sent", "code.accepted"} {
		if !events[want] {
			t.Errorf("no audit line %s in %v", want, events)
		}
	}
	if !inbox {
		t.Error("no line of the access log names the account")
	}
}

// Ensure what clients send cannot end a line or write another.
func TestXS08_AuditLinesStayWhole(t *testing.T) {
	core, logged := zapobserver.New(zap.InfoLevel)
	o := newObserver(zap.New(core))
	o.Event(gate.Event{Name: "login.failed", Time: time.Now(), Outcome: policy.Refused, Client: gate.Client{
		Address: "10.0.0.1", Agent: "x\r\n{\"level\":\"error\"}\x1b[2J\u2028" + strings.Repeat("a", 64<<10), RequestID: "r\n1",
	}})
	fields := logged.All()[0].ContextMap()
	agent := fields["user_agent"].(string)
	if strings.ContainsAny(agent, "\r\n\x1b\u2028") || len(agent) > maxAgent || fields["request_id"] != "r?1" {
		t.Errorf("audit: %v", fields)
	}
}

// Ensure a store that is away fills neither the log nor the disk.
func TestRE02_FaultsAreLoggedWithinBounds(t *testing.T) {
	core, logged := zapobserver.New(zap.InfoLevel)
	o := newObserver(zap.New(core))
	for range 1000 {
		o.StoreFailed("read session", os.ErrDeadlineExceeded)
	}
	o.StoreFailed("touch session", os.ErrDeadlineExceeded)
	if n := logged.Len(); n != 2 {
		t.Errorf("%d lines, want one for each operation", n)
	}
}

// Ensure a store that is not there closes what needs a sign-in and nothing else, and nobody loses a cookie.
func TestRE01RE02_StoreAway(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	log {
		output file {$DIR}/caddy.log {
			roll_disabled
		}
	}
	login_wall {
		store redis {
			address 127.0.0.1:1
		}
	}
}
http://localhost:{$PORT} {
	login_wall {
		public /public/*
	}
	reverse_proxy {$APP}
}`)
	for path, want := range map[string]string{"/": "303", "/_auth/login": "503", "/_auth/health": "503", "/public/x": "200"} {
		if got := status(g.get(path, "Accept: text/html")); got != want {
			t.Errorf("%s: status %s, want %s", path, got, want)
		}
	}
	answer := g.get("/", "Accept: text/html", "Cookie: loginwall=x")
	if status(answer) != "503" || !strings.Contains(answer, "Retry-After: ") || strings.Contains(answer, "Set-Cookie") {
		t.Errorf("with a cookie: %q", answer)
	}
	if got := g.app.take(); len(got) != 1 {
		t.Errorf("the app got %q", got)
	}
	failures := 0
	for _, line := range g.log() {
		if line["level"] == "error" {
			failures++
		}
	}
	if failures == 0 || failures > 10 {
		t.Errorf("%d lines at level error", failures)
	}
}

// Ensure commands come as JSON, by POST, and not from a page of another site.
func TestAD01_AdminEndpoint(t *testing.T) {
	g := startGateway(t, "", "")
	for name, test := range map[string]struct {
		method, path, kind string
		header             [2]string
		body               string
		status             int
	}{
		"get":             {"GET", "user/list", "application/json", [2]string{}, "", 405},
		"form":            {"POST", "user/list", "application/x-www-form-urlencoded", [2]string{}, "{}", 415},
		"text":            {"POST", "user/list", "text/plain", [2]string{}, "{}", 415},
		"no type":         {"POST", "user/list", "", [2]string{}, "{}", 415},
		"other origin":    {"POST", "user/list", "application/json", [2]string{"Origin", "https://evil.test"}, "{}", 403},
		"other site":      {"POST", "user/list", "application/json", [2]string{"Sec-Fetch-Site", "cross-site"}, "{}", 403},
		"unknown command": {"POST", "user/password", "application/json", [2]string{}, "{}", 404},
		"unknown field":   {"POST", "user/add", "application/json", [2]string{}, `{"new":{"email":"a@example.com","password":"x"}}`, 400},
		"too large":       {"POST", "user/list", "application/json", [2]string{}, `{"email":"` + strings.Repeat("a", maxAdminBody) + `"}`, 400},
		"right":           {"POST", "user/list", "application/json", [2]string{}, "{}", 200},
	} {
		r, _ := http.NewRequest(test.method, "http://"+g.admin+command.Base+test.path, strings.NewReader(test.body))
		if test.kind != "" {
			r.Header.Set("Content-Type", test.kind)
		}
		if test.header[0] != "" {
			r.Header.Set(test.header[0], test.header[1])
		}
		if response, body := g.do(http.DefaultClient, r); response.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d: %s", name, response.StatusCode, test.status, body)
		}
	}
}

// Ensure the answers to admins hold no hash, link or code, and of the phone two digits.
func TestAD04_AdminsSeeNoSecrets(t *testing.T) {
	g := startGateway(t, "", "")
	a := g.account("alice@example.com")
	all := admin(t, g, "user/add", `{"new":{"email":"bob@example.com","phone":"+15550101"}}`) +
		admin(t, g, "user/show", `{"email":"alice@example.com"}`) + admin(t, g, "user/list", `{}`) +
		admin(t, g, "user/invite", `{"email":"bob@example.com"}`) + admin(t, g, "user/invite", `{"email":"alice@example.com"}`)
	for _, secret := range []string{a.Password.Hash, "argon2", "token", "+1555", "1555010"} {
		if strings.Contains(all, secret) {
			t.Errorf("the answers hold %q:\n%s", secret, all)
		}
	}
	var refused command.Answer
	if err := json.Unmarshal([]byte(admin(t, g, "user/show", `{"email":"nobody@example.com"}`)), &refused); err != nil || refused.Refused == "" {
		t.Errorf("an unknown account: %+v, %v", refused, err)
	}
}
