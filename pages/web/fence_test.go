package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/pages/web"
)

const al = "al@example.com"

// Ensure the app's cookies of one person never serve the next one at the same browser, and stay for the same one (SE-22).
func TestSE22_AppCookiesStayWithTheirPerson(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(al, good)
	b := w.browser()
	b.cookies["app"] = "left by somebody before"
	b.signIn(jo, good)
	if _, there := b.cookies["app"]; there {
		t.Error("cookies of nobody knows whom serve the first person")
	}
	b.cookies["app"], b.cookies["__Host-app"], b.cookies["bad name"] = "of jo", "of jo", "of jo"
	delete(b.cookies, "__Host-loginwall") // the session has ended
	b.signIn(jo, good)
	if b.cookies["app"] != "of jo" {
		t.Error("the same person has lost a cookie of the app")
	}
	delete(b.cookies, "__Host-loginwall")
	p := b.login(al, good)
	if b.cookies["app"] != "" || b.cookies["__Host-app"] != "" {
		t.Error("the second person has the first one's cookies")
	}
	dropped := strings.Join(p.Header["Set-Cookie"], "\n")
	for _, want := range []string{"app=; Path=/; Max-Age=0", "app=; Path=/; Domain=mail.example.test; Max-Age=0", "__Host-app=; Path=/; Max-Age=0"} {
		if !strings.Contains(dropped, want) {
			t.Errorf("no %q in\n%s", want, dropped)
		}
	}
	if strings.Contains(dropped, "__Host-app=; Path=/; Domain") || strings.Contains(dropped, "bad name") {
		t.Errorf("a line no browser takes:\n%s", dropped)
	}
	b.cookies["app"] = "of al"
	b.submit(b.get("/_auth/logout"), "/_auth/logout")
	if _, there := b.cookies["app"]; there {
		t.Error("a cookie of the app is left after the sign-out")
	}
}

// Ensure hosts that share a sign-in find out by themselves that somebody else is at the browser.
func TestSE22_FenceOfHostsThatShareASignIn(t *testing.T) {
	w := newWall(t, func(o *web.Options) { o.CookieDomain = "example.com" })
	b := w.browser()
	ask := func(account, app string) (sent string, answered []string) {
		t.Helper()
		delete(b.cookies, "app")
		if app != "" {
			b.cookies["app"] = app
		}
		r, req := b.request(http.MethodGet, "/", "", nil)
		lines, err := w.Fence(r, req, w.account(account).ID)
		if err != nil {
			t.Fatal(err)
		}
		b.answer(func(rw http.ResponseWriter) { rw.Header()["Set-Cookie"] = lines })
		web.StripCookies(r.Header)
		return r.Header.Get("Cookie"), lines
	}
	w.active(jo, good)
	w.active(al, good)
	if sent, lines := ask(jo, "1"); sent != "app=1" || len(lines) != 1 {
		t.Errorf("first visit: %q, %q", sent, lines)
	}
	if sent, lines := ask(jo, "1"); sent != "app=1" || lines != nil {
		t.Errorf("next visit: %q, %q", sent, lines)
	}
	if sent, lines := ask(al, "1"); sent != "" || len(lines) != 3 {
		t.Errorf("somebody else: %q, %q", sent, lines)
	}
	if sent, lines := ask(al, "2"); sent != "app=2" || lines != nil {
		t.Errorf("and again: %q, %q", sent, lines)
	}
	alone := newWall(t, nil)
	r, req := b.request(http.MethodGet, "/", "", nil)
	if lines, err := alone.Fence(r, req, "x"); lines != nil || err != nil {
		t.Errorf("without a shared sign-in: %q, %v", lines, err)
	}
}
