package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/gate"
)

// forms lists each form with a browser that may post it, and the fields that would do something.
func forms(t *testing.T, w *wall) map[string]struct {
	b      *browser
	page   reply
	target string
	fields []string
} {
	t.Helper()
	type form = struct {
		b      *browser
		page   reply
		target string
		fields []string
	}
	list := map[string]form{}
	anonymous := func(name, target string, fields ...string) {
		b := w.browser()
		list[name] = form{b, b.get(target), target, fields}
	}
	anonymous("login", "/_auth/login", "email", jo, "password", good)
	anonymous("forgot", "/_auth/forgot", "email", jo)
	member := w.browser()
	member.signIn(jo, good)
	account := member.get("/_auth/account")
	list["logout"] = form{member, member.get("/_auth/logout"), "/_auth/logout", nil}
	list["sessions"] = form{member, account, "/_auth/account/sessions", []string{"session", "others"}}
	list["password"] = form{member, account, "/_auth/account/password", []string{"password", good, "new_password", other, "confirm_password", other}}
	b := w.browser()
	w.browser().forgot(jo)
	list["method"] = form{b, b.open(w.link()), "/_auth/reset", []string{"method", "text"}}
	return list
}

// state is what a forged form must not change.
func state(w *wall) [5]any {
	w.deliver()
	a := w.account(jo)
	sessions, err := w.store.SessionsOf(w.t.Context(), a.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return [5]any{len(sessions), a.Password.Hash, a.Failures.Failed, len(w.mails), len(w.texts)}
}

func TestCS01_CS02_CS03_CS04_CS06_CS07_ForgedForms(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().signIn(jo, good)
	attacks := []struct {
		name  string
		h     headers
		token func(own, stranger string) string
	}{
		{"cross-site", headers{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"}, nil},
		{"same-site", headers{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example.test"}, nil},
		{"foreign origin", headers{"Sec-Fetch-Site", "", "Origin", "https://evil.test"}, nil},
		{"other port", headers{"Sec-Fetch-Site", "", "Origin", origin + ":8443"}, nil},
		{"plain http", headers{"Sec-Fetch-Site", "", "Origin", "http://" + host}, nil},
		{"same-origin by a liar", headers{"Origin", "https://evil.test"}, nil},
		{"null", headers{"Sec-Fetch-Site", "", "Origin", "null"}, nil},
		{"sandboxed frame", headers{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, nil},
		{"typed", headers{"Sec-Fetch-Site", "none", "Origin", "null"}, nil},
		{"neither header, no token", headers{"Sec-Fetch-Site", "", "Origin", ""}, func(_, _ string) string { return "" }},
		{"no cookie", headers{"Sec-Fetch-Site", "", "Origin", "", "Cookie", ""}, func(own, _ string) string { return own }},
		{"another's token", headers{}, func(_, stranger string) string { return stranger }},
		{"token changed", headers{}, func(own, _ string) string { return own[:20] + flip(own[20:21]) + own[21:] }},
		{"token cut", headers{}, func(own, _ string) string { return own[:len(own)-1] }},
	}
	for name, f := range forms(t, w) {
		stranger := f.b.clone()
		stranger.cookies = map[string]string{}
		strange := stranger.get("/_auth/login").csrf(t)
		before := state(w)
		for _, a := range attacks {
			t.Run(name+"/"+a.name, func(t *testing.T) {
				b := f.b.clone()
				fields := url.Values{"csrf": {f.page.csrf(t)}}
				if a.token != nil {
					fields.Set("csrf", a.token(fields.Get("csrf"), strange))
				}
				for i := 0; i < len(f.fields); i += 2 {
					fields.Set(f.fields[i], f.fields[i+1])
				}
				p := b.post(f.target, fields, a.h...)
				member := name == "logout" || name == "sessions" || name == "password"
				if a.name == "no cookie" && member {
					wantLocation(t, p, "/_auth/login") // nobody is signed in, so there is nothing to forge
				} else {
					wantStatus(t, p, http.StatusForbidden)
				}
				if after := state(w); after != before {
					t.Errorf("it changed something: %v, before %v", after, before)
				}
				if strings.Contains(p.Header.Get("Clear-Site-Data")+strings.Join(p.Header["Set-Cookie"], ""), "__Host-loginwall=;") {
					t.Error("it took the session's cookie away")
				}
			})
		}
	}
}

func flip(letter string) string {
	if letter == "A" {
		return "B"
	}
	return "A"
}

func TestCS03_OwnPagesBehindALinkSendNoOrigin(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.open(w.link())
	if page.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the page tells where it is")
	}
	p := b.post("/_auth/reset", url.Values{"csrf": {page.csrf(t)}, "method": {"text"}}, "Origin", "null")
	wantLocation(t, p, "/_auth/reset")
}

func TestCS08_TokenFromBeforeTheSignIn(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	captured := b.get("/_auth/login").csrf(t)
	b.signIn(jo, good)
	for target, fields := range map[string]url.Values{
		"/_auth/logout":           {},
		"/_auth/forgot":           {"email": {jo}},
		"/_auth/account/sessions": {"session": {"others"}},
	} {
		fields.Set("csrf", captured)
		wantStatus(t, b.post(target, fields), http.StatusForbidden)
	}
	if !b.signedIn() {
		t.Error("signed out")
	}
}

func TestCS02_NoGetSignsOut(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	b.get("/_auth/logout", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
	if !b.signedIn() {
		t.Error("an image signs out")
	}
}

func TestCS12_PX14_OtherMethodsChangeNothing(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	before := state(w)
	for target, allow := range map[string]string{
		"/_auth": "GET, HEAD", "/_auth/": "GET, HEAD", "/_auth/login": "GET, HEAD, POST", "/_auth/logout": "GET, HEAD, POST",
		"/_auth/forgot": "GET, HEAD, POST", "/_auth/reset": "GET, HEAD, POST", "/_auth/setup": "GET, HEAD, POST",
		"/_auth/account": "GET, HEAD", "/_auth/account/sessions": "POST", "/_auth/account/password": "GET, HEAD, POST",
		"/_auth/session": "GET, HEAD", "/_auth/health": "GET, HEAD", "/.well-known/change-password": "GET, HEAD",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "TRACK", "CONNECT", "get"} {
			p := b.serve(b.request(method, target, "", nil))
			if allowed := strings.Contains(", "+allow+",", ", "+method+","); allowed == (p.StatusCode == 405) {
				t.Errorf("%s %s: %d", method, target, p.StatusCode)
			}
			if p.StatusCode == 405 && p.Header.Get("Allow") != allow {
				t.Errorf("%s %s: Allow %q", method, target, p.Header.Get("Allow"))
			}
			if method == "HEAD" && p.body != "" {
				t.Errorf("HEAD %s has a body", target)
			}
		}
	}
	if after := state(w); after != before || !b.signedIn() {
		t.Errorf("%v, before %v", after, before)
	}
}

func TestCS13_FormLeftOpenTooLong(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	for name, late := range map[string]func(b *browser){
		"too old":        func(*browser) { w.advance(12*time.Hour + time.Second) },
		"cookie is gone": func(b *browser) { clear(b.cookies) },
	} {
		t.Run(name, func(t *testing.T) {
			b := w.browser()
			page := b.get("/_auth/login")
			late(b)
			p := b.submit(page, "/_auth/login", "email", jo, "password", good, "next", "/inbox")
			wantText(t, p, "open too long")
			wantText(t, p, `value="`+jo+`"`)
			if strings.Contains(p.body, good) {
				t.Error("the password is printed")
			}
			wantLocation(t, b.submit(p, "/_auth/login", "email", jo, "password", good, "next", "/inbox"), "/inbox")
			page = b.get("/_auth/forgot")
			late(b)
			p = b.submit(page, "/_auth/forgot", "email", jo)
			wantText(t, p, "open too long")
			wantText(t, p, `value="`+jo+`"`)
			wantLocation(t, b.submit(p, "/_auth/forgot", "email", jo), "/_auth/forgot?sent")
		})
	}
	if w.account(jo).Failures.Failed != 0 {
		t.Error("a failure was counted")
	}
}

func TestEarlyDataPostsAreRefused(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	body := url.Values{"csrf": {b.get("/_auth/login").csrf(t)}, "email": {jo}, "password": {good}}.Encode()
	r, req := b.request(http.MethodPost, "/_auth/login", body, nil)
	req.EarlyData = true
	wantStatus(t, b.serve(r, req), http.StatusTooEarly)
	r, req = b.request(http.MethodGet, "/_auth/login", "", nil)
	req.EarlyData = true
	wantStatus(t, b.serve(r, req), http.StatusOK)
}

// A rotated key signs after its delay; what older ones signed is still good.
func TestKeysRotate(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	page := b.get("/_auth/logout")
	if err := w.gate.RotateKeys(t.Context(), gate.Client{}); err != nil {
		t.Fatal(err)
	}
	w.advance(2 * time.Minute)
	if !b.signedIn() {
		t.Error("signed out by a new key")
	}
	w.browser().signIn(jo, good)
	wantStatus(t, b.submit(page, "/_auth/logout"), http.StatusSeeOther)
}
