package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/pages/web"
)

func TestSE01_SE17_OnlyACookieOfOursIsASession(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	mine := strings.Repeat("A", 43)
	b.cookies["__Host-loginwall"] = mine
	b.signIn(jo, good)
	given := b.cookies["__Host-loginwall"]
	if given == mine || strings.Contains(given, mine) {
		t.Error("the value sent before the sign-in is in use")
	}
	x := w.browser()
	x.cookies["__Host-loginwall"] = mine
	if x.signedIn() {
		t.Error("the value sent before the sign-in is valid")
	}
	x = w.browser()
	if p := x.get("/_auth/session?loginwall="+given, "Loginwall", given, "Authorization", "Bearer "+given); strings.Contains(p.body, "true") {
		t.Error("signed in without a cookie")
	}
	x.cookies["__host-loginwall"] = given // another name
	if x.signedIn() {
		t.Error("signed in by a cookie of another name")
	}
}

func TestSE04_SessionCookie(t *testing.T) {
	for _, c := range []struct {
		name   string
		secure bool
		domain string
		cookie http.Cookie
	}{
		{"https", true, "", http.Cookie{Name: "__Host-loginwall", Secure: true}},
		{"http", false, "", http.Cookie{Name: "loginwall"}},
		{"domain", true, "example.test", http.Cookie{Name: "__Secure-loginwall", Secure: true, Domain: "example.test"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWall(t, func(o *web.Options) { o.CookieDomain = c.domain })
			w.active(jo, good)
			b := w.browser()
			b.secure = c.secure
			set := session(t, b.login(jo, good), c.cookie.Name)
			check := func(have *http.Cookie) {
				t.Helper()
				if have.Secure != c.cookie.Secure || have.Domain != c.cookie.Domain || !have.HttpOnly ||
					have.SameSite != http.SameSiteLaxMode || have.Path != "/" || !have.Expires.IsZero() || len(have.String()) > 512 {
					t.Errorf("cookie %v", have)
				}
			}
			check(set)
			if set.MaxAge != 0 {
				t.Errorf("it outlives the browser: %v", set)
			}
			cleared := session(t, b.submit(b.get("/_auth/logout"), "/_auth/logout"), c.cookie.Name)
			if check(cleared); cleared.MaxAge >= 0 || cleared.Value != "" {
				t.Errorf("not cleared: %v", cleared)
			}
		})
	}
}

func session(t *testing.T, p reply, name string) *http.Cookie {
	t.Helper()
	cookies := p.Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no cookie %s with status %d: %v", name, p.StatusCode, cookies)
	}
	return cookies[i]
}

func TestSE05_SE24_NamesakesOfOtherHosts(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, good)
	b, attacker := w.browser(), w.browser()
	attacker.secure = false
	attacker.signIn(ann, good)
	tossed := "loginwall=" + attacker.cookies["loginwall"] + "; __Host-loginwall=" + attacker.cookies["loginwall"]
	if p := b.get("/_auth/session", "Cookie", tossed); strings.Contains(p.body, "true") {
		t.Error("a cookie without the prefix is read over https")
	}
	b.signIn(jo, good)
	mine := "__Host-loginwall=" + b.cookies["__Host-loginwall"]
	for _, line := range []string{"__Host-loginwall=x; " + mine, mine + "; __Host-loginwall=x", tossed + ";  " + mine + " ;a=b", "a;;" + mine} {
		if p := b.get("/_auth/session", "Cookie", line); !strings.Contains(p.body, "true") {
			t.Errorf("%s: the good one of several is not found", line)
		}
	}
	r, req := b.request(http.MethodGet, "/_auth/session", "", nil)
	r.Header["Cookie"] = []string{"a=b", mine, "c=d"}
	if p := b.serve(r, req); !strings.Contains(p.body, "true") {
		t.Error("not found in the second line")
	}
}

func TestSE07_GarbageIsClearedAndNoError(t *testing.T) {
	w := newWall(t, nil)
	for _, garbage := range []string{"", "x", strings.Repeat("a", 8<<10), "a\x00b", `"quoted"`, "%00", "a,b,c", "\U0001F600", "MTc=", "|||"} {
		for _, target := range []string{"/_auth/login", "/_auth/account", "/_auth/logout", "/_auth/reset", "/_auth/forgot", "/_auth"} {
			b := w.browser()
			line := "__Host-loginwall=" + garbage + "; __Host-loginwall-flow=" + garbage + "; __Host-loginwall-form=" + garbage
			p := b.get(target, "Cookie", line)
			if p.StatusCode >= 400 && p.StatusCode != http.StatusGone {
				t.Errorf("%q at %s: %d", garbage, target, p.StatusCode)
			}
			if target == "/_auth/login" || target == "/_auth/account" {
				if c := session(t, p, "__Host-loginwall"); c.MaxAge >= 0 {
					t.Errorf("%q is not cleared at %s: %v", garbage, target, c)
				}
			}
		}
	}
	if len(w.faults) != 0 || w.store.asked() != 0 {
		t.Error("garbage reached the store")
	}
}

func TestSE18_SE03_SignOut(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	copied := b.clone()
	page := b.get("/_auth/logout")
	wantStatus(t, page, http.StatusOK)
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be kept")
	}
	p := b.submit(page, "/_auth/logout")
	wantLocation(t, p, "/_auth/login?signed_out")
	if have := p.Header.Get("Clear-Site-Data"); have != `"cache", "cookies", "storage"` {
		t.Errorf("Clear-Site-Data %q", have)
	}
	wantText(t, b.open("/_auth/login?signed_out"), "You are signed out")
	if copied.signedIn() {
		t.Error("a copy of the cookie is still good")
	}
	wantLocation(t, copied.submit(page, "/_auth/logout"), "/_auth/login") // twice is safe
	local := w.browser()
	local.secure = false
	local.signIn(jo, good)
	if p := local.submit(local.get("/_auth/logout"), "/_auth/logout"); p.Header.Get("Clear-Site-Data") != "" {
		t.Error("Clear-Site-Data over http")
	}
}

func TestSE22_AnotherPersonInTheSameBrowser(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, other)
	b := w.browser()
	b.signIn(jo, good)
	first := b.clone()
	b.signIn(ann, other)
	wantText(t, b.get("/_auth/account"), ann)
	if first.signedIn() {
		t.Error("the first person's session goes on")
	}
}

func TestSessionInfoIsNoActivity(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	type info struct {
		SignedIn bool `json:"signed_in"`
		Idle     int  `json:"idle_seconds"`
		Lifetime int  `json:"lifetime_seconds"`
		Days     int  `json:"password_days_left"`
	}
	ask := func() (i info) {
		t.Helper()
		p := b.get("/_auth/session")
		if err := json.Unmarshal([]byte(p.body), &i); err != nil || p.Header.Get("Content-Type") != "application/json" {
			t.Fatal(err, p.body, p.Header)
		}
		return i
	}
	b.signIn(jo, good)
	w.advance(10 * time.Minute)
	for range 2 {
		if have, want := ask(), (info{true, 300, 42600, 90}); have != want {
			t.Errorf("have %v, want %v", have, want)
		}
	}
	b.get("/_auth/account") // a page is
	if have := ask(); have.Idle != 900 {
		t.Errorf("%d seconds left after opening a page", have.Idle)
	}
	w.advance(15 * time.Minute)
	if have := ask(); have != (info{}) {
		t.Errorf("after the end: %v", have)
	}
}

func TestRE02_StoreAway(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	b.signIn(jo, good)
	account := b.get("/_auth/account")
	step := b.open(w.link())
	login := w.browser()
	form := login.get("/_auth/login")
	before := len(b.cookies)
	w.store.set(true)
	for name, p := range map[string]reply{
		"account":  b.get("/_auth/account"),
		"login":    login.submit(form, "/_auth/login", "email", jo, "password", good),
		"reset":    b.get("/_auth/reset"),
		"method":   b.submit(step, "/_auth/reset", "method", "text"),
		"sessions": b.submit(account, "/_auth/account/sessions", "session", "others"),
		"session":  b.get("/_auth/session"),
		"health":   b.get("/_auth/health"),
		"logout":   b.submit(account, "/_auth/logout"),
	} {
		if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || len(p.Cookies()) != 0 {
			t.Errorf("%s: %d %v", name, p.StatusCode, p.Header)
		}
	}
	wantStatus(t, w.browser().get("/_auth/login"), http.StatusOK)
	w.store.set(false)
	if !b.signedIn() || len(b.cookies) != before {
		t.Error("signed out meanwhile")
	}
	w.advance(time.Second)
	p := b.get("/_auth/health")
	wantStatus(t, p, http.StatusOK)
	if p.body != "ok\n" {
		t.Errorf("health says %q", p.body)
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	asset := b.get("/_auth/login").body
	_, asset, _ = strings.Cut(asset, `href="/_auth/assets/`)
	asset, _, _ = strings.Cut(asset, `"`)
	for _, target := range []string{"/_auth", "/_auth/login", "/_auth/account", "/_auth/reset", "/_auth/reset?token=x", "/_auth/none", "/_auth/health", "/_auth/session", "/_auth/assets/" + asset} {
		p := b.get(target)
		for name, part := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "max-age=31536000", "Cache-Control": "no-store",
		} {
			if name == "Cache-Control" && strings.HasPrefix(target, "/_auth/assets/") {
				part = "immutable"
			}
			if !strings.Contains(p.Header.Get(name), part) {
				t.Errorf("%s: %s is %q", target, name, p.Header.Get(name))
			}
		}
	}
	wantStatus(t, b.get("/_auth/assets/"+asset), http.StatusOK)
	wantStatus(t, b.get("/_auth/assets/../web.go"), http.StatusNotFound)
	r, req := b.request(http.MethodGet, "/_auth/login", "", nil)
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Strict-Transport-Security", "max-age=5")
	w.Serve(recorder, r, req)
	if have := recorder.Header().Get("Strict-Transport-Security"); have != "max-age=5" {
		t.Errorf("the operator's setting became %q", have)
	}
}
