package web_test

import (
	"net/http"
	"os"
	"testing"
	"testing/fstest"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/pages/web"
)

// twoLanguages has the pages in English and in one more, which says the same.
func twoLanguages(t *testing.T) func(*web.Options) {
	t.Helper()
	english, err := os.ReadFile("../words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := pages.New(pages.Options{
		Languages: []string{"en", "nl"}, Overlay: fstest.MapFS{"words/nl.json": {Data: english}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *web.Options) { o.Renderer = renderer }
}

// Ensure the gate hears of the language of the pages a visitor sees: at a sign-in, for a code, and with a new password.
func TestLanguageOfThePagesReachesTheGate(t *testing.T) {
	w := newWall(t, twoLanguages(t))
	w.active(jo, good)
	b := w.browser()
	for _, c := range []struct{ accepted, want string }{
		{"nl-BE, en;q=0.5", "nl"}, {"en", "en"}, {"nl", "nl"}, {"hu", "en"},
	} {
		b.language = c.accepted
		b.signIn(jo, good)
		if got := w.account(jo).Language; got != c.want {
			t.Errorf("signed in with %q: %q, want %q", c.accepted, got, c.want)
		}
	}

	b.language = "nl"
	b.forgot(jo)
	link := w.link()
	wantStatus(t, b.submit(b.open(link), "/_auth/reset", "method", "call"), http.StatusSeeOther)
	w.deliver()
	if got := w.calls[len(w.calls)-1]; got.Language != "nl" {
		t.Errorf("called in %q, want nl", got.Language)
	}
	code := w.calls[len(w.calls)-1].Say[0]
	wantStatus(t, b.submit(b.open("/_auth/reset"), "/_auth/reset", "code", code), http.StatusSeeOther)
	wantStatus(t, b.submit(b.open("/_auth/reset"), "/_auth/reset", "new_password", other, "confirm_password", other), http.StatusSeeOther)
	if got := w.account(jo).Language; got != "nl" {
		t.Errorf("after a reset: %q, want nl", got)
	}

	b.signIn(jo, other)
	b.language = "en"
	const third = "a third long sentence"
	wantStatus(t, b.submit(b.get("/_auth/account/password"), "/_auth/account/password",
		"password", other, "new_password", third, "confirm_password", third), http.StatusSeeOther)
	if got := w.account(jo).Language; got != "en" {
		t.Errorf("after a change of password: %q, want en", got)
	}
}
