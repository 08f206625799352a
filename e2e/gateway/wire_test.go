package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// wantUnauthenticated checks what a script gets that is not signed in: the 401 in JSON, and nothing else.
func wantUnauthenticated(t *testing.T, p Page) {
	t.Helper()
	var answer map[string]string
	if err := json.Unmarshal([]byte(p.Body), &answer); err != nil || answer["error"] != "unauthenticated" || answer["login"] != "/_auth/login" {
		t.Errorf("%s: body %q, want the JSON that names the login page", p.Request.URL.Path, p.Body)
	}
	wantStatus(t, p, http.StatusUnauthorized)
	if kind := p.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
		t.Errorf("type %q, want JSON", kind)
	}
	if p.Header.Get("Location") != "" || len(p.Cookies()) > 0 {
		t.Errorf("location %q, cookies %v; want none", p.Header.Get("Location"), p.Cookies())
	}
}

func TestT1_ScriptWithoutSession(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	b := Start(t, Settings{App: app.Address}).Browser()
	wantUnauthenticated(t, b.Fetch("/api/x"))
	for name, values := range map[string][]string{
		"POST":      {http.MethodPost, "/api/x"},
		"DELETE":    {http.MethodDelete, "/api/x"},
		"OPTIONS":   {http.MethodOptions, "/api/x"},
		"WebSocket": {http.MethodGet, "/socket", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="},
		"events":    {http.MethodGet, "/events", "Accept", "text/event-stream"},
	} {
		r := b.script(values[1])
		r.Method = values[0]
		for i := 2; i < len(values); i += 2 {
			r.Header.Set(values[i], values[i+1])
		}
		p, err := b.Do(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantUnauthenticated(t, p)
	}
	if n := len(app.Requests()); n != 0 {
		t.Errorf("the app has seen %d requests", n)
	}
}

func TestT2_TenPollsAfterTheEnd(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{App: StartApp(t).Address})
	jo := g.Active()
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	g.Must("user", "sign-out", jo.Email)
	before := fmt.Sprint(b.Cookies())
	pages := make([]Page, 10)
	errs := make([]error, 10)
	atOnce(10, func(i int) { pages[i], errs[i] = b.Do(b.script("/poll")) })
	for i, p := range pages {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		wantUnauthenticated(t, p)
	}
	if after := fmt.Sprint(b.Cookies()); after != before {
		t.Errorf("cookies changed from %s to %s", before, after)
	}
}

func TestT3_SE23_AppSeesNoCookieOfTheWall(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	g := Start(t, Settings{App: app.Address, Site: "public /public/*"})
	jo := g.Active()
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	b.Forgot(jo.Email)
	b.Open(g.Spool.Link(jo.Email)) // so that every cookie of the wall is there
	session := b.Session()
	own := `theme=dark; odd="a b"; lang=en`
	for _, path := range []string{"/inbox", "/public/x"} {
		r := b.Request(http.MethodGet, path, nil)
		r.Header.Set("Cookie", own) // the jar adds the rest
		if _, err := b.Do(r); err != nil {
			t.Fatal(err)
		}
		seen := app.Requests()[len(app.Requests())-1]
		if got := seen.Header.Get("Cookie"); got != own {
			t.Errorf("%s: the app sees Cookie %q, want %q", path, got, own)
		}
		for name, values := range seen.Header {
			if strings.Contains(strings.Join(values, " "), session) {
				t.Errorf("%s: the app sees the session in %s", path, name)
			}
		}
	}
}

func TestT16_VisitorsCauseNoErrors(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{App: StartApp(t).Address})
	b := g.Browser()
	odd := []string{"", "loginwall=", "loginwall=abc", "loginwall=" + strings.Repeat("A", 3000), "loginwall-flow=x; loginwall-form=y; loginwall=\"z\""}
	paths := []string{"/", "/inbox?x=1", "/_auth/login", "/_auth/forgot", "/_auth/reset", "/_auth/nothing", "/_auth/account", "/.well-known/change-password", "/_auth/session", "/a%2fb/../c"}
	for i := range 500 {
		r := b.Request(http.MethodGet, paths[i%len(paths)], nil)
		if i%3 == 0 {
			r = b.script(paths[i%len(paths)])
		}
		if cookie := odd[i%len(odd)]; cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		p, err := b.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if p.StatusCode >= 500 {
			t.Errorf("%s with cookie %.40q: status %d", r.URL, odd[i%len(odd)], p.StatusCode)
		}
	}
	for _, e := range g.Log("") {
		if level := e.Text("level"); level == "error" || level == "warn" && strings.HasPrefix(e.Text("logger"), "http.handlers") {
			t.Errorf("line at level %s: %s: %s", level, e.Text("logger"), e.Text("msg"))
		}
	}
}

// LG-14 over the wire: what an outsider sees for every kind of account.
// newEachTime is what no two answers share: the nonce of the script, and the sealed form cookie, which holds the address.
var newEachTime = regexp.MustCompile(`nonce(-|=")[A-Za-z0-9_-]+|loginwall-form=[^;]+`)

func TestLG14_OneFailureForAll(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{Realm: "source_limit off"})
	active, locked, disabled, removed, invited := g.Active(), g.Active(), g.Active(), g.Active(), g.Invite()
	guess := g.Browser().Guess()
	for range 6 {
		if _, err := guess.Send(locked.Email, wrong); err != nil {
			t.Fatal(err)
		}
	}
	g.Must("user", "disable", disabled.Email)
	g.Must("user", "remove", removed.Email)
	want := ""
	for _, row := range []struct{ name, email, password string }{
		{"unknown", "stranger@example.com", wrong},
		{"active", active.Email, wrong},
		{"locked", locked.Email, locked.Password},
		{"disabled", disabled.Email, disabled.Password},
		{"removed", removed.Email, removed.Password},
		{"invited", invited.Email, wrong},
	} {
		p, err := guess.Send(row.email, row.password)
		if err != nil {
			t.Fatal(err)
		}
		p.Header.Del("Date")
		body := csrfField.ReplaceAllString(strings.ReplaceAll(p.Body, row.email, "EMAIL"), "")
		p.Header.Del("Content-Length") // the address is printed again, and they differ in length
		seen := newEachTime.ReplaceAllString(fmt.Sprint(p.StatusCode, p.Header, body), "NEW")
		switch {
		case want == "":
			want = seen
			wantText(t, p, "Forgot Password")
		case seen != want:
			t.Errorf("%s: differs from an unknown address:\n%s\nwant\n%s", row.name, seen, want)
		}
	}
}

func TestRS02_LinksIgnoreTheHost(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{})
	jo := g.Active()
	for i, header := range []string{"X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-Host"} {
		if i == 3 {
			break // an account gets three mails an hour
		}
		b := g.Browser()
		value := "evil.test"
		if header == "Forwarded" {
			value = "host=evil.test"
		}
		b.Header.Set(header, value)
		b.Forgot(jo.Email)
		if link := g.Spool.Link(jo.Email); !strings.HasPrefix(link, g.URL+"/_auth/reset?token=") {
			t.Errorf("%s: link %s", header, strings.SplitN(link, "?", 2)[0])
		}
	}
}
