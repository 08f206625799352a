package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// seen is all that a visitor can see of an answer, without the form token, what is sealed and the address typed.
func seen(t *testing.T, p reply, email string) string {
	t.Helper()
	body := strings.ReplaceAll(p.body, p.csrf(t), "TOKEN")
	body = strings.ReplaceAll(body, email, "EMAIL")
	h := maps.Clone(p.Header)
	h.Del("Content-Length") // follows from the length of the address
	h.Del("Set-Cookie")     // judged by its names
	return fmt.Sprint(p.StatusCode, h, body)
}

func TestLG14_OneFailureForEveryReason(t *testing.T) {
	w := newWall(t, nil)
	for _, email := range []string{"active@example.com", "locked@example.com", "disabled@example.com"} {
		w.active(email, good)
	}
	w.invite("invited@example.com")
	lockout := w.browser()
	lockout.address = "192.0.2.99"
	for range 6 {
		lockout.login("locked@example.com", "wrong")
	}
	if state := w.account("locked@example.com").Failures.LockedAt; state.IsZero() {
		t.Fatal("not locked")
	}
	if _, err := w.gate.DisableAccount(t.Context(), "disabled@example.com", gate.Client{}); err != nil {
		t.Fatal(err)
	}
	var first string
	for _, c := range [][2]string{
		{"active@example.com", "wrong"}, {"unknown@example.com", good}, {"locked@example.com", good},
		{"locked@example.com", "wrong"}, {"disabled@example.com", good}, {"invited@example.com", good},
		{"no address", good}, {"", good}, {"active@example.com", ""},
	} {
		p := w.browser().login(c[0], c[1])
		wantStatus(t, p, http.StatusForbidden)
		wantText(t, p, "three possible reasons")
		if c[0] == "" {
			continue // the cursor starts elsewhere
		}
		have := seen(t, p, c[0])
		if first == "" {
			first = have
		}
		if have != first {
			t.Errorf("%q with %q is answered otherwise:\n%s\n%s", c[0], c[1], have, first)
		}
		if set := p.Cookies(); len(set) != 1 || set[0].Name != "__Host-loginwall-form" { // the address, for the forgot page
			t.Errorf("%q sets %v", c[0], set)
		}
	}
}

func TestLG16_UnknownAddressesAreAnsweredLikeKnownOnes(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	known, unknown := w.browser(), w.browser()
	unknown.address = "192.0.2.2"
	for i := range 25 { // past the lock, and past the limit of the source
		a, b := known.login(jo, "wrong"), unknown.login("nobody@example.com", "wrong")
		if x, y := seen(t, a, jo), seen(t, b, "nobody@example.com"); x != y {
			t.Fatalf("try %d differs:\n%s\n%s", i+1, x, y)
		}
	}
	p := known.login(jo, good)
	wantStatus(t, p, http.StatusTooManyRequests)
	if p.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	wantText(t, p, `value="`+jo+`"`)
}

func TestLG17_RightPasswordOfExpiredAndDisabledAccounts(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, good)
	w.advance(90 * 24 * time.Hour)
	b := w.browser()
	p := b.login(jo, good)
	wantStatus(t, p, http.StatusForbidden)
	wantText(t, p, "Your Password Has Expired")
	if b.signedIn() || len(p.Cookies()) != 0 {
		t.Error("an expired password gave a session")
	}
	sent := b.submit(p, "/_auth/forgot", "email", jo)
	wantLocation(t, sent, "/_auth/forgot?sent")
	w.deliver()
	if !strings.Contains(w.link(), "/_auth/reset?token=") {
		t.Error("the form of the expired page mailed no link")
	}
	if _, err := w.gate.DisableAccount(t.Context(), ann, gate.Client{}); err != nil {
		t.Fatal(err)
	}
	if p := b.login(ann, good); strings.Contains(p.body, "Expired") {
		t.Error("a disabled account gives a hint")
	}
}

func TestLG18_SpellingsOfOneAddress(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	for _, email := range []string{"JO.PUBLIC@Example.COM", "  jo.public@example.com  "} {
		w.browser().signIn(email, good)
	}
	for _, email := range []string{"jopublic@example.com", "jo.public+x@example.com"} {
		wantStatus(t, w.browser().login(email, good), http.StatusForbidden)
	}
}

func TestLG20_GarbageInTheAddressHarmsNobody(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	for _, garbage := range []string{"\x00", "\r\n", "\t", "\u0000", "\xff\xfe", "\xed\xa0\x80", `"><svg/onload=alert(1)>`, "{env.SECRET}", "*", ":"} {
		p := w.browser().login(jo+garbage+"x", "wrong")
		wantStatus(t, p, http.StatusForbidden)
		if strings.Contains(p.body, "<svg") {
			t.Error("unescaped")
		}
	}
	if n := w.account(jo).Failures.Failed; n != 0 {
		t.Errorf("%d failures counted", n)
	}
}

func TestLG22_LG23_OversizedFieldsCostNothing(t *testing.T) {
	w := newWall(t, nil)
	longest := strings.Repeat("p", policy.MaxPasswordLength)
	w.active(jo, longest)
	before := w.checked()
	wantStatus(t, w.browser().login(strings.Repeat("a", 10<<10)+"@example.com", good), http.StatusBadRequest)
	wantStatus(t, w.browser().login(strings.Repeat("a", 1<<20), good), http.StatusRequestEntityTooLarge)
	wantStatus(t, w.browser().login(jo, strings.Repeat("p", 1<<20)), http.StatusRequestEntityTooLarge)
	wantStatus(t, w.browser().login(jo, longest+strings.Repeat("p", 4096)), http.StatusForbidden)
	if n := w.checked() - before; n != 0 {
		t.Errorf("%d hashes were computed", n)
	}
	w.browser().signIn(jo, longest)
}

func TestLG29_OnlyASingleURLEncodedBodyFieldCounts(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	before := w.checked()
	b := w.browser()
	token := url.QueryEscape(b.get("/_auth/login").csrf(t))
	fields := "csrf=" + token + "&email=" + jo + "&password=" + url.QueryEscape(good)
	for _, c := range []struct {
		name, query, body, kind string
		want                    int
	}{
		{"email twice", "", fields + "&email=b", "", 400},
		{"password twice", "", fields + "&password=b", "", 400},
		{"token twice", "", fields + "&csrf=b", "", 400},
		{"bracketed", "", "csrf=" + token + "&email=" + jo + "&password[]=x", "", 400},
		{"semicolon", "", fields + ";a=b", "", 400},
		{"in the query", "?" + fields, "csrf=" + token, "", 400},
		{"json", "", `{"email":"x"}`, "application/json", 415},
		{"multipart", "", fields, "multipart/form-data; boundary=x", 415},
		{"text", "", fields, "text/plain", 415},
		{"no type", "", fields, "", 415},
	} {
		kind := headers{}
		if c.kind != "" || c.want == 415 {
			kind = headers{"Content-Type", c.kind}
		}
		r, req := b.request(http.MethodPost, "/_auth/login"+c.query, c.body, kind)
		t.Run(c.name, func(t *testing.T) { wantStatus(t, b.serve(r, req), c.want) })
	}
	if n := w.checked() - before; n != 0 {
		t.Errorf("%d passwords were checked", n)
	}
	r, req := b.request(http.MethodPost, "/_auth/login?email=x&password=y", fields+"&unknown=1&unknown=2", nil)
	wantStatus(t, b.serve(r, req), http.StatusSeeOther)
}

func TestLG30_NoOtherMethodSignsIn(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	before := w.checked()
	b := w.browser()
	query := "/_auth/login?email=" + jo + "&password=" + url.QueryEscape(good)
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "TRACE": 405, "PROPFIND": 405} {
		p := b.serve(b.request(method, query, "", nil))
		wantStatus(t, p, want)
		if want == 405 && p.Header.Get("Allow") != "GET, HEAD, POST" {
			t.Errorf("%s: Allow %q", method, p.Header.Get("Allow"))
		}
		if strings.Contains(p.body, jo) {
			t.Errorf("%s prints the query", method)
		}
	}
	if w.checked() != before || b.signedIn() {
		t.Error("a password was checked")
	}
}

func TestLG35_CS14_TheSameFormTwice(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	page := b.get("/_auth/login?next=/inbox")
	second := b.clone()
	for _, x := range []*browser{b, second} { // both were sent before the first answer
		wantLocation(t, x.submit(page, "/_auth/login", "email", jo, "password", good, "next", "/inbox"), "/inbox")
	}
	// After the answer, from another tab: the browser just goes on, even with a password mistyped.
	wantLocation(t, b.submit(page, "/_auth/login", "email", strings.ToUpper(jo), "password", "wrong", "next", "/inbox"), "/inbox")
	if n := w.account(jo).Failures.Failed; n != 0 {
		t.Errorf("%d failures counted", n)
	}
	// Somebody else does not come in on that session unawares.
	p := b.submit(page, "/_auth/login", "email", ann, "password", good, "next", "/inbox")
	wantStatus(t, p, http.StatusForbidden)
	wantText(t, p, "Jo Public")
}

func TestT11_BlanksOfAPasswordCount(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, " two words, maybe more ")
	wantStatus(t, w.browser().login(jo, "two words, maybe more"), http.StatusForbidden)
	w.browser().signIn(jo, " two words, maybe more ")
}

func TestLoginPageOfSomebodySignedIn(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	p := b.get("/_auth/login?next=/inbox")
	wantText(t, p, "already signed in as <bdi>Jo Public</bdi>")
	wantText(t, p, `href="/inbox"`)
	w.advance(16 * time.Minute)
	wantText(t, b.get("/_auth/login"), "Your session has ended")
	if strings.Contains(b.get("/_auth/login").body, "Your session has ended") {
		t.Error("told twice")
	}
}
