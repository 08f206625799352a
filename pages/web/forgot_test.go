package web_test

import (
	"strings"
	"testing"
)

// forgotEmail is what the forgot page has filled in.
func forgotEmail(t *testing.T, b *browser) string {
	t.Helper()
	p := b.get("/_auth/forgot")
	_, rest, ok := strings.Cut(p.body, `spellcheck="false" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no field: %s", p.body)
	}
	return value
}

func TestU03_ForgotPageKnowsTheAddressTyped(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	if have := forgotEmail(t, b); have != "" {
		t.Errorf("a new browser has %q", have)
	}
	b.login("Jo.Public@example.com", "wrong")
	if have := forgotEmail(t, b); have != "Jo.Public@example.com" {
		t.Errorf("after a failure: %q", have)
	}
	if p := b.get("/_auth/forgot?sent"); strings.Contains(p.body, "is on its way") {
		t.Error("a mail is said to be on its way that nobody asked for")
	}
	shared := w.browser()
	shared.login(good, good) // in the wrong field, on a computer that others use
	if have := forgotEmail(t, shared); have != "" {
		t.Errorf("what is no address is kept: %q", have)
	}
	if have := forgotEmail(t, w.browser()); have != "" {
		t.Errorf("another browser has %q", have)
	}
	b.signIn(jo, good)
	if have := forgotEmail(t, b); have != "" {
		t.Errorf("after a sign-in: %q", have)
	}
	b.forgot(ann)
	wantText(t, b.get("/_auth/forgot?sent"), "is on its way")
	if have := forgotEmail(t, b); have != ann {
		t.Errorf("after a request: %q", have)
	}
	b.submit(b.get("/_auth/logout"), "/_auth/logout")
	if have := forgotEmail(t, b); have != "" {
		t.Errorf("after a sign-out: %q", have)
	}
}
