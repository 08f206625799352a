package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// refuse asks for a path of the app without a session.
func (b *browser) refuse(method, target string, h ...string) reply {
	r, req := b.request(method, target, "", h)
	return b.answer(func(w http.ResponseWriter) { b.w.Refuse(w, r, req, target) })
}

var script = []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Accept", "*/*"}

func TestT1_T2_SE21_PX16_AnonymousOutcome(t *testing.T) {
	w := newWall(t, nil)
	for _, c := range []struct {
		name, method string
		h            []string
		location     string // "": 401
	}{
		{"navigation", "GET", nil, "/_auth/login?next=%2Finbox%3Fa%3Db%26c%3Dd"},
		{"frame", "GET", []string{"Sec-Fetch-Dest", "iframe"}, "/_auth/login?next=%2Finbox%3Fa%3Db%26c%3Dd"},
		{"old browser", "GET", []string{"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", ""}, "/_auth/login?next=%2Finbox%3Fa%3Db%26c%3Dd"},
		{"head", "HEAD", nil, "/_auth/login?next=%2Finbox%3Fa%3Db%26c%3Dd"},
		{"form", "POST", nil, "/_auth/login"},
		{"fetch", "GET", script, ""},
		{"fetch for html", "GET", []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, ""},
		{"image", "GET", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, ""},
		{"websocket", "GET", []string{"Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "empty", "Upgrade", "websocket", "Connection", "Upgrade"}, ""},
		{"preflight", "OPTIONS", []string{"Sec-Fetch-Mode", "cors", "Origin", "https://evil.test", "Access-Control-Request-Method", "GET"}, ""},
		{"curl", "GET", []string{"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Accept", "*/*"}, ""},
		{"json", "GET", []string{"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Accept", "application/json"}, ""},
		{"old post", "POST", []string{"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", ""}, ""},
		{"dest only", "GET", []string{"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "script"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.browser().refuse(c.method, "/inbox?a=b&c=d", c.h...)
			if c.location != "" {
				wantLocation(t, p, c.location)
			} else {
				wantStatus(t, p, http.StatusUnauthorized)
				var answer map[string]string
				if err := json.Unmarshal([]byte(p.body), &answer); err != nil || answer["error"] != "unauthenticated" || answer["login"] != "/_auth/login" {
					t.Errorf("body %q", p.body)
				}
				if p.Header.Get("Location") != "" {
					t.Error("a redirect")
				}
			}
			if p.Header.Get("Cache-Control") != "no-store" || len(p.Header["Set-Cookie"]) != 0 ||
				p.Header.Get("WWW-Authenticate") != "" || p.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers %v", p.Header)
			}
			if vary := strings.Join(p.Header["Vary"], ", "); !strings.Contains(vary, "Sec-Fetch-Mode") || !strings.Contains(vary, "Cookie") {
				t.Errorf("Vary %q", vary)
			}
		})
	}
}

func TestT2_PollsAfterTheEndGrowNoCookie(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	b.cookies["app"] = "1"
	w.advance(time.Hour)
	before := len(b.cookies)
	for range 10 {
		wantStatus(t, b.refuse("GET", "/api/x", script...), http.StatusUnauthorized)
	}
	if len(b.cookies) != before {
		t.Errorf("cookies %v", b.cookies)
	}
	b.cookies["__Host-loginwall"] = "garbage"
	b.refuse("GET", "/api/x", script...)
	if len(b.cookies) != before {
		t.Error("a poll changes cookies")
	}
	b.refuse("GET", "/inbox")
	if _, there := b.cookies["__Host-loginwall"]; there {
		t.Error("a cookie that does not verify is kept")
	}
}

func TestForbiddenAndUnavailable(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	id := gate.Identity{Account: w.account(jo)}
	for _, c := range []struct {
		h      []string
		status int
		text   string
	}{{nil, 403, "<html"}, {script, 403, `{"error":"forbidden"}`}} {
		r, req := b.request("GET", "/billing/x", "", c.h)
		p := b.answer(func(rw http.ResponseWriter) { w.Forbidden(rw, r, req, id) })
		wantStatus(t, p, c.status)
		wantText(t, p, c.text)
		p = b.answer(func(rw http.ResponseWriter) { w.Unavailable(rw, r, req) })
		wantStatus(t, p, http.StatusServiceUnavailable)
		if p.Header.Get("Retry-After") == "" || len(p.Header["Set-Cookie"]) != 0 {
			t.Errorf("headers %v", p.Header)
		}
	}
}

// hostile are targets that must never be followed.
var hostile = []string{
	"//evil.test", "///evil.test", "////evil.test", "https://evil.test", "http:evil.test", "https:/evil.test",
	`/\evil.test`, `\\evil.test`, `/\/evil.test`, `\/evil.test`,
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "blob:x",
	"/x\r\nSet-Cookie:a=b", "/x%0d%0aSet-Cookie:a=b", "https://mail.example.test@evil.test/", "//mail.example.test:443@evil.test",
	" //evil.test", "\t//evil.test", "/\t/evil.test", "/%09/evil.test", "/%00", "/\n/evil.test", "/%5cevil.test", "/%2f/evil.test",
	"/_auth/logout", "/_auth/login", "/_auth/reset?token=x", "/_auth", "/_AUTH/logout", "/x/../_auth/logout", "/%5fauth/logout",
	"/_auth/account/../logout", "/" + strings.Repeat("a", 8<<10), "/a\"><script>alert(1)</script>", "x", "?x", "#x",
}

func TestRD01_RD02_RD03_RD04_RD05_RD06_RD08_RD09_RD11_NextStaysHere(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	for _, next := range hostile {
		b := w.browser()
		page := b.get("/_auth/login?next=" + url.QueryEscape(next))
		wantStatus(t, page, http.StatusOK)
		if strings.Contains(page.body, "evil.test") || strings.Contains(page.body, "alert(1)") {
			t.Errorf("%q is on the page", next)
		}
		p := b.submit(page, "/_auth/login", "email", jo, "password", good, "next", next)
		location := p.Header.Get("Location")
		if p.StatusCode != http.StatusSeeOther || location != "/" && !strings.HasPrefix(location, "/%09/") && !strings.HasPrefix(location, "/x%0d") {
			t.Errorf("%q leads to %q (%d)", next, location, p.StatusCode)
		}
		if len(p.Header["Set-Cookie"]) != len(p.Cookies()) || p.Header.Get("Set-Cookie") == "a=b" {
			t.Errorf("%q adds a header", next)
		}
	}
	b := w.browser()
	page := b.get("/_auth/login?next=/a&next=/b")
	if next := hidden(t, page); next != "" {
		t.Errorf("one of two was taken: %q", next)
	}
	p := b.post("/_auth/login", url.Values{"csrf": {page.csrf(t)}, "email": {jo}, "password": {good}, "next": {"/a", "/b"}})
	wantLocation(t, p, "/")
}

func TestRD10_NextSurvivesFailures(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	page := b.open(b.refuse("GET", "/inbox?folder=a%20b&x=1").Header.Get("Location"))
	for range 2 {
		page = b.submit(page, "/_auth/login", "email", jo, "password", "wrong", "next", hidden(t, page))
	}
	w.advance(20 * time.Minute)
	wantLocation(t, b.submit(page, "/_auth/login", "email", jo, "password", good, "next", hidden(t, page)), "/inbox?folder=a%20b&x=1")
}

// hidden is the way back as the form holds it.
func hidden(t *testing.T, p reply) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.body, `name="next" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("no next on the page")
	}
	return strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(value)
}

func TestRD12_RedirectsStayOnTheSite(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	for _, target := range []string{"/_auth", "/_auth/account", "/_auth/logout", "/_auth/reset?token=x", "/.well-known/change-password"} {
		r, req := w.browser().request("GET", target, "", headers{"X-Forwarded-Proto", "javascript", "X-Forwarded-Host", "evil.test"})
		r.Host, req.Origin = "evil.test", ""
		p := w.browser().serve(r, req)
		wantStatus(t, p, http.StatusSeeOther)
		if location := p.Header.Get("Location"); policy.NextPath(location, "/none") != location {
			t.Errorf("%s leads to %q", target, location)
		}
	}
}

func TestChangePasswordAddress(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	page := b.open("/.well-known/change-password")
	wantText(t, page, `value="/_auth/account/password"`)
	p := b.submit(page, "/_auth/login", "email", jo, "password", good, "next", hidden(t, page))
	wantLocation(t, p, "/_auth/account/password")
	wantText(t, b.open("/.well-known/change-password"), `name="new_password"`)
}

func TestPX33_OnlyTheExactPrefixIsOurs(t *testing.T) {
	w := newWall(t, nil)
	for path, ours := range map[string]bool{
		"/_auth": true, "/_auth/": true, "/_auth/login": true, "/_auth/none": true, "/_auth/../x": true, "/.well-known/change-password": true,
		"/_AUTH/login": false, "/_auth%2flogin": false, "/%5fauth/login": false, "//_auth/login": false, "/_authx": false, "/x/_auth/login": false,
		"/_auth;x/login": false, `/_auth\login`: false, "/.well-known/change-password/": false, "/.well-known/other": false, "": false,
	} {
		if w.Owns(path) != ours {
			t.Errorf("Owns(%q) is %v", path, !ours)
		}
	}
	for _, path := range []string{"/_auth/none", "/_auth/login/", "/_auth//login", "/_auth/../x", "/_auth/LOGIN", "/_auth/log%69n", "/_auth/login;x"} {
		wantStatus(t, w.browser().get(path), http.StatusNotFound)
	}
	wantStatus(t, w.browser().open("/_auth"), http.StatusOK)
}

func TestU24_PasswordManagersAreToldTheTruth(t *testing.T) {
	const probe = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
	w := newWall(t, nil)
	for _, h := range [][]string{nil, script, {"Sec-Fetch-Mode", "", "Sec-Fetch-Dest", "", "Accept", "*/*"}} {
		p := w.browser().get(probe, h...)
		wantStatus(t, p, http.StatusNotFound)
		if len(p.Cookies()) != 0 {
			t.Errorf("sets %v", p.Cookies())
		}
	}
	if !w.Owns(probe) || w.Owns(probe+"/") || w.Owns("/.well-known/security.txt") {
		t.Error("the wall answers for more or less than the probe")
	}
}
