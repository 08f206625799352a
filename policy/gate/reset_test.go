package gate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// asked gives a link from the forgot page.
func (r *rig) asked(email string) gate.Link {
	r.t.Helper()
	if err := r.forgot(email); err != nil {
		r.t.Fatal(err)
	}
	r.deliver()
	return gate.Link{Token: r.token(), Flow: gate.RandomToken()}
}

func (r *rig) send(l gate.Link, m policy.Method) policy.Reason {
	r.t.Helper()
	reason, _, err := r.SendCode(ctx(r.t), l, m, client)
	if err != nil {
		r.t.Fatal(err)
	}
	r.deliver()
	return reason
}

func (r *rig) enter(l gate.Link, code string) policy.Reason {
	r.t.Helper()
	reason, _, err := r.EnterCode(ctx(r.t), l, code, client)
	if err != nil {
		r.t.Fatal(err)
	}
	return reason
}

func (r *rig) flow(l gate.Link) gate.FlowState {
	r.t.Helper()
	s, err := r.Flow(ctx(r.t), l)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// Ensure a request of the forgot page leads to a mail only where one is due, by the public address, within the hourly
// limit (RS-01, RS-02, RS-22, IN-06).
func TestRS01_Forgot(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	r.add("invited@example.com")
	r.active("disabled@example.com")
	if _, err := r.DisableAccount(ctx(t), "disabled@example.com", client); err != nil {
		t.Fatal(err)
	}
	mails := len(r.mails)
	for _, email := range []string{"unknown@example.com", "disabled@example.com", "no address", ""} {
		want(t, email, r.forgot(email), nil)
		r.deliver()
		want(t, "mails after "+email, len(r.mails), mails)
	}
	for range 500 {
		want(t, "again and again", r.forgot(jo), nil)
	}
	r.deliver()
	want(t, "mails", len(r.mails), mails+3)
	want(t, "link", strings.HasPrefix(r.mails[mails].Text, "https://mail.example.com/_auth/reset?token="), true)
	r.forgot("invited@example.com")
	r.deliver()
	want(t, "invited", strings.HasPrefix(r.mails[mails+3].Text, "https://mail.example.com/_auth/setup?token="), true)
	r.advance(time.Hour)
	r.forgot("Jo@Example.Com ")
	r.deliver()
	want(t, "mails an hour later", len(r.mails), mails+5)
}

// Ensure looking at a link changes nothing at all, however often (RS-03).
func TestRS03_LookingChangesNothing(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	before, _ := r.store.AccountByEmail(ctx(t), jo)
	for range 20 {
		s := r.flow(gate.Link{Token: l.Token, Flow: gate.RandomToken()})
		want(t, "step", s.Step, policy.StepMethod)
		want(t, "phone", strings.Contains(s.MaskedPhone, "23") && !strings.Contains(s.MaskedPhone, "5550"), true)
	}
	after, _ := r.store.AccountByEmail(ctx(t), jo)
	want(t, "revision", after.Revision, before.Revision)
	want(t, "texts", len(r.texts), 1) // of the set-up
	for _, token := range []string{"", "x", l.Token[:42], strings.ToUpper(l.Token), l.Token + "x"} {
		want(t, "token "+token, r.flow(gate.Link{Token: token, Flow: "f"}).Reason, policy.LinkDead)
	}
}

// Ensure the whole reset works on another device than it was asked on, with a code as people type it (RS-09, RS-17).
func TestRS17_CodeAsTyped(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	want(t, "send", r.send(l, policy.MethodText), policy.OK)
	code := r.texts[len(r.texts)-1].Body
	for _, typed := range []string{"", "12345", "1234567", "abcdef", code + "a", strings.Repeat(" ", 100)} {
		want(t, "typed "+typed, r.enter(l, typed), policy.MalformedCode)
	}
	want(t, "tries left", r.flow(l).TriesLeft, 5)
	arabic := strings.Map(func(c rune) rune { return c - '0' + '٠' }, code)
	for _, typed := range []string{" " + code[:3] + " " + code[3:] + "\n", code[:3] + "-" + code[3:], code[:2] + "–" + code[2:], arabic} {
		l := gate.Link{Token: l.Token, Flow: l.Flow}
		want(t, "typed "+typed, r.enter(l, typed), policy.OK)
	}
	want(t, "step", r.flow(l).Step, policy.StepPassword)
}

// Ensure every decimal digit of every script is read as its value.
func TestRS17_DigitsOfAllScripts(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	r.send(l, policy.MethodText)
	code := r.texts[len(r.texts)-1].Body
	tried := 0
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if !unicode.IsDigit(c) || unicode.IsDigit(c-1) {
			continue // not the zero of a script
		}
		typed := strings.Map(func(d rune) rune { return c + d - '0' }, code)
		want(t, "zero "+string(c), r.enter(l, typed), policy.OK)
		tried++
	}
	if tried < 50 {
		t.Errorf("only %d scripts tried", tried)
	}
}

// Ensure a code counts once in one browser, however many post it at once (RS-11, RS-15).
func TestRS15_OneWinner(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	links := make([]gate.Link, 8)
	for i := range links {
		links[i] = gate.Link{Token: l.Token, Flow: gate.RandomToken()}
		r.send(links[i], policy.MethodText)
	}
	code := r.texts[len(r.texts)-1].Body
	reasons := make([]policy.Reason, len(links))
	parallel(len(links), func(i int) { reasons[i], _, _ = r.EnterCode(ctx(t), links[i], code, client) })
	accepted, winner := 0, 0
	for i, reason := range reasons {
		if reason == policy.OK {
			accepted, winner = accepted+1, i
		}
	}
	want(t, "accepted", accepted, 1)
	done := make([]policy.Reason, 8)
	parallel(len(done), func(i int) {
		password := other + strings.Repeat("!", i)
		result, err := r.FinishReset(ctx(t), links[winner], password, password, client)
		want(t, "finish", err, nil)
		done[i] = result.Reason
	})
	want(t, "changes of the password", r.count("password.changed"), 2) // the set-up and one of these
	r.deliver()
	want(t, "notices", r.mails[len(r.mails)-1].Subject, "password_changed")
	want(t, "notice by text", r.texts[len(r.texts)-1].Body, "changed")
}

// Ensure the new password is judged with all reasons at once, and a bad one costs nothing (RS-23, RS-24, RS-25).
func TestRS24_NewPasswordRules(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	r.send(l, policy.MethodText)
	r.enter(l, r.texts[len(r.texts)-1].Body)
	finish := func(a, b string) gate.NewPasswordResult {
		result, err := r.FinishReset(ctx(t), l, a, b, client)
		want(t, "finish", err, nil)
		return result
	}
	want(t, "differ", finish(other, other+"x").Reason, policy.Mismatch)
	for typed, code := range map[string]policy.ViolationCode{
		"short": policy.TooShort, "securemail2026!": policy.ContainsSiteWord, "jo@example.com..": policy.ContainsEmail,
		"qwertyuiopasdfgh": policy.Common, good: policy.ReusedCurrent, strings.Repeat("x", 300): policy.TooLong, "no\x00text in here at all": policy.NotText,
	} {
		result := finish(typed, typed)
		want(t, typed, result.Reason, policy.Violations)
		found := false
		for _, v := range result.Violations {
			found = found || v.Code == code
		}
		if !found {
			t.Errorf("%s: have %v, want %s among them", typed, result.Violations, code)
		}
	}
	want(t, "one more than the current", finish(good+"1", good+"1").Reason, policy.OK)
	want(t, "sign-in", r.signIn(jo, good+"1").Reason, policy.OK)
}

// Ensure the end of a reset kills sessions, links and codes, and that an account removed or disabled meanwhile is not
// brought back (RS-27, RS-28, RS-33).
func TestRS27_RemovedMeanwhile(t *testing.T) {
	r := mustOpen(t)
	for _, email := range []string{jo, "al@example.com"} {
		r.active(email)
		l := r.asked(email)
		r.send(l, policy.MethodText)
		r.enter(l, r.texts[len(r.texts)-1].Body)
		if email == jo {
			if err := r.RemoveAccount(ctx(t), email, client); err != nil {
				t.Fatal(err)
			}
		} else if _, err := r.DisableAccount(ctx(t), email, client); err != nil {
			t.Fatal(err)
		}
		result, err := r.FinishReset(ctx(t), l, other, other, client)
		want(t, email, result.Reason, policy.LinkDead, err)
		want(t, "link", r.flow(l).Reason, policy.LinkDead)
	}
	if _, err := r.ShowAccount(ctx(t), jo); err == nil {
		t.Error("the removed account is back")
	}
	want(t, "state", r.show("al@example.com").State, policy.StateDisabled)
}

// Ensure a provider that refuses is told to the person, and that the other way is open at once (T13).
func TestT13_ProviderRefuses(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	l := r.asked(jo)
	r.refused = true
	want(t, "send", r.send(l, policy.MethodText), policy.OK)
	want(t, "delivery", r.flow(l).Delivery, policy.DeliveryFailed)
	want(t, "call", r.send(l, policy.MethodCall), policy.OK)
	want(t, "delivery", r.flow(l).Delivery, policy.DeliverySent)
	want(t, "code", r.enter(l, r.calls[0].Say[1]), policy.OK)
}

// Ensure nothing that lies in the store gives a link or a code away (RS-34, SE-16, IN-07).
func TestRS34_StoreHoldsNoSecret(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	session := r.signIn(jo, good).Token
	if err := r.forgot(jo); err != nil {
		t.Fatal(err)
	}
	queued, err := r.store.ClaimMessages(ctx(t), r.clock(), 0, 10)
	if err != nil || len(queued) != 1 {
		t.Fatal(queued, err)
	}
	dump, _ := json.Marshal(queued)
	if bytes.Contains(dump, []byte("jo@")) {
		t.Error("a queued request holds the address in clear")
	}
	r.deliver()
	l := gate.Link{Token: r.token(), Flow: gate.RandomToken()}
	if _, _, err := r.SendCode(ctx(t), l, policy.MethodText, client); err != nil {
		t.Fatal(err)
	}
	queued, _ = r.store.ClaimMessages(ctx(t), r.clock(), 0, 10)
	a, _ := r.store.AccountByEmail(ctx(t), jo)
	sessions, _ := r.store.SessionsOf(ctx(t), a.ID)
	r.deliver()
	dump, _ = json.Marshal([]any{queued, a, sessions})
	for name, secret := range map[string]string{
		"link token": l.Token, "flow id": l.Flow, "code": r.texts[len(r.texts)-1].Body, "session token": session, "password": good,
	} {
		if bytes.Contains(dump, []byte(secret)) {
			t.Errorf("the store holds the %s", name)
		}
	}
}

// Ensure a day's wrong codes pause the phone step and the owner hears of it (RS-13).
func TestRS13_CodesPaused(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	wrongOf := func(code string) string { return string('0'+('9'-code[0])) + code[1:] }
	for range 2 {
		l := r.asked(jo)
		want(t, "send", r.send(l, policy.MethodText), policy.OK)
		for range 5 {
			code := r.texts[len(r.texts)-1].Body
			if bad := wrongOf(code); bad != code {
				r.enter(l, bad)
			}
		}
		want(t, "right one", r.enter(l, r.texts[len(r.texts)-1].Body), policy.CodeLimit)
		r.advance(time.Minute)
	}
	r.deliver()
	want(t, "letter", r.mails[len(r.mails)-1].Subject+r.mails[len(r.mails)-1].Text, "codes_paused 2026-03-02 09:00")
	l := r.asked(jo)
	want(t, "third link", r.send(l, policy.MethodText), policy.CodesPaused)
}

// Ensure a way that the phone sender does not have is not taken.
func TestSendCodeByMissingMethod(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.Methods = []policy.Method{policy.MethodText} })
	r.active(jo)
	l := r.asked(jo)
	for _, m := range []policy.Method{policy.MethodCall, "", "post"} {
		want(t, "send by "+string(m), r.send(l, m), policy.WrongStep)
	}
	want(t, "step", r.flow(l).Step, policy.StepMethod)
	want(t, "send by text", r.send(l, policy.MethodText), policy.OK)
}

// Ensure one source, and all together, can ask for so many mails and codes an hour and no more, whoever they are for; and
// that what is not sent costs nothing (RS-20).
func TestRS20_Budgets(t *testing.T) {
	r := mustOpen(t)
	r.active(jo)
	ask := func(email, from string) policy.Reason {
		reason, wait, err := r.Forgot(ctx(t), email, gate.Client{Address: from})
		want(t, "waiting", wait > 0, reason == policy.SourceLimit, err)
		return reason
	}
	for range 3 * policy.SourceMails {
		want(t, "one address again and again", ask("one@example.com", "192.0.2.9"), policy.OK)
	}
	for i := range policy.SourceMails - policy.MaxResetMails {
		want(t, "many addresses", ask(fmt.Sprint(i, "@example.com"), "192.0.2.9"), policy.OK)
	}
	want(t, "one more", ask("more@example.com", "192.0.2.9"), policy.SourceLimit)
	want(t, "another source", ask("more@example.com", "192.0.2.10"), policy.OK)
	r.advance(time.Hour)
	want(t, "an hour later", ask("more@example.com", "192.0.2.9"), policy.OK)

	l := r.asked(jo)
	for range 3 * policy.SourceSends {
		r.send(l, policy.MethodText) // but for the first, each comes too soon and is not sent
	}
	r.advance(time.Minute)
	want(t, "send", r.send(l, policy.MethodText), policy.OK)
	for i := range policy.SourceSends {
		if _, err := r.store.TakeLimit(ctx(t), "budget:sends:192.0.2.1", fmt.Sprint("x", i), policy.SourceSends, time.Hour, r.clock()); err != nil {
			t.Fatal(err)
		}
	}
	r.advance(time.Minute)
	reason, wait, err := r.SendCode(ctx(t), l, policy.MethodText, client)
	want(t, "budget used up", reason, policy.SendLimit, err)
	want(t, "waiting", wait > 50*time.Minute, true)
}

// Ensure a copy of the store is not enough to make codes or cookies when the operator has a secret (RS-34).
func TestRS34_OperatorsSecret(t *testing.T) {
	s := openFile(t)
	with := func(secret string) *rig { return rigOn(t, s, func(c *gate.Config) { c.Secret = []byte(secret) }) }
	derived := func(r *rig) [32]byte {
		keys, err := r.Keys().Derive(ctx(t), "cookie")
		want(t, "derive", err, nil)
		return keys[0].Secret
	}
	a, b, c := derived(with("")), derived(with("one secret of the operator")), derived(with("another one"))
	if a == b || b == c || a == c || b != derived(with("one secret of the operator")) {
		t.Error("keys do not follow the secret")
	}
}
