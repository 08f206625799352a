package gateway

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// eachStore runs a test on each kind of store.
func eachStore(t *testing.T, test func(t *testing.T, realm string)) {
	t.Helper()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		test(t, "store file {$DIR}/store")
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, onRedis(redistest.StartDurable(t)))
	})
}

func TestT4_RestartKeepsPeopleSignedIn(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, realm string) {
		g := Start(t, Settings{App: StartApp(t).Address, Realm: realm})
		jo := g.Active()
		b := g.Browser()
		b.SignIn(jo.Email, jo.Password)
		for _, end := range []func(){g.Stop, g.Kill} {
			end()
			g.Start()
			wantStatus(t, b.Get("/"), http.StatusOK)
			if !b.SignedIn() {
				t.Error("signed out by a restart")
			}
		}
	})
}

func TestLG03_LockOutlivesRestartAndReload(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, realm string) {
		g := Start(t, Settings{App: StartApp(t).Address, Realm: realm})
		jo := g.Active()
		guess := g.Browser().Guess()
		for range 6 {
			if p, err := guess.Send(jo.Email, wrong); err != nil || p.StatusCode == http.StatusSeeOther {
				t.Fatalf("guess: status %v, %v", p.Response, err)
			}
		}
		locked := func(when string) {
			t.Helper()
			if p := g.Browser().Login(jo.Email, jo.Password); p.StatusCode == http.StatusSeeOther {
				t.Errorf("the right password of a locked account signs in %s", when)
			}
			if a := g.Show(jo.Email); a.State != "locked" {
				t.Errorf("state %q %s, want locked", a.State, when)
			}
		}
		locked("at once")
		g.Reload()
		locked("after a reload")
		g.Stop()
		g.Start()
		locked("after a restart")
		for _, command := range [][]string{ // LG-04
			{"user", "enable", jo.Email}, {"user", "invite", jo.Email}, {"user", "sign-out", jo.Email},
			{"user", "set", jo.Email, "--name", "Jo"}, {"user", "add", jo.Email, "--phone", jo.Phone},
		} {
			out, errs, status := g.Run(append([]string{"login-wall"}, command...)...)
			t.Logf("%s: status %d: %s", strings.Join(command[:2], " "), status, strings.TrimSpace(out+errs))
			locked("after " + command[1])
		}
		b := g.Browser() // LG-12: the one way out
		b.Forgot(jo.Email)
		p := b.ToPassword(g.Spool.Link(jo.Email), func() string { return g.Spool.Code(jo.Phone) })
		locked("in the middle of a reset")
		b.Finish(p, other)
		b.SignIn(jo.Email, other)
		if a := g.Show(jo.Email); a.State != "active" || a.WrongTries != 0 {
			t.Errorf("account %+v after the reset", a)
		}
	})
}

func TestUP01_FlowsGoOnOverReloadAndRestart(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, realm string) {
		g := Start(t, Settings{App: StartApp(t).Address, Realm: realm})
		restart := func() { g.Stop(); g.Start() }
		for name, interrupt := range map[string]func(){"reload": g.Reload, "restart": restart} {
			jo := g.Invite()
			link := g.Spool.Link(jo.Email)
			interrupt() // an invitation is out
			b := g.Browser()
			method := b.Open(link)
			interrupt() // a method is to be chosen
			code := b.onward(b.Submit(method, "method", "text"), `name="code"`)
			interrupt() // a code is out, or queued
			last := b.onward(b.Submit(code, "code", g.Spool.Code(jo.Phone)), `name="new_password"`)
			interrupt() // the password is to be chosen
			b.Finish(last, jo.Password)
			login := b.Get("/_auth/login")
			interrupt() // a login form lies open
			if p := b.Submit(login, "email", jo.Email, "password", jo.Password, "next", ""); p.StatusCode != http.StatusSeeOther {
				t.Errorf("sign-in over a %s: status %d: %s", name, p.StatusCode, p.text())
			}
			b.Forgot(jo.Email)
			interrupt() // a mail is queued, or being written
			wantText(t, b.Open(g.Spool.Link(jo.Email)), `name="method"`)
			wantStatus(t, b.Get("/"), http.StatusOK)
		}
	})
}

// UP-02, and what a failed reload leaves of the admin endpoint.
func TestUP02_BrokenReloadChangesNothing(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{App: StartApp(t).Address})
	jo := g.Active()
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	sound, err := os.ReadFile(g.File)
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"unknown word":          "lockuot 5",
		"impossible value":      "reset {\n code 11m\n}",
		"missing secret":        "brand {\n support {env.NOT_SET}\n}",
		"missing file":          "password {\n blocklist {$DIR}/nothing\n}",
		"sender without server": "mail smtp 127.0.0.1:1 {\n from \"a <a@example.com>\"\n trusted_ca {$DIR}/nothing\n}",
	} {
		g.Configure(strings.Replace(string(sound), "\t\tname \"SecureMail\"", line, 1))
		_, errs, status := g.Run("reload", "--config", g.File, "--adapter", "caddyfile", "--force")
		if status == 0 {
			t.Errorf("%s: the reload succeeds", name)
		}
		t.Logf("%s: %s", name, strings.TrimSpace(errs[strings.LastIndex(strings.TrimSpace(errs), "\n")+1:]))
		wantStatus(t, b.Get("/"), http.StatusOK)
		if a := g.Show(jo.Email); a.State != "active" {
			t.Errorf("%s: account %+v", name, a)
		}
	}
	g.Configure(string(sound))
	g.Reload()
	wantStatus(t, b.Get("/"), http.StatusOK)
	g.Invite()
}
