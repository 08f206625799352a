package gate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/store"
)

// speaking is a client whose pages are in a language.
func speaking(language string) gate.Client {
	c := client
	c.Language = language
	return c
}

// newest are the subject of the newest mail and the body of the newest text.
func (r *rig) newest() (mail, text string) {
	r.t.Helper()
	r.deliver()
	return r.mails[len(r.mails)-1].Subject, r.texts[len(r.texts)-1].Body
}

// change changes an account as nothing in the gate would.
func (r *rig) change(email string, fn func(*policy.Account)) {
	r.t.Helper()
	_, err := r.store.UpdateAccount(ctx(r.t), r.show(email).ID, func(a *policy.Account) (store.Effects, error) {
		fn(a)
		return store.Effects{}, nil
	})
	want(r.t, "change", err, nil)
}

// resetIn is a reset, or a set-up, with the newest link and pages in a language.
func (r *rig) resetIn(language, password string) {
	r.t.Helper()
	l := gate.Link{Token: r.token(), Flow: gate.RandomToken()}
	reason, _, err := r.SendCode(ctx(r.t), l, policy.MethodText, speaking(language))
	want(r.t, "send code", reason, policy.OK, err)
	_, text := r.newest()
	code, _, _ := strings.Cut(text, " in ")
	want(r.t, "enter code", r.enter(l, code), policy.OK)
	result, err := r.FinishReset(ctx(r.t), l, password, password, speaking(language))
	want(r.t, "finish", result.Reason, policy.OK, err)
}

// Ensure a sign-in, a reset, a set-up and a change of password note the language of the pages, each in the write it
// makes anyway, and nothing else does.
func TestLanguageIsRemembered(t *testing.T) {
	nodes(t, func(t *testing.T, r, elsewhere *rig) {
		r.add(jo)
		want(t, "invited", r.show(jo).Language, "")
		r.resetIn("es", good)
		mail, _ := r.newest()
		want(t, "set up", elsewhere.show(jo).Language+", "+mail, "es, password_changed in es")

		signIn := func(language, password string) (result gate.SignInResult, writes uint64) {
			before, _ := r.store.AccountByEmail(ctx(t), jo)
			result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: jo, Password: password, Client: speaking(language)})
			want(t, "sign-in", err, nil)
			after, _ := r.store.AccountByEmail(ctx(t), jo)
			return result, after.Revision - before.Revision
		}
		_, same := signIn("es", good)
		_, changed := signIn("pt-BR", good)
		want(t, "writes", changed, same)
		want(t, "signed in", r.show(jo).Language, "pt-BR")
		signIn("es", "wrong")
		want(t, "wrong password", r.show(jo).Language, "pt-BR")
		result, _ := signIn("", good)
		want(t, "no language", r.show(jo).Language, "pt-BR")

		id, reason, err := r.CheckSession(ctx(t), result.Token, true)
		want(t, "session", reason, policy.OK, err)
		change, err := r.ChangePassword(ctx(t), id, gate.ChangeRequest{Current: good, New: other, Confirm: other, Client: speaking("en")})
		want(t, "change", change.Reason, policy.OK, err)
		mail, _ = r.newest()
		want(t, "changed", r.show(jo).Language+", "+mail, "en, password_changed in en")

		reason, _, err = r.Forgot(ctx(t), jo, speaking("pt-BR"))
		want(t, "forgot", reason, policy.OK, err)
		mail, _ = r.newest()
		want(t, "asked for a reset", r.show(jo).Language+", "+mail, "en, reset in en")
		r.resetIn("es", "a third long sentence")
		mail, text := r.newest()
		want(t, "reset", r.show(jo).Language+", "+mail+", "+text, "es, password_changed in es, changed in es")
	})
}

// Ensure what answers the forgot page is in the language of the account and, where that has none, of whoever asked.
func TestLanguageOfAnAnswer(t *testing.T) {
	noPhone := func(a *policy.Account) { a.Phone = policy.Phone{} }
	onHold := func(a *policy.Account) {
		policy.DefaultRules().ChangeContact(a, "", "+12025550199", t0)
	}
	for _, c := range []struct {
		known, asked string
		make         func(*policy.Account)
		want         string
	}{
		{"es", "pt-BR", nil, "reset in es"},
		{"es", "", nil, "reset in es"},
		{"", "pt-BR", nil, "reset in pt-BR"},
		{"", "", nil, "reset"},
		{"gone", "pt-BR", nil, "reset in gone"}, // the words take the first for it
		{"es", "pt-BR", noPhone, "no_phone in es"},
		{"", "pt-BR", noPhone, "no_phone in pt-BR"},
		{"es", "pt-BR", onHold, "on_hold in es"},
		{"", "pt-BR", onHold, "on_hold in pt-BR"},
	} {
		nodes(t, func(t *testing.T, r, _ *rig) {
			r.active(jo)
			r.change(jo, func(a *policy.Account) {
				a.Language = c.known
				if c.make != nil {
					c.make(a)
				}
			})
			reason, _, err := r.Forgot(ctx(t), jo, speaking(c.asked))
			want(t, "forgot", reason, policy.OK, err)
			mail, _ := r.newest()
			want(t, c.known+", asked in "+c.asked, mail, c.want)
			want(t, "language afterwards", r.show(jo).Language, c.known)
		})
	}
}

// Ensure what nobody asked for is in the account's language: a lock and a contact change, whoever caused them.
func TestLanguageOfANotice(t *testing.T) {
	nodes(t, func(t *testing.T, r, _ *rig) {
		r.active(jo)
		r.change(jo, func(a *policy.Account) { a.Language = "es" })
		_, err := r.SetAccount(ctx(t), jo, gate.AccountChange{Phone: ptr("+12025550199")}, client)
		want(t, "change phone", err, nil)
		mail, text := r.newest()
		want(t, "told", mail+", "+text, "contact_change in es, phone in es")
		r.advance(policy.Day)
		mail, _ = r.newest()
		want(t, "told when it counts", mail, "contact_now in es")
		for range 6 {
			_, err := r.SignIn(ctx(t), gate.SignInRequest{Email: jo, Password: "wrong", Client: speaking("pt-BR")})
			want(t, "guess", err, nil)
		}
		mail, _ = r.newest()
		want(t, "locked", mail, "locked in es")
	})
}

// Ensure a code is in the language of the page it is waited for at, else in the account's.
func TestLanguageOfACode(t *testing.T) {
	for _, c := range []struct{ known, seen, text, call string }{
		{"es", "pt-BR", " in pt-BR", "pt-BR"},
		{"", "pt-BR", " in pt-BR", "pt-BR"},
		{"es", "", " in es", "es"},
		{"", "", "", "en"},
	} {
		nodes(t, func(t *testing.T, r, _ *rig) {
			r.active(jo)
			r.change(jo, func(a *policy.Account) { a.Language = c.known })
			l := r.asked(jo)
			for _, method := range []policy.Method{policy.MethodText, policy.MethodCall} {
				reason, _, err := r.SendCode(ctx(t), l, method, speaking(c.seen))
				want(t, "send", reason, policy.OK, err)
				r.deliver()
				r.advance(policy.SendPause)
			}
			want(t, "text", r.texts[len(r.texts)-1].Body[6:], c.text)
			want(t, "call", r.calls[len(r.calls)-1].Language, c.call)
		})
	}
}

// Ensure an invitation is in the language the admin names, which must be one there is, and can be changed.
func TestLanguageOfAnInvitation(t *testing.T) {
	nodes(t, func(t *testing.T, r, _ *rig) {
		n := gate.NewAccount{Email: jo, Phone: "+12025550123", Language: "PT-br"}
		info, err := r.AddAccount(ctx(t), n, client)
		want(t, "added", info.Language, "pt-BR", err)
		r.deliver()
		want(t, "invitation", r.mails[len(r.mails)-1].Subject, "invitation in pt-BR")
		info, err = r.SetAccount(ctx(t), jo, gate.AccountChange{Language: ptr("es")}, client)
		want(t, "changed", info.Language, "es", err)
		want(t, "trail", r.events[len(r.events)-1].Detail, "language")
		_, err = r.InviteAccount(ctx(t), jo, client)
		want(t, "invite", err, nil)
		r.deliver()
		want(t, "invitation again", r.mails[len(r.mails)-1].Subject, "invitation in es")

		_, err = r.SetAccount(ctx(t), jo, gate.AccountChange{Language: ptr("tlh")}, client)
		_, added := r.AddAccount(ctx(t), gate.NewAccount{Email: "al@example.com", Phone: "+12025550123", Language: "es-MX"}, client)
		for _, err := range []error{err, added} {
			var refusal *gate.Refusal
			if !errors.As(err, &refusal) || !strings.HasSuffix(refusal.Message, "is not configured; there is: en, es, pt-BR") {
				t.Errorf("language that there is not: %v", err)
			}
		}
		want(t, "still", r.show(jo).Language, "es")
		info, err = r.SetAccount(ctx(t), jo, gate.AccountChange{Language: ptr("")}, client)
		want(t, "forgotten", info.Language, "", err)
	})
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.Languages = nil })
	_, err := r.AddAccount(ctx(t), gate.NewAccount{Email: jo, Phone: "+12025550123", Language: "es"}, client)
	if err == nil || !strings.HasSuffix(err.Error(), "there is: en") {
		t.Errorf("without a list: %v", err)
	}
}
