package caddymodule

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/loginwall/loginwall/caddymodule/command"
)

var (
	linkInMail = regexp.MustCompile(`http://localhost:[0-9]+(/_auth/(?:reset|setup)\?token=[A-Za-z0-9_-]+)`)
	codeInText = regexp.MustCompile(`\b[0-9]{6}\b`)
)

// Ensure a reload between any two steps loses nothing: not the form, the link, the code, the proof or the session.
func TestUP01_ReloadInMidFlow(t *testing.T) {
	g := startGateway(t, "", "")
	reload := func() {
		t.Helper()
		if err := g.load(g.config); err != nil {
			t.Fatal(err)
		}
	}
	g.account("alice@example.com")
	c := g.browser()

	_, page := g.page(c, "/_auth/login")
	reload()
	if response, _ := g.post(c, "/_auth/login", page, "email", "alice@example.com", "password", password); response.StatusCode != 303 {
		t.Fatalf("sign in with a form from before: status %d", response.StatusCode)
	}
	reload()
	if response, body := g.page(c, "/"); response.StatusCode != 200 || body != "hello" {
		t.Fatalf("session from before: status %d", response.StatusCode)
	}

	other := g.browser()
	_, page = g.page(other, "/_auth/forgot")
	g.post(other, "/_auth/forgot", page, "email", "alice@example.com")
	reload()
	link := linkInMail.FindStringSubmatch(captured.mail(t).Text)
	if link == nil {
		t.Fatal("no link in the mail")
	}
	g.page(other, link[1])
	_, page = g.page(other, "/_auth/reset")
	reload()
	g.post(other, "/_auth/reset", page, "method", "text")
	reload()
	code := codeInText.FindString(captured.text(t).Body)
	_, page = g.page(other, "/_auth/reset")
	reload()
	g.post(other, "/_auth/reset", page, "code", code)
	_, page = g.page(other, "/_auth/reset")
	reload()
	const next = "a wholly different phrase"
	response, body := g.post(other, "/_auth/reset", page, "new_password", next, "confirm_password", next)
	if response.StatusCode >= 400 {
		t.Fatalf("last step: status %d\n%s", response.StatusCode, body)
	}
	if response, _ := g.page(c, "/"); response.StatusCode != 303 {
		t.Errorf("RS-33: the old session lives on: status %d", response.StatusCode)
	}
	last := g.browser()
	_, page = g.page(last, "/_auth/login")
	if response, _ := g.post(last, "/_auth/login", page, "email", "alice@example.com", "password", next); response.StatusCode != 303 {
		t.Errorf("sign in with the new password: status %d", response.StatusCode)
	}
}

// Ensure an invitation sent by the command for admins leads to a set-up that survives reloads, too.
func TestUP01_ReloadInMidSetup(t *testing.T) {
	g := startGateway(t, "", "")
	admin(t, g, "user/add", `{"new":{"email":"bob@example.com","phone":"+15550101","name":"Bob"}}`)
	link := linkInMail.FindStringSubmatch(captured.mail(t).Text)
	if link == nil || !strings.Contains(link[1], "/setup") {
		t.Fatalf("link %q", link)
	}
	c := g.browser()
	g.page(c, link[1])
	if err := g.load(g.config); err != nil {
		t.Fatal(err)
	}
	_, page := g.page(c, "/_auth/setup")
	g.post(c, "/_auth/setup", page, "method", "text")
	_, page = g.page(c, "/_auth/setup")
	g.post(c, "/_auth/setup", page, "code", codeInText.FindString(captured.text(t).Body))
	_, page = g.page(c, "/_auth/setup")
	if response, body := g.post(c, "/_auth/setup", page, "new_password", password, "confirm_password", password); response.StatusCode >= 400 {
		t.Fatalf("last step: status %d\n%s", response.StatusCode, body)
	}
	g.signIn("bob@example.com")
}

// Ensure a configuration that cannot be loaded leaves the one before as it was, store and admin commands included.
func TestUP02_BrokenReload(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	c := g.signIn("alice@example.com")
	good := g.config
	site := "\nhttp://localhost:%s {\n\tbind 127.0.0.1\n\tlogin_wall {\n\t\t%s\n\t}\n}\n"
	_, taken, _ := strings.Cut(g.app.address, ":")
	for name, test := range map[string]struct{ config, says string }{
		"unset secret":  {good + fmt.Sprintf(site, "1", "identity basic {env.LOGINWALL_UNSET}"), "LOGINWALL_UNSET"},
		"unusable file": {strings.Replace(good, "{$DIR}/store", "{$DIR}/caddy.log", 1), "open store"},
		"taken port":    {good + fmt.Sprintf(site, taken, ""), "address already in use"},
	} {
		if err := g.load(test.config); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if response, body := g.page(c, "/"); response.StatusCode != 200 || body != "hello" {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
	if err := g.load(good); err != nil {
		t.Fatal(err)
	}
	if response, _ := g.page(c, "/"); response.StatusCode != 200 {
		t.Errorf("after the next good one: status %d", response.StatusCode)
	}
}

// Ensure reloads leave nothing behind, and the numbers go on.
func TestT17UP05_ManyReloads(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	c := g.signIn("alice@example.com")
	reload := func(n int) {
		for range n {
			if err := g.load(g.config); err != nil {
				t.Fatal(err)
			}
		}
		http.DefaultClient.CloseIdleConnections()
		c.CloseIdleConnections()
	}
	reload(5)
	before := settled()
	reload(50)
	eventually(t, fmt.Sprintf("at most 10 goroutines more than the %d of before 50 reloads", before), func() bool {
		return runtime.NumGoroutine() <= before+10
	})
	eventually(t, "the store has one user", func() bool {
		n, ok := openStores.References(activeStoreKey(t))
		return ok && n == 1
	})
	if response, _ := g.page(c, "/"); response.StatusCode != 200 {
		t.Errorf("session: status %d", response.StatusCode)
	}
	if got := metric(t, g, `login_wall_sign_ins_total{outcome="ok"}`); got == "" || got == "0" {
		t.Errorf("sign-ins in the metrics: %q", got)
	}
	if got := metric(t, g, `login_wall_password_checks_total{result="match"}`); got == "" || got == "0" {
		t.Errorf("password checks in the metrics: %q", got)
	}
}

// settled waits until no more goroutines of former configurations end, and gives how many are left.
func settled() int {
	n, since := runtime.NumGoroutine(), time.Now()
	for deadline := since.Add(30 * time.Second); time.Since(since) < time.Second && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if now := runtime.NumGoroutine(); now < n {
			n, since = now, time.Now()
		}
	}
	return n
}

func activeStoreKey(t *testing.T) any {
	t.Helper()
	app, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	return app.storage.ResourceKey()
}

// metric reads a line of the metrics page.
func metric(t *testing.T, g *gateway, name string) string {
	t.Helper()
	response, err := http.Get("http://" + g.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

// admin sends a command to the admin endpoint and gives the answer.
func admin(t *testing.T, g *gateway, path, body string) string {
	t.Helper()
	response, err := http.Post("http://"+g.admin+command.Base+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 {
		t.Fatalf("%s: status %d: %s", path, response.StatusCode, text)
	}
	return string(text)
}

// Ensure checking a configuration touches neither the store of the running process nor the network.
func TestValidateTouchesNothing(t *testing.T) {
	g := startGateway(t, "", "")
	var checked caddy.Config
	for name, config := range map[string]string{
		"the running store": fmt.Sprintf(`{"apps":{"login_wall":{"store":{"backend":"file","directory":%q}}}}`, filepath.Join(g.dir, "store")),
		"a new store":       fmt.Sprintf(`{"apps":{"login_wall":{"store":{"backend":"file","directory":%q}}}}`, filepath.Join(g.dir, "new")),
		"no redis there":    `{"apps":{"login_wall":{"store":{"backend":"redis","address":["127.0.0.1:1"]}}}}`,
	} {
		checked = caddy.Config{}
		if err := caddy.StrictUnmarshalJSON([]byte(config), &checked); err != nil {
			t.Fatal(err)
		}
		if err := caddy.Validate(&checked); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(g.dir, "new")); err == nil {
		t.Error("validating made a store")
	}
}
