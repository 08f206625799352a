package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/gate"
)

func TestRS01_T10_ForgotIsTheSameForEverybody(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active("disabled@example.com", good)
	w.invite("invited@example.com")
	if _, err := w.gate.DisableAccount(t.Context(), "disabled@example.com", gate.Client{}); err != nil {
		t.Fatal(err)
	}
	var first string
	for _, c := range []struct {
		email string
		mails int
	}{
		{"nobody@example.com", 0}, {jo, 1}, {"Jo.Public@Example.COM ", 1}, {"disabled@example.com", 0},
		{"invited@example.com", 1}, {"no address", 0}, {"a\x00b@example.com", 0}, {jo, 1}, {jo, 0},
	} {
		before := len(w.mails)
		b := w.browser()
		wantLocation(t, b.forgot(c.email), "/_auth/forgot?sent")
		if have := len(w.mails) - before; have != c.mails {
			t.Errorf("%q led to %d mails, want %d", c.email, have, c.mails)
		}
		p := b.get("/_auth/forgot?sent")
		wantStatus(t, p, http.StatusOK)
		if strings.ContainsAny(c.email, "\x00") {
			continue // printed as a sign of its own
		}
		have := strings.ReplaceAll(p.body, strings.TrimSpace(c.email), "EMAIL")
		if first == "" {
			first = have
		}
		if have != first {
			t.Errorf("%q is answered otherwise:\n%s\n%s", c.email, have, first)
		}
		if strings.Contains(p.body, "•") || strings.Contains(p.body, "23") && !strings.Contains(first, "23") {
			t.Error("something of the phone is shown")
		}
	}
}

func TestForgotWithoutAnAddressAsksForOne(t *testing.T) {
	w := newWall(t, nil)
	p := w.browser().forgot("  ")
	wantStatus(t, p, http.StatusUnprocessableEntity)
	wantText(t, p, "name@example.com")
}

func TestRS03_RS05_IN01_OpeningALinkChangesNothing(t *testing.T) {
	w := newWall(t, nil)
	w.invite(jo)
	before, asked := w.account(jo).Revision, w.store.asked()
	link := w.link()
	for range 20 {
		for _, method := range []string{"GET", "HEAD"} {
			b := w.browser()
			p := b.serve(b.request(method, link, "", headers{"Sec-Purpose", "prefetch", "Sec-Fetch-Site", "cross-site"}))
			wantLocation(t, p, "/_auth/setup")
			if p.Header.Get("Referrer-Policy") != "no-referrer" || p.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", p.Header)
			}
			for _, c := range p.Cookies() {
				if strings.Contains(link, c.Value) || c.Name != "__Host-loginwall-flow" {
					t.Errorf("cookie %v", c)
				}
			}
		}
		wantStatus(t, w.browser().serve(w.browser().request("OPTIONS", link, "", nil)), http.StatusMethodNotAllowed)
	}
	if w.store.asked() != asked {
		t.Error("the store was asked")
	}
	b := w.browser()
	for range 3 { // the page itself, and its reloads
		wantText(t, b.open(link), `name="method"`)
	}
	if w.account(jo).Revision != before || len(w.texts) != 0 {
		t.Error("something changed")
	}
}

func TestRS04_AMachineThatPressesTheButton(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	sent := len(w.texts)
	w.browser().forgot(jo)
	machine, person := w.browser(), w.browser()
	page := machine.open(w.link())
	for range 5 {
		machine.submit(page, "/_auth/reset", "method", "text")
		w.deliver()
	}
	if n := len(w.texts) - sent; n != 1 {
		t.Errorf("%d codes were sent", n)
	}
	w.advance(time.Minute)
	page = person.toPassword(w.link())
	wantLocation(t, person.submit(page, "/_auth/reset", "new_password", other, "confirm_password", other), "/_auth/reset")
	wantText(t, person.open("/_auth/reset"), "Sign In")
	w.browser().signIn(jo, other)
}

func TestRS06_RS07_DeadLinksLookAlike(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	link := w.link()
	token := strings.TrimPrefix(link, "/_auth/reset?token=")
	w.browser().open(link)
	b := w.browser()
	b.submit(b.toPassword(link), "/_auth/reset", "new_password", other, "confirm_password", other)
	w.browser().forgot(jo)
	late := w.link()
	w.advance(time.Hour)
	var first string
	for name, target := range map[string]string{
		"used": link, "expired": late, "garbage": "/_auth/reset?token=" + gate.RandomToken(), "cut": link[:len(link)-1],
		"upper": "/_auth/reset?token=" + strings.ToUpper(token), "empty": "/_auth/reset?token=", "long": link + strings.Repeat("a", 6000),
		"twice": link + "&token=" + token, "odd": "/_auth/reset?token=%00%0d%0aSet-Cookie:a=b", "none": "/_auth/reset",
	} {
		x := w.browser()
		before := w.store.asked()
		p := x.open(target)
		wantStatus(t, p, http.StatusGone)
		if asked := w.store.asked() > before; asked != slices.Contains([]string{"used", "expired", "garbage", "upper"}, name) {
			t.Errorf("%s: the store was asked: %v", name, asked)
		}
		wantText(t, p, `href="/_auth/forgot"`)
		if first == "" {
			first = p.body
		}
		if p.body != first {
			t.Errorf("%s looks otherwise", name)
		}
		if len(x.cookies) != 0 {
			t.Errorf("%s leaves cookies %v", name, x.cookies)
		}
	}
}

func TestRS09_RS11_OneProofPerBrowser(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	a, b := w.browser(), w.browser()
	a.toCode(w.link())
	code := w.code()
	page := b.open(w.link()) // has asked for no code
	wantLocation(t, b.submit(page, "/_auth/reset", "code", code), "/_auth/reset")
	wantText(t, b.open("/_auth/reset"), `name="method"`)
	wantLocation(t, a.submit(a.open("/_auth/reset"), "/_auth/reset", "code", code), "/_auth/reset")
	wantText(t, a.open("/_auth/reset"), `name="new_password"`)
	wantText(t, b.open("/_auth/reset"), `name="method"`)
}

func TestRS12_RS35_WrongCodes(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.toCode(w.link())
	wrong := "000000"
	if w.code() == wrong {
		wrong = "000001"
	}
	for left := 4; left > 0; left-- {
		wantLocation(t, b.submit(page, "/_auth/reset", "code", wrong), "/_auth/reset")
		for range 2 { // a reload says the same and counts nothing
			page = b.open("/_auth/reset")
			wantStatus(t, page, http.StatusUnprocessableEntity)
			wantText(t, page, fmt.Sprintf("You have %d t", left))
		}
		if have := w.wrongCodes(jo); have != 5-left {
			t.Fatalf("%d wrong codes counted, want %d", have, 5-left)
		}
	}
	b.submit(page, "/_auth/reset", "code", "12 ab")
	page = b.open("/_auth/reset")
	wantText(t, page, `name="code"`)
	b.submit(page, "/_auth/reset", "code", wrong)
	p := b.open("/_auth/reset")
	wantStatus(t, p, http.StatusTooManyRequests)
	b.submit(page, "/_auth/reset", "code", w.code())
	wantStatus(t, b.open("/_auth/reset"), http.StatusTooManyRequests)
	if w.account(jo).Password.Hash != "$"+good {
		t.Error("password changed")
	}
}

func TestRS15_TheRightCodeTwiceAtOnce(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.toCode(w.link())
	code := w.code()
	var group sync.WaitGroup
	for range 2 {
		twin := b.clone()
		group.Go(func() { twin.submit(page, "/_auth/reset", "code", code) })
	}
	group.Wait()
	wantText(t, b.open("/_auth/reset"), `name="new_password"`)
	if n := w.wrongCodes(jo); n != 0 {
		t.Errorf("%d wrong codes counted", n)
	}
}

func TestRS19_IN02_NoStepIsSkipped(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, good)
	w.browser().forgot(ann)
	anns := w.browser()
	anns.toCode(w.link())
	code := w.code()
	w.browser().forgot(jo)
	b := w.browser()
	page := b.open(w.link())
	sent := len(w.texts)
	for _, fields := range [][]string{
		{"new_password", other, "confirm_password", other}, {"code", code}, {},
		{"code", code, "new_password", other, "confirm_password", other}, {"method", "pigeon"}, {"method", "+4900123456"},
	} {
		wantLocation(t, b.submit(page, "/_auth/reset", fields...), "/_auth/reset")
		wantText(t, b.open("/_auth/reset"), `name="method"`)
	}
	// A flow of Ann's in the cookie, with Jo's form: the token is not of this flow.
	swapped := b.clone()
	swapped.cookies["__Host-loginwall-flow"] = anns.cookies["__Host-loginwall-flow"]
	wantStatus(t, swapped.submit(page, "/_auth/reset", "code", code), http.StatusForbidden)
	w.deliver()
	if w.account(jo).Password.Hash != "$"+good || len(w.texts) != sent || w.wrongCodes(jo) != 0 {
		t.Error("something changed")
	}
	// At the code step a new password is no further.
	page = b.toCode(w.link())
	wantLocation(t, b.submit(page, "/_auth/reset", "new_password", other, "confirm_password", other), "/_auth/reset")
	wantText(t, b.open("/_auth/reset"), `name="code"`)
	// At the last step nothing is sent any more.
	page = b.toPassword(w.link())
	sent = len(w.texts)
	w.advance(time.Minute)
	b.submit(page, "/_auth/reset", "resend", "text")
	w.deliver()
	if len(w.texts) != sent {
		t.Error("a code was sent at the last step")
	}
}

func TestRS23_RS24_ProblemsKeepTheProof(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.toPassword(w.link())
	for _, c := range []struct{ password, again, text string }{
		{other, other + "x", "not the same"},
		{"short", "short", "at least 15 characters"},
		{good, good, "last password"},
		{"jo.public@example.com", "jo.public@example.com", "your email address"},
	} {
		page = b.submit(page, "/_auth/reset", "new_password", c.password, "confirm_password", c.again)
		wantStatus(t, page, http.StatusUnprocessableEntity)
		if !strings.Contains(strings.ToLower(page.body), c.text) {
			t.Errorf("%q is answered without %q: %s", c.password, c.text, page.body)
		}
		if strings.Contains(page.body, `value="`+c.password+`"`) && c.password != jo {
			t.Error("the password is printed")
		}
	}
	wantLocation(t, b.submit(page, "/_auth/reset", "new_password", other, "confirm_password", other), "/_auth/reset")
	w.browser().signIn(jo, other)
}

func TestRS35_RS37_TheLastStep(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, good)
	b := w.browser()
	b.signIn(ann, good)
	anns := b.clone()
	w.browser().forgot(jo)
	page := b.open(w.link())
	if strings.Contains(page.body, jo) {
		t.Error("the link alone tells the address")
	}
	page = b.toPassword(w.link())
	twin := b.clone()
	fields := []string{"new_password", other, "confirm_password", other}
	wantLocation(t, b.submit(page, "/_auth/reset", fields...), "/_auth/reset")
	wantLocation(t, twin.submit(page, "/_auth/reset", fields...), "/_auth/reset")
	for range 2 {
		for _, x := range []*browser{b, twin} {
			p := x.open("/_auth/reset")
			wantStatus(t, p, http.StatusOK)
			wantText(t, p, `href="/_auth/login"`)
		}
	}
	wantLocation(t, b.post("/_auth/reset", url.Values{"new_password": {"x"}}), "/_auth/reset")
	if _, there := b.cookies["__Host-loginwall"]; there || anns.signedIn() {
		t.Error("the other person is still signed in in this browser")
	}
	// What is left in the browser opens nothing.
	wantStatus(t, w.browser().open(w.link()), http.StatusGone)
	b.signIn(jo, other)
	if _, there := b.cookies["__Host-loginwall-flow"]; there {
		t.Error("the link is remembered after the sign-in")
	}
}

func TestRS38_RS39_PhoneAndExtraFields(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.open(w.link())
	if strings.Contains(page.body, "2025550123") || strings.Contains(page.body, "0123") || !strings.Contains(page.body, "23") {
		t.Errorf("phone shown wrongly: %s", page.body)
	}
	extra := []string{"phone", "+4915112345678", "email", ann, "user_id", "1", "channel", "+4915112345678", "locked", "0", "channel", "x"}
	b.submit(page, "/_auth/reset", append([]string{"method", "text"}, extra...)...)
	w.deliver()
	if to := w.texts[len(w.texts)-1].To; to != "+12025550123" {
		t.Errorf("the code went to %s", to)
	}
	b.submit(b.open("/_auth/reset"), "/_auth/reset", append([]string{"code", w.code()}, extra...)...)
	wantText(t, b.open("/_auth/reset"), jo)
	wantStatus(t, b.submit(b.open("/_auth/reset"), "/_auth/reset", "new_password", other, "new_password", other), http.StatusBadRequest)
}

func TestLinkAtTheWrongAddress(t *testing.T) {
	w := newWall(t, nil)
	w.invite(jo)
	wrong := strings.Replace(w.link(), "/setup", "/reset", 1)
	b := w.browser()
	wantLocation(t, b.get(wrong), "/_auth/reset")
	wantLocation(t, b.get("/_auth/reset"), "/_auth/setup")
	wantText(t, b.get("/_auth/setup"), `action="/_auth/setup"`)
	// The invitation leads to a password that signs in.
	page := b.toPassword(w.link())
	wantLocation(t, b.submit(page, "/_auth/setup", "new_password", good, "confirm_password", good), "/_auth/setup")
	wantStatus(t, b.open("/_auth/setup"), http.StatusOK)
	b.signIn(jo, good)
}
