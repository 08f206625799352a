package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSE02_ChangeOfPassword(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b, elsewhere := w.browser(), w.browser()
	b.signIn(jo, good)
	elsewhere.signIn(jo, good)
	old := b.clone()
	p := b.submit(b.get("/_auth/account"), "/_auth/account/password", "password", good, "new_password", other, "confirm_password", other)
	wantLocation(t, p, "/_auth/account")
	wantText(t, b.get("/_auth/account"), "Your password has been changed")
	if strings.Contains(b.get("/_auth/account").body, "has been changed") {
		t.Error("told twice")
	}
	if !b.signedIn() || old.signedIn() || elsewhere.signedIn() {
		t.Error("not exactly the one new session is alive")
	}
	w.browser().signIn(jo, other)
}

func TestChangeOfPasswordThatIsRefused(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	for _, c := range []struct{ current, new, confirm, text string }{
		{"wrong", other, other, `id="password-error"`},
		{good, other, "x", `The two passwords were not the same`},
		{good, "short", "short", `id="new_password-error"`},
	} {
		p := b.submit(b.get("/_auth/account/password"), "/_auth/account/password",
			"password", c.current, "new_password", c.new, "confirm_password", c.confirm)
		wantStatus(t, p, http.StatusUnprocessableEntity)
		wantText(t, p, c.text)
	}
	if !b.signedIn() || w.account(jo).Password.Hash != "$"+good {
		t.Error("something changed")
	}
}

func TestAccountPageEndsSessions(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.active(ann, good)
	b, second, third, anns := w.browser(), w.browser(), w.browser(), w.browser()
	anns.signIn(ann, good)
	for _, x := range []*browser{second, third, b} {
		x.signIn(jo, good)
		w.advance(time.Second)
	}
	page := b.get("/_auth/account")
	refs := references(page)
	if len(refs) != 2 {
		t.Fatalf("references %v", refs)
	}
	// Somebody else's session is not to be ended, nor one that is not there.
	for _, ref := range []string{references(func() reply { x := w.browser(); x.signIn(ann, good); return x.get("/_auth/account") }())[0], "", "0123456789abcdef"} {
		wantLocation(t, b.submit(page, "/_auth/account/sessions", "session", ref), "/_auth/account")
	}
	if !anns.signedIn() || !third.signedIn() {
		t.Fatal("a session ended that was not named")
	}
	wantLocation(t, b.submit(page, "/_auth/account/sessions", "session", refs[0]), "/_auth/account") // newest first
	if third.signedIn() || !second.signedIn() {
		t.Error("not the one that was named")
	}
	wantText(t, b.get("/_auth/account"), "That session has ended")
	wantLocation(t, b.submit(page, "/_auth/account/sessions", "session", "others"), "/_auth/account")
	if second.signedIn() || !b.signedIn() || !anns.signedIn() {
		t.Error("not exactly the person's others have ended")
	}
	wantText(t, b.get("/_auth/account"), "everywhere else")
}

func references(p reply) (refs []string) {
	for _, part := range strings.Split(p.body, `name="session" value="`)[1:] {
		if ref, _, _ := strings.Cut(part, `"`); ref != "others" {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Ensure the account page tells how old the password is, what was tried since the last sign-in, and what is used nearby.
func TestAccountPageTellsOfThePassword(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	b.address = "2001:db8:1:2::1"
	b.signIn(jo, good)
	far := w.browser()
	far.address = "2001:db8:1:3::1"
	far.signIn(jo, good)
	w.advance(3 * time.Minute)
	w.browser().login(jo, "wrong")
	b.address = "2001:db8:1:2:ffff::9" // the same network
	page := b.get("/_auth/account")
	wantText(t, page, "3 minutes")
	wantText(t, page, "90 days")
	wantText(t, page, "1 wrong password since your last sign-in")
	near, elsewhere := strings.Count(page.body, "2001:db8:1:2::1"), strings.Count(page.body, "2001:db8:1:3::1")
	if near != 2 || elsewhere != 2 || strings.Count(page.body, "From the network you are using now") != 2 {
		t.Errorf("%d, %d: %s", near, elsewhere, page.body)
	}
}
