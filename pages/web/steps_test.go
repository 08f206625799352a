package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy/gate"
)

func TestOriginOfAPost(t *testing.T) {
	w := newWall(t, func(o *web.Options) { o.Origin = func() string { return "https://public.example.test" } })
	w.active(jo, good)
	for name, c := range map[string]struct {
		origins []string
		want    int
	}{
		"the one the request came to": {[]string{origin}, http.StatusSeeOther},
		"in capitals":                 {[]string{strings.ToUpper(origin)}, http.StatusSeeOther},
		"the configured one":          {[]string{"https://public.example.test"}, http.StatusSeeOther},
		"none":                        {nil, http.StatusSeeOther},
		"two":                         {[]string{origin, "https://evil.test"}, http.StatusForbidden},
		"empty":                       {[]string{""}, http.StatusForbidden},
	} {
		b := w.browser()
		body := url.Values{"csrf": {b.get("/_auth/login").csrf(t)}, "email": {jo}, "password": {good}}.Encode()
		r, req := b.request(http.MethodPost, "/_auth/login", body, headers{"Sec-Fetch-Site", ""})
		r.Header["Origin"] = c.origins
		t.Run(name, func(t *testing.T) { wantStatus(t, b.serve(r, req), c.want) })
	}
}

// Over http on a network browsers send no Sec-Fetch headers, so the forms behind a link need their Origin.
func TestPlainHTTPKeepsTheOrigin(t *testing.T) {
	w := newWall(t, nil)
	w.invite(jo)
	for plain, policy := range map[bool]string{true: "same-origin", false: "no-referrer"} {
		b := w.browser()
		b.secure = false
		b.get(w.link())
		r, req := b.request(http.MethodGet, "/_auth/setup", "", nil)
		req.Plain = plain
		p := b.serve(r, req)
		wantStatus(t, p, http.StatusOK)
		if have := p.Header.Get("Referrer-Policy"); have != policy {
			t.Errorf("plain %v: %s, want %s", plain, have, policy)
		}
	}
}

func TestLG24_BusyHashingIsToldAndNothingLost(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	member, resetting, login := w.browser(), w.browser(), w.browser()
	member.signIn(jo, good)
	last := resetting.toPassword(w.link())
	w.busy = true
	for name, p := range map[string]reply{
		"login":    login.login(jo, good),
		"password": member.submit(member.get("/_auth/account"), "/_auth/account/password", "password", good, "new_password", other, "confirm_password", other),
		"reset":    resetting.submit(last, "/_auth/reset", "new_password", other, "confirm_password", other),
	} {
		if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || len(p.Cookies()) != 0 {
			t.Errorf("%s: %d %v", name, p.StatusCode, p.Header)
		}
	}
	w.busy = false
	if w.account(jo).Failures.Failed != 0 || !member.signedIn() {
		t.Error("something was lost")
	}
	wantLocation(t, resetting.submit(last, "/_auth/reset", "new_password", other, "confirm_password", other), "/_auth/reset")
}

func TestRS13_CodesPausedOverAllLinks(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	var b *browser
	var page reply
	for range 2 {
		w.advance(time.Hour)
		w.browser().forgot(jo)
		b = w.browser()
		page = b.toCode(w.link())
		for range 5 {
			b.submit(page, "/_auth/reset", "code", wrongCode(w))
		}
	}
	w.advance(time.Hour)
	w.browser().forgot(jo)
	b = w.browser()
	p := b.open(w.link()) // told before anything is chosen
	wantStatus(t, p, http.StatusTooManyRequests)
	if p.Header.Get("Retry-After") != "79200" { // a day after the first of them, of which two hours are over
		t.Errorf("Retry-After %q", p.Header.Get("Retry-After"))
	}
}

func wrongCode(w *wall) string {
	if w.code() == "000000" {
		return "000001"
	}
	return "000000"
}

func TestRS18_CodeThatIsTooOld(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.toCode(w.link())
	w.advance(10*time.Minute + time.Second)
	wantLocation(t, b.submit(page, "/_auth/reset", "code", w.code()), "/_auth/reset")
	page = b.open("/_auth/reset")
	wantText(t, page, "too old")
	b.submit(page, "/_auth/reset", "resend", "text")
	w.deliver()
	page = b.open("/_auth/reset")
	if strings.Contains(page.body, "too old") {
		t.Error("said of the new code, too")
	}
	b.submit(page, "/_auth/reset", "code", w.code())
	wantText(t, b.open("/_auth/reset"), `name="new_password"`)
}

func TestResendTooSoonIsTold(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	choice := b.open(w.link())
	page := b.toCode(w.link())
	sent := len(w.texts)
	b.submit(choice, "/_auth/reset", "method", "text") // the first form once more: nothing to be told
	wantText(t, b.open("/_auth/reset"), "again in 30 seconds")
	b.submit(page, "/_auth/reset", "resend", "call")
	w.deliver()
	wantText(t, b.open("/_auth/reset"), "again in 30 seconds")
	if len(w.texts) != sent || len(w.calls) != 0 {
		t.Error("sent again")
	}
	w.advance(30 * time.Second)
	p := b.open("/_auth/reset")
	wantText(t, p, `value="call"`)
	if strings.Contains(p.body, "again in") {
		t.Error("still told to wait")
	}
}

func TestRS41_ResetWhileAContactChangeWaits(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.open(w.link())
	phone := "+12025550199"
	if _, err := w.gate.SetAccount(t.Context(), jo, gate.AccountChange{Phone: &phone}, gate.Client{}); err != nil {
		t.Fatal(err)
	}
	sent := len(w.texts)
	b.submit(page, "/_auth/reset", "method", "text")
	w.deliver()
	wantStatus(t, b.open("/_auth/reset"), http.StatusConflict)
	for _, m := range w.texts[sent:] {
		if len(m.Body) == 6 {
			t.Error("a code was sent")
		}
	}
}

func TestCS13_StepLeftOpenTooLong(t *testing.T) {
	w := newWall(t, nil)
	w.invite(jo)
	b := w.browser()
	page := b.open(w.link())
	w.advance(13 * time.Hour)
	p := b.submit(page, "/_auth/setup", "method", "text")
	wantStatus(t, p, http.StatusUnprocessableEntity)
	wantText(t, p, "open too long")
	wantLocation(t, b.submit(p, "/_auth/setup", "method", "text"), "/_auth/setup")
	wantText(t, b.open("/_auth/setup"), `name="code"`)
}

func TestPostOfASessionThatHasEnded(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	page := b.get("/_auth/account")
	w.advance(time.Hour)
	for _, target := range []string{"/_auth/account/sessions", "/_auth/account/password", "/_auth/logout"} {
		wantLocation(t, b.submit(page, target, "session", "others"), "/_auth/login")
	}
	wantText(t, b.get("/_auth/login"), "Your session has ended")
}

func TestOwnSessionOnTheAccountPage(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b, watcher := w.browser(), w.browser()
	b.signIn(jo, good)
	w.advance(time.Second)
	watcher.signIn(jo, good)
	own := references(watcher.get("/_auth/account"))[0] // the other browser's, as seen from here
	wantLocation(t, b.submit(b.get("/_auth/account"), "/_auth/account/sessions", "session", own), "/_auth/login?signed_out")
	if b.signedIn() || !watcher.signedIn() {
		t.Error("not exactly this session has ended")
	}
}

func TestALinkOpenedTwiceGoesOnWhereItWas(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	b.toCode(w.link())
	wantText(t, b.open(w.link()), `name="code"`)
}

func TestAppCookieNamesNeverSignIn(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	value := b.cookies["__Host-loginwall"]
	for _, name := range []string{"__Host-loginwall-form", "__Host-loginwall-flow", "loginwall"} {
		x := w.browser()
		x.cookies[name] = value
		x.cookies["__Host-loginwall"] = b.cookies["__Host-loginwall-form"]
		if x.signedIn() {
			t.Errorf("a value of another cookie (%s) is a session", name)
		}
	}
}
