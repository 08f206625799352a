package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// Ensure a lock outlives restarts and time, other accounts go on, and only a finished reset unlocks (LG-02, LG-03, LG-04,
// LG-12, LG-13, T7, T8).
func TestLG03_OnlyAResetUnlocks(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.SourceLimit = 0 })
	r.active(jo)
	r.active("al@example.com")
	session := r.signIn(jo, good).Token
	for range 6 {
		want(t, "wrong", r.signIn(jo, "wrong wrong wrong").Reason, policy.Refused)
	}
	r.deliver()
	mails, checks := len(r.mails), r.allChecks()
	for range 5 {
		want(t, "right while locked", r.signIn("JO@example.com", good).Reason, policy.Refused)
	}
	want(t, "checks while locked", r.allChecks(), checks)
	want(t, "the other account", r.signIn("al@example.com", good).Reason, policy.OK)
	_, reason, err := r.CheckSession(ctx(t), session, true)
	want(t, "a live session goes on", reason, policy.OK, err)

	_, err = r.InviteAccount(ctx(t), jo, client)
	if _, refused := err.(*gate.Refusal); !refused {
		t.Errorf("invite: %v", err)
	}
	want(t, "reset asked for", r.forgot(jo), nil)
	r.deliver()
	want(t, "mails", len(r.mails), mails+1)
	want(t, "right, reset asked for only", r.signIn(jo, good).Reason, policy.Refused)
	r.choose(other)
	want(t, "old password", r.signIn(jo, good).Reason, policy.Refused)
	want(t, "new password", r.signIn(jo, other).Reason, policy.OK)
	want(t, "wrong tries", r.show(jo).WrongTries, 0)
	_, reason, err = r.CheckSession(ctx(t), session, true)
	want(t, "old session", reason, policy.NoSession, err)

	for range 6 {
		want(t, "wrong", r.signIn("al@example.com", "wrong wrong wrong").Reason, policy.Refused)
	}
	again := rigOn(t, r.store) // another node, a month later
	again.advance(30 * 24 * time.Hour)
	want(t, "after a restart", again.signIn("al@example.com", good).Reason, policy.Refused)
	want(t, "state", again.show("al@example.com").State, policy.StateLocked)
}

// Ensure the source limit answers before any account is counted, ignores who is asked for, and forgets right ones (LG-07,
// LG-09, LG-32).
func TestLG09_SourceLimit(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	from := func(address, email, password string) policy.Reason {
		result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: email, Password: password, Client: gate.Client{Address: address}})
		want(t, "sign-in", err, nil)
		return result.Reason
	}
	for range 30 {
		want(t, "right ones use nothing up", from("2001:db8::1", jo, good), policy.OK)
	}
	for i := range 20 {
		want(t, "wrong", from(fmt.Sprintf("2001:db8::%x", i), fmt.Sprintf("x%d@example.com", i), "wrong"), policy.Refused)
	}
	want(t, "same /64, right password", from("2001:db8::ffff", jo, good), policy.Throttled)
	want(t, "same /64, wrong password", from("2001:db8::ffff", jo, "wrong"), policy.Throttled)
	want(t, "wrong tries", r.show(jo).WrongTries, 0)
	want(t, "another /64", from("2001:db8:0:1::1", jo, good), policy.OK)
	r.advance(10*time.Minute + time.Second)
	want(t, "ten minutes later", from("2001:db8::1", jo, good), policy.OK)

	for i := range 6 {
		want(t, "wrong, each from elsewhere", from(fmt.Sprintf("198.51.100.%d", i), jo, "wrong"), policy.Refused)
	}
	want(t, "locked all the same", r.show(jo).State, policy.StateLocked)
}

// Ensure everything but a right password looks alike, whatever the account is (LG-14, LG-16, LG-17, LG-20, LG-22, IN-06).
func TestLG14_GenericRefusal(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.SourceLimit = 0 })
	for _, email := range []string{"active@example.com", "locked@example.com", "disabled@example.com", "removed@example.com"} {
		r.active(email)
	}
	r.add("invited@example.com")
	for range 6 {
		r.signIn("locked@example.com", "wrong")
	}
	if _, err := r.DisableAccount(ctx(t), "disabled@example.com", client); err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveAccount(ctx(t), "removed@example.com", client); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"unknown@example.com", "locked@example.com", "disabled@example.com", "invited@example.com", "removed@example.com", "no address", "a\x00b@example.com", strings.Repeat("x", 10_000)} {
		want(t, email, r.signIn(email, good), gate.SignInResult{Reason: policy.Refused})
	}
	want(t, "active, wrong password", r.signIn("active@example.com", "wrong"), gate.SignInResult{Reason: policy.Refused})
	for range 8 {
		want(t, "unknown, again and again", r.signIn("unknown@example.com", "x"), gate.SignInResult{Reason: policy.Refused})
	}
}

// Ensure a password that is too old opens nothing, says so only to who knows it, and is renewed by a reset (LG-36).
func TestLG36_ExpiredPassword(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.advance(91 * 24 * time.Hour)
	want(t, "wrong", r.signIn(jo, "wrong").Reason, policy.Refused)
	result := r.signIn(jo, good)
	want(t, "right", result.Reason, policy.Expired)
	want(t, "token", result.Token, "")
	want(t, "state", r.show(jo).State, policy.StateExpired)
	want(t, "forgot", r.forgot(jo), nil)
	r.deliver()
	l := gate.Link{Token: r.token(), Flow: "f"}
	r.SendCode(ctx(t), l, policy.MethodCall, client)
	r.deliver()
	r.EnterCode(ctx(t), l, r.calls[0].Say[0], client)
	again, err := r.FinishReset(ctx(t), l, good, good, client)
	want(t, "the old password again", again.Reason, policy.Violations, err)
	again, err = r.FinishReset(ctx(t), l, other, other, client)
	want(t, "a new password", again.Reason, policy.OK, err)
	want(t, "sign-in", r.signIn(jo, other).Reason, policy.OK)
}

// Ensure a password is taken as it was typed (LG-23, LG-27, LG-28, T11).
func TestLG28_PasswordAsTyped(t *testing.T) {
	r := mustOpen(t)
	r.add(jo)
	const typed = "  two w\u00f6rds and more  "
	r.choose(typed)
	want(t, "as typed", r.signIn(jo, typed).Reason, policy.OK)
	want(t, "decomposed", r.signIn(jo, "  two wo\u0308rds and more  ").Reason, policy.OK)
	want(t, "without blanks", r.signIn(jo, strings.TrimSpace(typed)).Reason, policy.Refused)
	want(t, "other blanks", r.signIn(jo, strings.ReplaceAll(typed, " ", "\u00a0")).Reason, policy.Refused)
	want(t, "with a newline", r.signIn(jo, typed+"\n").Reason, policy.Refused)
	checks, decoys := r.allChecks(), r.decoys
	want(t, "a megabyte", r.signIn(jo, strings.Repeat("x", 1<<20)).Reason, policy.Refused)
	want(t, "hashes for it", r.allChecks()+r.decoys, checks+decoys)
	want(t, "tries counted for it", r.show(jo).WrongTries, 3)
}

// Ensure one browser holds one person's session (SE-22), and that the address's spelling does not matter (LG-18, T10).
func TestSE22_SecondPersonInOneBrowser(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.active("al@example.com")
	first := r.signIn(" JO@Example.COM. ", good)
	want(t, "spelling", first.Reason, policy.OK)
	second, err := r.SignIn(ctx(t), gate.SignInRequest{Email: "al@example.com", Password: good, Client: client, Replaces: first.Token})
	want(t, "second", second.Reason, policy.OK, err)
	_, reason, _ := r.CheckSession(ctx(t), first.Token, true)
	want(t, "first", reason, policy.NoSession)
	want(t, "other tag", r.signIn("jo+x@example.com", good).Reason, policy.Refused)
}

// Ensure an old hash is renewed at the next right sign-in, and the password's age is not (UP-10).
func TestUP10_Rehash(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	a, err := r.store.AccountByEmail(ctx(t), jo)
	if err != nil {
		t.Fatal(err)
	}
	old, setAt := a.Password.Hash, a.Password.SetAt
	dearer := rigOn(t, r.store, func(c *gate.Config) { c.Hasher = hasherOf(t, 3) })
	want(t, "sign-in", dearer.signIn(jo, good).Reason, policy.OK)
	a, _ = r.store.AccountByEmail(ctx(t), jo)
	if a.Password.Hash == old || !strings.Contains(a.Password.Hash, "t=3") || !a.Password.SetAt.Equal(setAt) {
		t.Errorf("hash %.30s…, set at %v", a.Password.Hash, a.Password.SetAt)
	}
	want(t, "again", dearer.signIn(jo, good).Reason, policy.OK)
}
