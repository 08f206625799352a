package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/e2e/services"
)

// TestRoundcube puts the wall in front of the dashboard it was first made for.
func TestRoundcube(t *testing.T) {
	t.Parallel()
	dashboard := services.StartRoundcube(t)
	const idle = 6 * time.Second
	g := Start(t, Settings{
		App:   strings.TrimPrefix(dashboard.URL, "http://"),
		Env:   []string{"APP_SECRET=" + dashboard.Secret},
		Realm: "session {\n idle 6s\n}",
		Site:  "identity basic {env.APP_SECRET}\n passive /?_task=mail&_action=refresh",
	})
	jo, max := g.Active(), g.Active()
	dashboard.Deliver(jo.Email, "Lab results for Jo", "All values are fine.")
	dashboard.Deliver(max.Email, "Invoice for Max", "Please pay.")
	const inbox, first = "/?_task=mail", "/?_task=mail&_mbox=INBOX&_uid=1&_action=show"

	stranger := g.Browser()
	stranger.Header.Set("Authorization", basic(jo.Email, dashboard.Secret))
	wantRefused(t, stranger.Get(inbox)) // LG-31: what the app would believe gets nobody past the wall

	b, other := g.Browser(), g.Browser()
	b.SignIn(jo.Email, jo.Password)
	other.SignIn(max.Email, max.Password)
	wantText(t, b.Open(inbox), `id="messagelist`)
	wantText(t, b.Open(first), "Lab results for Jo")
	p := other.Open(first)
	wantText(t, p, "Invoice for Max")
	if strings.Contains(p.Body, "Lab results for Jo") {
		t.Error("somebody else's mail is shown")
	}

	forger := g.Browser()
	forger.SignIn(max.Email, max.Password)
	forger.Header.Set("Authorization", basic(jo.Email, dashboard.Secret))
	p = forger.Open(first)
	wantText(t, p, "Invoice for Max")
	if strings.Contains(p.Body, "Lab results for Jo") {
		t.Error("the browser's own Authorization opens somebody else's mail")
	}

	// Polling is answered and does not keep the session alive.
	began := time.Now()
	wantStatus(t, b.Get("/?_task=mail&_action=list"), http.StatusOK)
	answered := 0
	for ended := false; !ended; time.Sleep(300 * time.Millisecond) {
		switch p := b.Fetch("/?_task=mail&_action=refresh&_remote=1"); {
		case p.StatusCode == http.StatusUnauthorized:
			ended = true
		case time.Since(began) > idle+3*time.Second:
			t.Fatalf("session is alive %s after the last activity: polling extends it (status %d)", time.Since(began).Round(time.Second), p.StatusCode)
		default:
			answered++
		}
	}
	if took := time.Since(began); answered == 0 || took < idle-time.Second {
		t.Errorf("session ended %s after the last activity, %d polls answered; want %s", took, answered, idle)
	}
	wantRefused(t, b.Get(first))

	b.SignIn(jo.Email, jo.Password)
	wantText(t, b.Open(first), "Lab results for Jo")
	b.SignOut()
	wantRefused(t, b.Get(first))
	// Roundcube's own cookie is of no use without the wall's.
	wantStatus(t, b.Fetch(inbox), http.StatusUnauthorized)
}

// Ensure the second person at one browser never sees the first one's mail. Roundcube keeps its own session by its own
// cookie and does not ask again who is there, so that what the first one left behind would open their inbox.
func TestSE22_SecondPersonAtOneBrowser(t *testing.T) {
	t.Parallel()
	dashboard := services.StartRoundcube(t)
	g := Start(t, Settings{
		App:  strings.TrimPrefix(dashboard.URL, "http://"),
		Env:  []string{"APP_SECRET=" + dashboard.Secret},
		Site: "identity basic {env.APP_SECRET}",
	})
	jo, max := g.Active(), g.Active()
	dashboard.Deliver(jo.Email, "Lab results for Jo", "All values are fine.")
	dashboard.Deliver(max.Email, "Invoice for Max", "Please pay.")
	const first = "/?_task=mail&_mbox=INBOX&_uid=1&_action=show"
	for name, between := range map[string]func(b *Browser){
		"while signed in":      func(*Browser) {},
		"after a remote end":   func(*Browser) { g.Must("user", "sign-out", jo.Email) },
		"after their sign-out": func(b *Browser) { b.SignOut() },
	} {
		t.Run(name, func(t *testing.T) {
			b := g.Browser()
			b.SignIn(jo.Email, jo.Password)
			wantText(t, b.Open(first), "Lab results for Jo")
			between(b)
			b.SignIn(max.Email, max.Password)
			p := b.Open(first)
			if strings.Contains(p.Body, "Lab results for Jo") {
				t.Error("the second person sees the first one's mail")
			}
			wantText(t, p, "Invoice for Max")
		})
	}
}

// Ensure somebody who signs in again after a pause finds the app as they left it.
func TestSamePersonKeepsTheAppsSession(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{})
	jo, max := g.Active(), g.Active()
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	b.SetCookie("draft", "17")
	g.Must("user", "sign-out", jo.Email)
	b.SignIn(jo.Email, jo.Password)
	if b.Cookies()["draft"] != "17" {
		t.Error("the app's cookie of the same person is gone")
	}
	b.SignIn(max.Email, max.Password)
	if b.Cookies()["draft"] != "" {
		t.Error("the app's cookie of somebody else is still there")
	}
}

func basic(user, secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, secret)
	return r.Header.Get("Authorization")
}
