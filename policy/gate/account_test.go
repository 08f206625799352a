package gate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

func ptr[T any](v T) *T { return &v }

// Ensure a change of password needs the current one, counts wrong ones, and leaves exactly one session, a new one (SE-02,
// RS-29, D12).
func TestSE02_ChangePassword(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	mine, elsewhere := r.signIn(jo, good).Token, r.signIn(jo, good).Token
	id, reason, err := r.CheckSession(ctx(t), mine, true)
	want(t, "session", reason, policy.OK, err)
	change := func(current, a, b string) gate.ChangeResult {
		result, err := r.ChangePassword(ctx(t), id, gate.ChangeRequest{Current: current, New: a, Confirm: b, Client: client})
		want(t, "change", err, nil)
		return result
	}
	l := r.asked(jo)
	want(t, "wrong current", change("wrong", other, other).Reason, policy.WrongPassword)
	want(t, "counted", r.show(jo).WrongTries, 1)
	want(t, "differ", change(good, other, "x").Reason, policy.Mismatch)
	want(t, "too short", change(good, "x", "x").Reason, policy.Violations)
	result := change(good, other, other)
	want(t, "change", result.Reason, policy.OK)
	for _, token := range []string{mine, elsewhere} {
		_, reason, _ := r.CheckSession(ctx(t), token, true)
		want(t, "old session", reason, policy.NoSession)
	}
	_, reason, _ = r.CheckSession(ctx(t), result.Token, true)
	want(t, "new session", reason, policy.OK)
	want(t, "link that was out", r.flow(l).Reason, policy.LinkDead)
	r.deliver()
	want(t, "letter", r.mails[len(r.mails)-1].Subject, "password_changed")
	for range 6 {
		change("wrong", good+"!", good+"!")
	}
	want(t, "state after six wrong", r.show(jo).State, policy.StateLocked)
}

// Ensure sessions end by sign-out, limits, disable and removal, and come back by nothing (SE-03, SE-08, SE-09, SE-20).
func TestSE20_SessionsEnd(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	session := func(token string) policy.Reason {
		id, reason, err := r.CheckSession(ctx(t), token, true)
		want(t, "check", err, nil)
		if id.Touch {
			r.Touch(ctx(t), id)
		}
		return reason
	}
	token := r.signIn(jo, good).Token
	want(t, "sign out", r.SignOut(ctx(t), token, client), nil)
	want(t, "after sign-out", session(token), policy.NoSession)

	token = r.signIn(jo, good).Token
	for range 48 {
		r.advance(15*time.Minute - time.Second)
		want(t, "active", session(token), policy.OK)
	}
	r.advance(time.Minute)
	want(t, "past twelve hours", session(token), policy.LifetimeEnd)
	token = r.signIn(jo, good).Token
	r.advance(15 * time.Minute)
	want(t, "idle", session(token), policy.IdleEnd)
	want(t, "idle, again", session(token), policy.NoSession)

	token = r.signIn(jo, good).Token
	r.advance(14 * time.Minute)
	if id, _, _ := r.CheckSession(ctx(t), token, false); id.Touch {
		t.Error("a passive request counts as activity")
	}
	token = r.signIn(jo, good).Token
	if _, err := r.DisableAccount(ctx(t), jo, client); err != nil {
		t.Fatal(err)
	}
	want(t, "disabled", session(token), policy.NoSession)
	if _, err := r.EnableAccount(ctx(t), jo, client); err != nil {
		t.Fatal(err)
	}
	want(t, "enabled", session(token), policy.NoSession)
	token = r.signIn(jo, good).Token
	if _, err := r.SetAccount(ctx(t), jo, gate.AccountChange{Groups: ptr([]string{"front", "desk"})}, client); err != nil {
		t.Fatal(err)
	}
	id, reason, _ := r.CheckSession(ctx(t), token, true)
	want(t, "new groups", strings.Join(id.Account.Groups, ",")+string(reason), "desk,frontok")
	last := r.events[len(r.events)-1]
	want(t, "trail of the change", last.Name+": "+last.Detail, "admin.account_changed: +front +desk -billing")
	byID, err := r.ShowAccount(ctx(t), string(last.Account))
	want(t, "found by the id of the trail", byID.Email, jo, err)
	if n, err := r.SignOutAll(ctx(t), client); n != 1 || err != nil {
		t.Error(n, err)
	}
	want(t, "all signed out", session(token), policy.NoSession)
	token = r.signIn(jo, good).Token
	if err := r.RemoveAccount(ctx(t), jo, client); err != nil {
		t.Fatal(err)
	}
	want(t, "removed", session(token), policy.NoSession)
	info := r.add(jo) // the same address again is another account (AD-14)
	want(t, "same address again", info.State, policy.StateInvited)
	want(t, "old session", session(token), policy.NoSession)
	want(t, "old password", r.signIn(jo, good).Reason, policy.Refused)
}

// Ensure an account page shows only one's own sessions and ends them one by one.
func TestOwnSessions(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.active("al@example.com")
	foreign := r.signIn("al@example.com", good).Token
	a, b, c := r.signIn(jo, good).Token, r.signIn(jo, good).Token, r.signIn(jo, good).Token
	id, _, _ := r.CheckSession(ctx(t), a, true)
	own, err := r.SessionsOf(ctx(t), id)
	want(t, "sessions", len(own), 3, err)
	for _, token := range []string{foreign, b} {
		want(t, "end", r.EndSession(ctx(t), id, gate.SessionKeyOf(token), client), nil)
	}
	for token, expected := range map[string]policy.Reason{foreign: policy.OK, a: policy.OK, b: policy.NoSession, c: policy.OK} {
		_, reason, _ := r.CheckSession(ctx(t), token, true)
		want(t, "session", reason, expected)
	}
	want(t, "end others", r.EndOtherSessions(ctx(t), id, client), nil)
	for token, expected := range map[string]policy.Reason{a: policy.OK, c: policy.NoSession} {
		_, reason, _ := r.CheckSession(ctx(t), token, true)
		want(t, "session", reason, expected)
	}
}

// Ensure admins are refused with a reason, and that invitations go only to those who are not set up (IN-03, IN-05, IN-07,
// AD-12, XS-05, PX-08).
func TestIN03_AdminRefusals(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.add("invited@example.com")
	for name, n := range map[string]gate.NewAccount{
		"taken":           {Email: "JO@example.com", Phone: "+12025550123"},
		"no address":      {Email: "jo", Phone: "+12025550123"},
		"no phone":        {Email: "x@example.com"},
		"national number": {Email: "x@example.com", Phone: "02025550123"},
		"newline in name": {Email: "x@example.com", Phone: "+12025550123", Name: "a\r\nBcc: b"},
		"long name":       {Email: "x@example.com", Phone: "+12025550123", Name: strings.Repeat("x", 101)},
		"comma in group":  {Email: "x@example.com", Phone: "+12025550123", Groups: []string{"a,b"}},
		"empty group":     {Email: "x@example.com", Phone: "+12025550123", Groups: []string{""}},
	} {
		_, err := r.AddAccount(ctx(t), n, client)
		var refusal *gate.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mails := len(r.mails)
	if _, err := r.InviteAccount(ctx(t), jo, client); err == nil {
		t.Error("an active account was invited")
	}
	r.deliver()
	want(t, "mails", len(r.mails), mails)
	if _, err := r.InviteAccount(ctx(t), "invited@example.com", client); err != nil {
		t.Fatal(err)
	}
	r.deliver()
	want(t, "mails", len(r.mails), mails+1)
	l := gate.Link{Token: r.token(), Flow: "f"}
	r.send(l, policy.MethodText)
	r.enter(l, r.texts[len(r.texts)-1].Body)
	if err := r.RemoveAccount(ctx(t), "invited@example.com", client); err != nil {
		t.Fatal(err)
	}
	result, err := r.FinishReset(ctx(t), l, good, good, client)
	want(t, "withdrawn while the form is open", result.Reason, policy.LinkDead, err)
}

// Ensure a changed contact is told to the old address, waits, and blocks resets meanwhile (RS-31, RS-41, D10).
func TestRS31_ContactChange(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.active("al@example.com")
	token := r.signIn(jo, good).Token
	sessionOf := func() policy.Reason {
		_, reason, _ := r.CheckSession(ctx(t), token, false)
		return reason
	}
	l := r.asked(jo)
	if _, err := r.SetAccount(ctx(t), jo, gate.AccountChange{Email: ptr("al@example.com")}, client); err == nil {
		t.Error("an address that is taken was accepted")
	}
	info, err := r.SetAccount(ctx(t), jo, gate.AccountChange{Email: ptr("new@example.com"), Phone: ptr("+12025550199")}, client)
	want(t, "email", info.Email, jo, err)
	r.deliver()
	notice := r.mails[len(r.mails)-1]
	want(t, "told", notice.To+" "+notice.Subject, jo+" contact_change")
	want(t, "told by text", r.texts[len(r.texts)-1].To+" "+r.texts[len(r.texts)-1].Body, "+12025550123 phone")
	if strings.Contains(notice.Text, "new@") || strings.Contains(notice.Text, "55501") {
		t.Errorf("the notice gives the new contact away: %s", notice.Text)
	}
	want(t, "code for the link that was out", r.send(l, policy.MethodText), policy.OnHold)
	r.forgot(jo)
	r.deliver()
	want(t, "letter", r.mails[len(r.mails)-1].Subject+r.mails[len(r.mails)-1].Text, "on_hold 2026-03-02 09:00")
	r.advance(24 * time.Hour)
	r.deliver()
	last := r.mails[len(r.mails)-1]
	want(t, "told at the new address", last.To+" "+last.Subject, "new@example.com contact_now")
	want(t, "email a day later", r.show("new@example.com").Change == nil, true)
	if _, err := r.ShowAccount(ctx(t), jo); err == nil {
		t.Error("the old address still leads to the account")
	}
	want(t, "old link", r.flow(l).Reason, policy.LinkDead)
	want(t, "session from before", sessionOf(), policy.NoSession)
	want(t, "sign-in by the new address", r.signIn("new@example.com", good).Reason, policy.Expired)
	r.asked("new@example.com")
	r.choose(other)
	want(t, "after a reset by the new mailbox and phone", r.signIn("new@example.com", other).Reason, policy.OK)
	want(t, "phone of the code", r.texts[len(r.texts)-1].To, "+12025550199")
}

// Ensure a rotated key signs only when all nodes can know it, and that what older keys sealed can be read (SE-15).
func TestSE15_RotateKeys(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	r.send(l, policy.MethodText)
	before, err := r.Keys().Derive(ctx(t), "cookie")
	want(t, "keys", len(before), 1, err)
	want(t, "rotate", r.RotateKeys(ctx(t), client), nil)
	during, err := r.Keys().Derive(ctx(t), "cookie")
	want(t, "keys", len(during), 2, err)
	want(t, "signs", during[0].ID, before[0].ID)
	r.advance(time.Minute)
	after, _ := r.Keys().Derive(ctx(t), "cookie")
	want(t, "signs a minute later", after[0].ID, during[1].ID)
	want(t, "code sent before", r.enter(l, r.texts[len(r.texts)-1].Body), policy.OK)
	for range 2 * gate.MaxKeys {
		want(t, "rotate", r.RotateKeys(ctx(t), client), nil)
	}
	all, _ := r.Keys().Derive(ctx(t), "cookie")
	want(t, "keys kept", len(all), gate.MaxKeys)
	other := rigOn(t, r.store)
	theirs, err := other.Keys().Derive(ctx(t), "cookie")
	want(t, "another node's", theirs[0].ID, all[0].ID, err)
}

// Ensure a store that is gone lets nobody through and counts nothing.
func TestStoreGone(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	token := r.signIn(jo, good).Token
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	_, reason, err := r.CheckSession(ctx(t), token, true)
	if err == nil || reason == policy.OK {
		t.Errorf("session: %v, %v", reason, err)
	}
	result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: jo, Password: good, Client: client})
	if err == nil || result.Token != "" {
		t.Errorf("sign-in: %v, %v", result, err)
	}
	if _, _, err := r.Forgot(ctx(t), jo, client); err == nil {
		t.Error("forgot: no error")
	}
}

// Ensure a code whose key is gone is too old, and that a new one can be had (SE-15).
func TestSE15_CodeOfALostKey(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	want(t, "send", r.send(l, policy.MethodText), policy.OK)
	old := r.texts[len(r.texts)-1].Body
	for range gate.MaxKeys {
		want(t, "rotate", r.RotateKeys(ctx(t), client), nil)
	}
	want(t, "old code", r.enter(l, old), policy.CodeExpired)
	r.advance(time.Minute)
	want(t, "send again", r.send(l, policy.MethodText), policy.OK)
	want(t, "new code", r.enter(l, r.texts[len(r.texts)-1].Body), policy.OK)
}
