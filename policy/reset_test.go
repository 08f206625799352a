package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func right(Code) bool { return true }
func wrong(Code) bool { return false }

func withLink(r Rules, keys ...LinkKey) Account {
	a := account(StateActive)
	for _, k := range keys {
		r.AddLink(&a, k, t0)
	}
	return a
}

// send sends a code at a time when no limit stands in the way.
func send(t *testing.T, r Rules, a *Account, key LinkKey, flow string, now time.Time) {
	t.Helper()
	reason, _ := r.SendCode(a, key, flow, MethodText, fmt.Sprint("m", now.Unix()), "k1", now)
	check(t, "send", reason, OK)
}

// Ensure no step is reached without the proof before it (RS-19, IN-02).
func TestRS19_NoStepIsSkipped(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k", "other")
	check(t, "password right after the link", r.FinishReset(&a, "k", "f", "h", t0), WrongStep)
	reason, _ := r.EnterCode(&a, "k", "f", right, t0)
	check(t, "code before it was sent", reason, WrongStep)
	send(t, r, &a, "k", "f", t0)
	check(t, "password before the code", r.FinishReset(&a, "k", "f", "h", t0), WrongStep)
	reason, _ = r.EnterCode(&a, "k", "another browser", right, t0)
	check(t, "code in a browser that did not ask", reason, WrongStep)
	reason, _ = r.EnterCode(&a, "other", "f", right, t0)
	check(t, "code of another link", reason, WrongStep)
	reason, _ = r.EnterCode(&a, "k", "f", right, t0)
	check(t, "code", reason, OK)
	check(t, "password in another browser", r.FinishReset(&a, "k", "another browser", "h", t0), WrongStep)
	check(t, "password with another link", r.FinishReset(&a, "other", "f", "h", t0), WrongStep)
	check(t, "unchanged", a.Password.Hash, "hash")
	check(t, "password", r.FinishReset(&a, "k", "f", "h", t0), OK)
}

// Ensure a link ends to the second, and once, for all browsers and all links (RS-06, RS-07, RS-08, IN-01).
func TestRS06_LinkEnds(t *testing.T) {
	r := DefaultRules()
	link := func(a *Account, key LinkKey, flow string, now time.Time) Reason {
		_, reason := r.Link(a, key, flow, now)
		return reason
	}
	a := withLink(r, "k1", "k2", "k3")
	check(t, "garbage", link(&a, "garbage", "f", t0), LinkDead)
	check(t, "a second before", link(&a, "k1", "f", t0.Add(time.Hour-time.Second)), OK)
	check(t, "after an hour", link(&a, "k1", "f", t0.Add(time.Hour)), LinkDead)
	reset(t, r, &a, "k2", "f", t0)
	for _, k := range []LinkKey{"k1", "k3"} {
		check(t, "another link after success", link(&a, k, "f", t0), LinkDead)
	}
	check(t, "the link in another browser", link(&a, "k2", "g", t0), LinkDead)
	check(t, "the same browser", link(&a, "k2", "f", t0), OK)
	check(t, "its step", r.StepOf(&a.Resets[0], "f", t0), StepDone)
	check(t, "finishing again", r.FinishReset(&a, "k2", "f", "h3", t0), WrongStep)
	check(t, "hash", a.Password.Hash, "hash2")
	check(t, "much later", link(&a, "k2", "f", t0.Add(ProofLife)), LinkDead)

	a = account(StateInvited)
	r.AddLink(&a, "i", t0)
	check(t, "invitation on the last second", link(&a, "i", "", t0.Add(7*Day-time.Second)), OK)
	check(t, "invitation after seven days", link(&a, "i", "", t0.Add(7*Day)), LinkDead)
}

// Ensure two browsers with one link never both finish (RS-11, RS-15).
func TestRS11_OneProofAtATime(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k")
	send(t, r, &a, "k", "f", t0)
	reason, _ := r.SendCode(&a, "k", "g", MethodText, "m", "k1", t0)
	check(t, "second browser within the pause", reason, TooSoon)
	reason, _ = r.EnterCode(&a, "k", "f", right, t0)
	check(t, "first", reason, OK)
	reason, _ = r.EnterCode(&a, "k", "f", right, t0)
	check(t, "the same form twice", reason, OK)
	reason, _ = r.EnterCode(&a, "k", "g", right, t0)
	check(t, "the used code in the second", reason, CodeExpired)
	send(t, r, &a, "k", "g", t0.Add(time.Minute))
	reason, _ = r.EnterCode(&a, "k", "g", right, t0.Add(time.Minute))
	check(t, "a new code in the second", reason, OK)
	check(t, "first finishes", r.FinishReset(&a, "k", "f", "h", t0.Add(time.Minute)), WrongStep)
	check(t, "second finishes", r.FinishReset(&a, "k", "g", "h", t0.Add(time.Minute)), OK)
}

// Ensure a resend repeats the code while it lives and makes a new one after (RS-16, RS-18, T6).
func TestRS16_ResendRepeatsTheCode(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k")
	number := func() int { return a.Resets[0].Code.Number }
	send(t, r, &a, "k", "f", t0)
	send(t, r, &a, "k", "f", t0.Add(time.Minute))
	check(t, "number", number(), 1)
	reason, _ := r.EnterCode(&a, "k", "f", right, t0.Add(10*time.Minute-time.Second))
	check(t, "on the last second", reason, OK)

	a = withLink(r, "k")
	send(t, r, &a, "k", "f", t0)
	reason, _ = r.EnterCode(&a, "k", "f", right, t0.Add(10*time.Minute))
	check(t, "after ten minutes", reason, CodeExpired)
	check(t, "counted", a.Resets[0].WrongCodes+len(a.Codes.Wrong), 0)
	send(t, r, &a, "k", "f", t0.Add(11*time.Minute))
	check(t, "number", number(), 2)
}

// Ensure the tries of a link end after five, also for the right code, and those of an account after ten a day,
// whatever is sent in between (RS-12, RS-13).
func TestRS12_WrongCodes(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k1", "k2", "k3")
	now := t0
	enter := func(key LinkKey, match func(Code) bool) (Reason, int) { return r.EnterCode(&a, key, "f", match, now) }
	send(t, r, &a, "k1", "f", now)
	for i := range 4 {
		reason, left := enter("k1", wrong)
		check(t, "wrong", reason, WrongCode)
		check(t, "left", left, 4-i)
		if i == 2 {
			now = now.Add(time.Minute)
			send(t, r, &a, "k1", "f", now) // gives no new tries
		}
	}
	reason, _ := enter("k1", wrong)
	check(t, "fifth", reason, CodeLimit)
	reason, _ = enter("k1", right)
	check(t, "sixth, right", reason, CodeLimit)
	reason, _ = r.SendCode(&a, "k1", "f", MethodText, "m", "k1", now.Add(20*time.Minute))
	check(t, "send again", reason, CodeLimit)

	now = now.Add(20 * time.Minute)
	send(t, r, &a, "k2", "f", now)
	for range 5 {
		enter("k2", wrong)
	}
	check(t, "of the account", len(a.Codes.Wrong), 10)
	reason, wait := r.SendCode(&a, "k3", "f", MethodText, "m", "k1", now)
	check(t, "third link", reason, CodesPaused)
	check(t, "wait", wait, t0.Add(Day).Sub(now))
	r.AddLink(&a, "k4", t0.Add(Day))
	send(t, r, &a, "k4", "f", t0.Add(Day))
	check(t, "guess a day later", func() Reason { x, _ := r.EnterCode(&a, "k4", "f", right, t0.Add(Day)); return x }(), OK)
}

// Ensure the limits of sending hold over links, browsers and methods (RS-04, RS-20, RS-21).
func TestRS20_SendLimits(t *testing.T) {
	r := DefaultRules()
	r.ResetLink = 24 * time.Hour
	a := withLink(r, "k1", "k2")
	try := func(key LinkKey, m Method, now time.Time) Reason {
		reason, _ := r.SendCode(&a, key, "f", m, "m", "k1", now)
		return reason
	}
	check(t, "first", try("k1", MethodText, t0), OK)
	check(t, "pressed twice", try("k1", MethodCall, t0.Add(29*time.Second)), TooSoon)
	check(t, "second", try("k2", MethodCall, t0.Add(time.Minute)), OK)
	check(t, "third", try("k1", MethodText, t0.Add(2*time.Minute)), OK)
	check(t, "fourth", try("k2", MethodText, t0.Add(3*time.Minute)), SendLimit)
	reason, wait := r.SendCode(&a, "k2", "f", MethodText, "m", "k1", t0.Add(3*time.Minute))
	check(t, "wait", fmt.Sprint(reason, wait), "send_limit12m0s")
	check(t, "in time again", try("k2", MethodText, t0.Add(15*time.Minute)), OK)
	now := t0.Add(time.Hour)
	for range 6 {
		check(t, "later", try("k1", MethodText, now), OK)
		now = now.Add(20 * time.Minute)
	}
	check(t, "eleventh of the day", try("k1", MethodText, now), SendLimit)
	check(t, "sends remembered", len(a.Codes.Sends), MaxSendsDay)

	a = withLink(r, "k1")
	now = t0
	for range MaxCallsDay {
		check(t, "call", try("k1", MethodCall, now), OK)
		now = now.Add(20 * time.Minute)
	}
	check(t, "sixth call", try("k1", MethodCall, now), SendLimit)
	check(t, "a text instead", try("k1", MethodText, now), OK)
}

// Ensure a failed sending may be repeated at once, and that an old report does not speak for a new sending (T13, DL-06).
func TestT13_FailedSending(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k")
	delivery := func() Delivery { return a.Resets[0].Code.Delivery }
	reason, _ := r.SendCode(&a, "k", "f", MethodText, "m1", "k1", t0)
	check(t, "send", reason, OK)
	check(t, "delivery", delivery(), DeliverySending)
	SettleSend(&a, "k", "m1", false)
	check(t, "delivery", delivery(), DeliveryFailed)
	reason, _ = r.SendCode(&a, "k", "f", MethodCall, "m2", "k1", t0.Add(time.Second))
	check(t, "the other way", reason, OK)
	SettleSend(&a, "k", "m1", true)
	check(t, "late report", delivery(), DeliverySending)
	SettleSend(&a, "k", "m2", true)
	check(t, "delivery", delivery(), DeliverySent)
	check(t, "failed sends count", len(a.Codes.Sends), 2)
}

// Ensure mails are limited by the hour (RS-22).
func TestRS22_MailLimit(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	for i, want := range []Reason{OK, OK, OK, MailLimit, MailLimit} {
		check(t, fmt.Sprint("mail ", i+1), r.CountResetMail(&a, t0.Add(time.Duration(i)*time.Minute)), want)
	}
	check(t, "an hour later", r.CountResetMail(&a, t0.Add(time.Hour)), OK)
	a = account(StateActive)
	a.Phone = Phone{}
	check(t, "no phone", r.CountResetMail(&a, t0), NoPhone)
}

// Ensure disable, remove of the password's history and a change of password end what is under way (RS-28, RS-29).
func TestRS28_DisabledMeanwhile(t *testing.T) {
	r := DefaultRules()
	for name, change := range map[string]func(*Account){
		"disabled":             Disable,
		"disabled and enabled": func(a *Account) { Disable(a); Enable(a) },
		"password changed":     func(a *Account) { r.SetPassword(a, "h9", t0) },
	} {
		t.Run(name, func(t *testing.T) {
			a := withLink(r, "k")
			send(t, r, &a, "k", "f", t0)
			r.EnterCode(&a, "k", "f", right, t0)
			change(&a)
			check(t, "last step", r.FinishReset(&a, "k", "f", "h", t0), LinkDead)
		})
	}
}

// Ensure the old hashes are kept newest first and no longer than asked.
func TestRS25_History(t *testing.T) {
	r := DefaultRules()
	r.History = 2
	a := account(StateActive)
	for i := range 4 {
		r.SetPassword(&a, fmt.Sprint("h", i), t0)
	}
	if want := []string{"h2", "h1"}; !slices.Equal(a.Password.Previous, want) {
		t.Errorf("have %v, want %v", a.Password.Previous, want)
	}
	r.History = 0
	r.SetPassword(&a, "h4", t0)
	check(t, "without history", len(a.Password.Previous), 0)
}

// Ensure a proof outlives the link but not its own time (RS-24, U-18).
func TestRS24_ProofLife(t *testing.T) {
	r := DefaultRules()
	a := withLink(r, "k")
	late := t0.Add(time.Hour - time.Second)
	send(t, r, &a, "k", "f", late)
	r.EnterCode(&a, "k", "f", right, late)
	r.AddLink(&a, "k2", t0.Add(time.Hour)) // must not push the proved link out
	copied := a
	copied.Resets = slices.Clone(a.Resets)
	check(t, "in time", r.FinishReset(&copied, "k", "f", "h", late.Add(ProofLife-time.Second)), OK)
	check(t, "too late", r.FinishReset(&a, "k", "f", "h", late.Add(ProofLife)), LinkDead)
}

// Ensure records stay small however often links are asked for and opened.
func TestResetRecordsAreBounded(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	for i := range 3 * MaxResets {
		r.AddLink(&a, LinkKey(fmt.Sprint(i)), t0)
	}
	check(t, "links", len(a.Resets), MaxResets)
	check(t, "index", len(a.LinkKeys()), MaxResets)
	key := a.Resets[0].Key
	send(t, r, &a, key, "f", t0)
	for i := range 3 * MaxFlows {
		r.SendCode(&a, key, fmt.Sprint("b", i), MethodText, "m", "k1", t0)
	}
	check(t, "flows", len(a.Resets[0].Flows), MaxFlows)
}
