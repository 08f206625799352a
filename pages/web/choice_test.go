package web_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/policy/gate"
)

const languageCookie = "__Host-loginwall-language"

func choice(to, back string) string {
	return "/_auth/language?" + url.Values{"to": {to}, "back": {back}}.Encode()
}

func wantLanguage(t *testing.T, p reply, want string) {
	t.Helper()
	wantText(t, p, `<html lang="`+want+`"`)
	if got := p.Header.Get("Content-Language"); got != want {
		t.Errorf("Content-Language %q, want %q", got, want)
	}
	if vary := strings.Join(p.Header["Vary"], ", "); !strings.Contains(vary, "Cookie") || !strings.Contains(vary, "Accept-Language") {
		t.Errorf("Vary %q", vary)
	}
}

// Ensure a choice wins over what the browser asks for, on every page, and lasts a year.
func TestChoiceOfLanguage(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	b := w.browser()
	wantLanguage(t, b.get("/_auth/login"), "en")
	wantLanguage(t, b.get("/_auth/login", "Accept-Language", "nl-BE, en;q=0.5"), "nl")
	p := b.get(choice("nl", "/_auth/login?next=%2Finbox"))
	wantLocation(t, p, "/_auth/login?next=%2Finbox")
	set := p.Cookies()
	if len(set) != 1 || set[0].Name != languageCookie || set[0].Value != "nl" || set[0].MaxAge != 365*24*60*60 || !set[0].Secure ||
		!set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode || set[0].Path != "/" || set[0].Domain != "" {
		t.Fatalf("cookies %v", set)
	}
	page := b.get("/_auth/login?next=/inbox", "Accept-Language", "en")
	wantLanguage(t, page, "nl")
	wantText(t, page, `name="back" value="/_auth/login?next=%2Finbox"`)
	r, req := b.request("GET", "/billing", "", nil)
	wantLanguage(t, b.answer(func(rw http.ResponseWriter) { w.Unavailable(rw, r, req) }), "nl")
	b.get(choice("en", ""))
	wantLanguage(t, b.get("/_auth/login", "Accept-Language", "nl"), "en")
}

func TestChoiceOfLanguageOverPlainHTTP(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	b := w.browser()
	b.secure = false
	b.get(choice("nl", ""))
	if b.cookies["loginwall-language"] != "nl" {
		t.Fatalf("cookies %v", b.cookies)
	}
	wantLanguage(t, b.get("/_auth/login"), "nl")
}

// Ensure nothing is remembered that there are no pages in, and nothing that another site has asked for.
func TestChoiceOfLanguageThatIsNone(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	for name, p := range map[string]reply{
		"unknown":    w.browser().get(choice("tlh", "/inbox")),
		"none":       w.browser().get("/_auth/language?back=/inbox"),
		"two":        w.browser().get("/_auth/language?to=nl&to=en&back=/inbox"),
		"another":    w.browser().get(choice("NL", "/inbox")),
		"a header":   w.browser().get(choice("nl\r\nSet-Cookie: a=b", "/inbox")),
		"cross-site": w.browser().get(choice("nl", "/inbox"), "Sec-Fetch-Site", "cross-site"),
		"a picture":  w.browser().get(choice("nl", "/inbox"), "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"),
		"a frame":    w.browser().get(choice("nl", "/inbox"), "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"),
		"neighbour":  w.browser().get(choice("nl", "/inbox"), "Sec-Fetch-Site", "same-site"),
	} {
		t.Run(name, func(t *testing.T) {
			wantLocation(t, p, "/inbox")
			if len(p.Header["Set-Cookie"]) != 0 {
				t.Errorf("sets %v", p.Header["Set-Cookie"])
			}
		})
	}
	b := w.browser()
	b.cookies[languageCookie] = "tlh"
	wantLanguage(t, b.get("/_auth/login", "Accept-Language", "nl"), "nl")
	wantStatus(t, b.post("/_auth/language", url.Values{"to": {"nl"}}), http.StatusMethodNotAllowed)
}

func TestRD12_ChoiceOfLanguageLeadsNowhereElse(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	w.active(jo, good)
	for _, back := range hostile {
		location := w.browser().get(choice("nl", back)).Header.Get("Location")
		// Of ours, these are pages, which may be led to, without what does not belong to them.
		page := map[string]string{
			"/_auth/logout": "/_auth/logout", "/_auth/login": "/_auth/login", "/_auth/reset?token=x": "/_auth/reset", "/_auth": "/_auth/",
		}[back]
		if page == "" {
			page = "/_auth/login"
		}
		if location != page {
			t.Errorf("%q leads to %q, want %q", back, location, page)
		}
		if location := w.browser().get(choice("nl", "/_auth/login?next="+url.QueryEscape(back))).Header.Get("Location"); location != "/_auth/login" {
			t.Errorf("next %q leads to %q", back, location)
		}
	}
	for back, want := range map[string]string{
		"/": "/", "/inbox?folder=a%20b&x=1": "/inbox?folder=a%20b&x=1", "/login": "/login", "/language?to=x": "/language?to=x",
		"/_auth/":        "/_auth/",
		"/_auth/account": "/_auth/account", "/_auth/account?x=y": "/_auth/account", "/_auth/account/sessions": "/_auth/login",
		"/_auth/forgot?sent": "/_auth/forgot?sent", "/_auth/login?signed_out": "/_auth/login?signed_out",
		"/_auth/login?next=/a&next=/b": "/_auth/login", "/_auth/login?next=%2Fa%3Fb&x=y": "/_auth/login?next=%2Fa%3Fb",
		"/_auth/setup?token=" + gate.RandomToken(): "/_auth/setup", "": "/_auth/login", "/_auth/language?to=en": "/_auth/login",
		"/_auth/session": "/_auth/login", "/_auth/health": "/_auth/login", "/_auth/assets/x.css": "/_auth/login", "/_auth/none": "/_auth/login",
		"/.well-known/change-password": "/.well-known/change-password",
	} {
		if location := w.browser().get(choice("nl", back)).Header.Get("Location"); location != want {
			t.Errorf("%q leads to %q, want %q", back, location, want)
		}
	}
}

// backTo is where the choice of language on a page leads, "" where none is offered.
func backTo(p reply) string {
	_, rest, _ := strings.Cut(p.body, `name="back" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(value)
}

// Ensure each page offers the way back to itself, also one that answers a post, and never one with a link's token.
func TestPagesKnowTheWayBack(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	w.active(jo, good)
	b := w.browser()
	check := func(name string, p reply, want string) {
		t.Helper()
		if got := backTo(p); got != want {
			t.Errorf("%s: back to %q, want %q", name, got, want)
		}
	}
	login := b.get("/_auth/login?next=/inbox?x=1")
	check("login", login, "/_auth/login?next=%2Finbox%3Fx%3D1")
	check("login without next", b.get("/_auth/login?email=x"), "/_auth/login")
	check("login with a token", b.get("/_auth/login?next=/x?token="+gate.RandomToken()), "")
	check("failure", b.submit(login, "/_auth/login", "email", jo, "password", "wrong", "next", "/inbox?x=1"), "/_auth/login?next=%2Finbox%3Fx%3D1")
	check("failure with a token", b.submit(login, "/_auth/login", "email", jo, "password", "wrong", "next", "/x?token=y"), "")
	check("forged", b.post("/_auth/login?next=/x", url.Values{"csrf": {"x"}, "email": {jo}, "password": {"x"}}), "/_auth/login")
	check("forgot", b.get("/_auth/forgot"), "/_auth/forgot")
	check("nothing typed", b.submit(b.get("/_auth/forgot"), "/_auth/forgot", "email", " "), "/_auth/forgot")
	b.forgot(jo)
	check("sent", b.get("/_auth/forgot?sent"), "/_auth/forgot?sent")
	link := w.link()
	w.store.set(true)
	check("outage", b.get(link+"&x=y"), "")
	w.store.set(false)
	check("step", b.open(link), "/_auth/reset")
	check("no link", w.browser().get("/_auth/reset"), "/_auth/reset")
	check("no page", b.get("/_auth/none"), "")
	b.signIn(jo, good)
	check("account", b.get("/_auth/account"), "/_auth/account")
	check("stale form", b.submit(login, "/_auth/account/sessions", "session", "others"), "/_auth/account")
	check("refused password", b.submit(b.get("/_auth/account"), "/_auth/account/password",
		"password", "x", "new_password", "x", "confirm_password", "x"), "/_auth/account/password")

	for target, want := range map[string]string{
		"/billing/x?y=1": "/billing/x?y=1", "/x\\y": "", "//x": "", "/billing?token=" + gate.RandomToken(): "", "/bill%0ding": "",
	} {
		r, req := b.request("GET", "/", "", nil)
		req.Path, req.Query, _ = strings.Cut(target, "?")
		check("forbidden "+target, b.answer(func(rw http.ResponseWriter) { w.Forbidden(rw, r, req, gate.Identity{Account: w.account(jo)}) }), want)
		check("unavailable "+target, b.answer(func(rw http.ResponseWriter) { w.Unavailable(rw, r, req) }), want)
	}
	r, req := b.request("POST", "/billing/x", "", nil)
	check("unavailable post", b.answer(func(rw http.ResponseWriter) { w.Unavailable(rw, r, req) }), "")
}

// Ensure a sign-out that has the browser drop every cookie keeps the language.
func TestLanguageOutlivesASignOut(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	b.get(choice("nl", ""))
	p := b.submit(b.get("/_auth/logout"), "/_auth/logout")
	if p.Header.Get("Clear-Site-Data") == "" {
		t.Fatal("no cookie was dropped")
	}
	clear(b.cookies)
	page := b.open(p.Header.Get("Location"))
	wantLanguage(t, page, "nl")
	wantText(t, page, "You are signed out.")
}
