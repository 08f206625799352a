package policy

import (
	"fmt"
	"testing"
	"time"
)

var t0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// account makes an account in one of the states.
func account(state State) Account {
	a := Account{
		Version: RecordVersion, ID: "a", Email: "jo@example.com", Phone: Phone{Number: "+12025550123"}, CreatedAt: t0,
		Password: Credential{Hash: "hash", SetAt: t0},
	}
	switch state {
	case StateInvited:
		a.Password = Credential{}
	case StateLocked:
		a.Failures = Failures{Failed: 6, LockedAt: t0}
	case StateExpired:
		a.Password.SetAt = t0.Add(-91 * Day)
	case StateDisabled:
		a.Disabled = true
	}
	return a
}

// guess runs one guess from beginning to end.
func guess(r Rules, a *Account, matched bool, now time.Time) Reason {
	if reason := r.ReserveAttempt(a, "id", now); reason != OK {
		return reason
	}
	reason, _ := r.SettleAttempt(a, "id", a.Password.Hash, matched, now)
	return reason
}

// Ensure every state answers every event as it must.
func TestStateTable(t *testing.T) {
	r := DefaultRules()
	for _, c := range []struct {
		state        State
		right, wrong Reason
		counted      bool   // a wrong password is counted
		mail         Reason // of a request on the forgot page
		purpose      Purpose
		afterReset   State
		afterDisable State
		afterEnable  State
	}{
		{StateInvited, Invited, Invited, false, OK, PurposeInvitation, StateActive, StateDisabled, StateInvited},
		{StateActive, OK, Refused, true, OK, PurposeReset, StateActive, StateDisabled, StateActive},
		{StateLocked, Locked, Locked, false, OK, PurposeReset, StateActive, StateDisabled, StateLocked},
		{StateExpired, Expired, Refused, true, OK, PurposeReset, StateActive, StateDisabled, StateExpired},
		{StateDisabled, Disabled, Disabled, false, Disabled, "", "", StateDisabled, StateActive},
	} {
		t.Run(string(c.state), func(t *testing.T) {
			a := account(c.state)
			check(t, "state", r.State(&a, t0), c.state)
			check(t, "right password", guess(r, &a, true, t0), c.right)
			if c.right == OK || c.right == Expired {
				check(t, "count after the right one", a.Failures.Failed, 0)
			}

			a = account(c.state)
			before := a.Failures.Failed
			check(t, "wrong password", guess(r, &a, false, t0), c.wrong)
			check(t, "counted", a.Failures.Failed-before == 1, c.counted)
			check(t, "state after one wrong", r.State(&a, t0), c.state)

			a = account(c.state)
			check(t, "forgot", r.CountResetMail(&a, t0), c.mail)
			if c.mail == OK {
				link := r.AddLink(&a, "k", t0)
				check(t, "purpose", link.Purpose, c.purpose)
				check(t, "state while the reset is not finished", r.State(&a, t0), c.state)
				reset(t, r, &a, "k", "flow", t0)
				check(t, "state after the reset", r.State(&a, t0), c.afterReset)
				check(t, "count after the reset", a.Failures.Failed, 0)
				check(t, "right password after the reset", guess(r, &a, true, t0), OK)
			}

			a = account(c.state)
			epoch := a.Epoch
			Disable(&a)
			check(t, "disabled", r.State(&a, t0), c.afterDisable)
			check(t, "sessions end", c.state == StateDisabled || a.Epoch > epoch, true)
			Enable(&a)
			check(t, "enabled", r.State(&a, t0), c.afterEnable)
		})
	}
}

// reset goes through all steps with the right code.
func reset(t *testing.T, r Rules, a *Account, key LinkKey, flow string, now time.Time) {
	t.Helper()
	reason, _ := r.SendCode(a, key, flow, MethodText, "m", "k1", now)
	check(t, "send", reason, OK)
	reason, _ = r.EnterCode(a, key, flow, func(Code) bool { return true }, now)
	check(t, "code", reason, OK)
	check(t, "finish", r.FinishReset(a, key, flow, "hash2", now), OK)
}

func check[T comparable](t *testing.T, what string, have, want T) {
	t.Helper()
	if have != want {
		t.Errorf("%s: have %v, want %v", what, have, want)
	}
}

// Ensure disabled wins over locked, and locked over expired (LG-38).
func TestLG38_StatesInOrder(t *testing.T) {
	r := DefaultRules()
	a := account(StateExpired)
	a.Failures = Failures{Failed: 6, LockedAt: t0}
	check(t, "locked and expired", r.State(&a, t0), StateLocked)
	Disable(&a)
	check(t, "disabled too", r.State(&a, t0), StateDisabled)
	check(t, "forgot", r.CountResetMail(&a, t0), Disabled)
	Enable(&a)
	r.AddLink(&a, "k", t0)
	reset(t, r, &a, "k", "flow", t0)
	check(t, "after a reset", r.State(&a, t0), StateActive)
}

// Ensure a password ends to the second, in UTC, and that a broken date never means "never" (LG-37, TM-05).
func TestLG37_Expiry(t *testing.T) {
	r := DefaultRules()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	for name, c := range map[string]struct {
		set, now time.Time
		want     State
	}{
		"a second before":     {t0, t0.Add(90*Day - time.Second), StateActive},
		"on the second":       {t0, t0.Add(90 * Day), StateExpired},
		"across a DST change": {t0.In(berlin), t0.Add(90*Day - time.Second).In(berlin), StateActive},
		"no date":             {time.Time{}, t0, StateExpired},
		"1970":                {time.Unix(0, 0), t0, StateExpired},
		"in the future":       {t0.Add(time.Hour), t0, StateExpired},
		"9999":                {time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), t0, StateExpired},
		"clocks apart":        {t0.Add(time.Minute), t0, StateActive},
	} {
		t.Run(name, func(t *testing.T) {
			a := account(StateActive)
			a.Password.SetAt = c.set
			check(t, "state", r.State(&a, c.now), c.want)
		})
	}
	r.MaxAge = 0
	a := account(StateActive)
	check(t, "without expiry", r.State(&a, t0.Add(400*Day)), StateActive)
}

// Ensure a session ends exactly at its limits, and with its account's epoch (SE-08, SE-09, SE-20).
func TestSE08_SessionLimits(t *testing.T) {
	r := DefaultRules()
	for name, c := range map[string]struct {
		change func(s *Session, a *Account)
		now    time.Time
		want   Reason
	}{
		"fresh":                  {nil, t0, OK},
		"a second before idle":   {nil, t0.Add(15*time.Minute - time.Second), OK},
		"idle":                   {nil, t0.Add(15 * time.Minute), IdleEnd},
		"active, before the end": {func(s *Session, _ *Account) { s.SeenAt = t0.Add(12*time.Hour - time.Minute) }, t0.Add(12*time.Hour - time.Second), OK},
		"active, at the end":     {func(s *Session, _ *Account) { s.SeenAt = t0.Add(12*time.Hour - time.Minute) }, t0.Add(12 * time.Hour), LifetimeEnd},
		"signed out everywhere":  {func(_ *Session, a *Account) { SignOutEverywhere(a) }, t0, Revoked},
		"disabled":               {func(_ *Session, a *Account) { Disable(a) }, t0, Disabled},
		"enabled again":          {func(_ *Session, a *Account) { Disable(a); Enable(a) }, t0, Revoked},
		"of another account":     {func(s *Session, _ *Account) { s.Account = "b" }, t0, Revoked},
		"begun in the future":    {func(s *Session, _ *Account) { s.CreatedAt = t0.Add(time.Hour) }, t0, LifetimeEnd},
		"seen in the future":     {func(s *Session, _ *Account) { s.SeenAt = t0.Add(time.Hour) }, t0, IdleEnd},
		"password expired":       {func(_ *Session, a *Account) { a.Password.SetAt = t0.Add(-91 * Day) }, t0, OK},
		"account locked":         {func(_ *Session, a *Account) { a.Failures.LockedAt = t0 }, t0, OK},
	} {
		t.Run(name, func(t *testing.T) {
			a := account(StateActive)
			s := Session{Account: a.ID, CreatedAt: t0, SeenAt: t0}
			if c.change != nil {
				c.change(&s, &a)
			}
			check(t, "reason", r.CheckSession(&s, &a, c.now), c.want)
		})
	}
	s := Session{CreatedAt: t0, SeenAt: t0}
	check(t, "touch due", r.SessionTouchDue(&s, t0.Add(89*time.Second)), false)
	check(t, "touch due", r.SessionTouchDue(&s, t0.Add(90*time.Second)), true)
	idle, all := r.SessionLeft(&s, t0.Add(time.Minute))
	check(t, "left", fmt.Sprint(idle, all), "14m0s 11h59m0s")
	idle, all = r.SessionLeft(&s, t0.Add(13*time.Hour))
	check(t, "nothing left", fmt.Sprint(idle, all), "0s 0s")
}

// Ensure a contact change waits, is withdrawn by the old values, and kills links when it counts (RS-31, RS-41).
func TestRS41_ContactChangeWaits(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	r.AddLink(&a, "k", t0)
	check(t, "counts at once", r.ChangeContact(&a, "new@example.com", "", t0), false)
	check(t, "email", a.Email, "jo@example.com")
	check(t, "forgot", r.CountResetMail(&a, t0), OnHold)
	reason, _ := r.SendCode(&a, "k", "f", MethodText, "m", "k1", t0)
	check(t, "send", reason, OnHold)
	check(t, "too early", r.ApplyContact(&a, t0.Add(24*time.Hour-time.Second)), false)
	check(t, "in time", r.ApplyContact(&a, t0.Add(24*time.Hour)), true)
	check(t, "email", a.Email, "new@example.com")
	check(t, "links", len(a.Resets), 0)
	check(t, "sessions end", a.Epoch, uint64(1))
	check(t, "state", r.State(&a, t0), StateExpired)
	check(t, "right password", guess(r, &a, true, t0), Expired)
	forever := r
	forever.MaxAge = 0
	check(t, "without expiry too", forever.State(&a, t0), StateExpired)
	r.AddLink(&a, "k2", t0)
	reset(t, r, &a, "k2", "f", t0)
	check(t, "after a reset", r.State(&a, t0), StateActive)

	r.ChangeContact(&a, "", "+12025550199", t0)
	later := t0.Add(time.Hour)
	check(t, "both wait", r.ChangeContact(&a, "newer@example.com", "", later), false)
	check(t, "the change", *a.Change, ContactChange{Email: "newer@example.com", Phone: "+12025550199", AskedAt: later, EffectiveAt: later.Add(24 * time.Hour)})
	check(t, "number withdrawn", r.ChangeContact(&a, "", "+12025550123", later), false)
	check(t, "address still waits", a.Change.Email+a.Change.Phone, "newer@example.com")
	check(t, "address withdrawn", r.ChangeContact(&a, "new@example.com", "", later), true)
	if a.Change != nil {
		t.Error("the change still waits")
	}

	a = account(StateInvited)
	r.AddLink(&a, "k", t0)
	check(t, "counts at once while invited", r.ChangeContact(&a, "", "+12025550199", t0), true)
	check(t, "number", a.Phone.Number, "+12025550199")
	check(t, "links", len(a.Resets), 0)
}
