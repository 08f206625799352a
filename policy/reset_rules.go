package policy

import (
	"slices"
	"time"
)

// LinkPurpose tells what kind of mail a request on the forgot page leads to: a reset, or the invitation again while the
// account is not set up.
func (r Rules) LinkPurpose(a *Account) Purpose {
	if a.Password.Hash == "" {
		return PurposeInvitation
	}
	return PurposeReset
}

// CountResetMail counts a mail that the forgot page asked for: OK, or why none may go out. Disabled accounts get
// nothing; one whose contact is being changed gets no link until the change counts.
func (r Rules) CountResetMail(a *Account, now time.Time) Reason {
	if a.Disabled {
		return Disabled
	}
	a.Codes.Mails = within(a.Codes.Mails, MailWindow, now)
	if len(a.Codes.Mails) >= MaxResetMails {
		return MailLimit
	}
	a.Codes.Mails = append(a.Codes.Mails, now)
	switch {
	case a.Change != nil:
		return OnHold
	case a.Phone.Number == "":
		return NoPhone
	}
	return OK
}

// AddLink gives the account one more live link. Each is valid until one of them succeeds, then all die.
func (r Rules) AddLink(a *Account, key LinkKey, now time.Time) *Reset {
	life, purpose := r.ResetLink, r.LinkPurpose(a)
	if purpose == PurposeInvitation {
		life = r.Invitation
	}
	r.dropDeadLinks(a, now)
	if n := len(a.Resets) - MaxResets + 1; n > 0 {
		a.Resets = slices.Delete(a.Resets, 0, n)
	}
	a.Resets = append(a.Resets, Reset{Key: key, Purpose: purpose, CreatedAt: now, ExpiresAt: now.Add(life)})
	return &a.Resets[len(a.Resets)-1]
}

// Link finds a link that still leads somewhere for the browser with this flow key: a live one, or one in which this
// browser has proved the code and may still choose a password, or has just finished. Otherwise LinkDead. flow may be "".
func (r Rules) Link(a *Account, key LinkKey, flow string, now time.Time) (*Reset, Reason) {
	i := slices.IndexFunc(a.Resets, func(x Reset) bool { return x.Key == key })
	if i < 0 || a.Disabled {
		return nil, LinkDead
	}
	link := &a.Resets[i]
	f := link.flow(flow)
	switch {
	case !link.FinishedAt.IsZero():
		if f != nil && !f.ProvedAt.IsZero() && now.Before(link.FinishedAt.Add(ProofLife)) {
			return link, OK
		}
		return nil, LinkDead
	case f != nil && f.proved(now):
		return link, OK
	case !now.Before(link.ExpiresAt):
		return nil, LinkDead
	}
	return link, OK
}

// StepOf tells which step the browser with this flow key has reached with a link that Link found.
func (r Rules) StepOf(link *Reset, flow string, now time.Time) Step {
	f := link.flow(flow)
	switch {
	case f == nil:
		return StepMethod
	case !link.FinishedAt.IsZero():
		return StepDone
	case f.proved(now):
		return StepPassword
	}
	return StepCode
}

// SendCode lets the browser with this flow key on to the code step and decides what is sent. OK: send code
// link.Code.Number to the phone by method, as the message with the id sending. A live code is sent again as it is, so that
// a late text is never the wrong one. TooSoon: one was sent a moment ago; nothing is sent, the step is reached. SendLimit with the
// time to wait, NoPhone, OnHold, CodeLimit, CodesPaused or LinkDead: nothing is sent and no step is reached.
func (r Rules) SendCode(a *Account, key LinkKey, flow string, method Method, sending, keyID string, now time.Time) (Reason, time.Duration) {
	link, reason := r.Link(a, key, flow, now)
	switch {
	case reason != OK:
		return reason, 0
	case !link.FinishedAt.IsZero():
		return LinkDead, 0
	case a.Change != nil:
		return OnHold, 0
	case a.Phone.Number == "":
		return NoPhone, 0
	case link.WrongCodes >= MaxWrongCodes:
		return CodeLimit, 0
	}
	if until, paused := r.CodesPausedUntil(a, now); paused {
		return CodesPaused, until.Sub(now)
	}
	c := &link.Code
	if now.Before(c.SentAt.Add(SendPause)) && c.Delivery != DeliveryFailed && r.codeLive(c, now) {
		link.choose(flow, now)
		return TooSoon, c.SentAt.Add(SendPause).Sub(now)
	}
	a.Codes.Sends = slices.DeleteFunc(a.Codes.Sends, func(s Send) bool { return !now.Before(s.At.Add(Day)) })
	if wait := sendWait(a.Codes.Sends, method, now); wait > 0 {
		return SendLimit, wait
	}
	if !r.codeLive(c, now) {
		*c = Code{Number: c.Number + 1, KeyID: keyID, IssuedAt: now}
	}
	c.SentAt, c.Method, c.Delivery, c.Sending = now, method, DeliverySending, sending
	a.Codes.Sends = append(a.Codes.Sends, Send{At: now, Method: method})
	link.choose(flow, now)
	return OK, 0
}

// sendWait returns how long to wait before one more text or call may go out; zero means now.
func sendWait(sends []Send, method Method, now time.Time) time.Duration {
	wait := func(limit int, window time.Duration, counts func(Send) bool) time.Duration {
		var at []time.Time
		for _, s := range sends {
			if counts(s) && now.Before(s.At.Add(window)) {
				at = append(at, s.At)
			}
		}
		if len(at) < limit {
			return 0
		}
		return at[len(at)-limit].Add(window).Sub(now)
	}
	all := func(Send) bool { return true }
	longest := max(wait(MaxSends, SendWindow, all), wait(MaxSendsDay, Day, all))
	if method == MethodCall {
		longest = max(longest, wait(MaxCallsDay, Day, func(s Send) bool { return s.Method == MethodCall }))
	}
	return longest
}

// SettleSend records how a sending ended. Only the latest sending of a link is of interest; reports of others change
// nothing.
func SettleSend(a *Account, key LinkKey, sending string, sent bool) {
	for i := range a.Resets {
		c := &a.Resets[i].Code
		if a.Resets[i].Key != key || c.Sending != sending {
			continue
		}
		c.Delivery = DeliveryFailed
		if sent {
			c.Delivery = DeliverySent
		}
	}
}

// EnterCode judges a code entered in the browser with this flow key. matches compares it with code number n; it is
// called at most once, and the try counts before it is. OK: the browser may choose a password. WrongCode comes with the
// tries left. A code counts once, and only in a browser that has reached the code step.
func (r Rules) EnterCode(a *Account, key LinkKey, flow string, matches func(c Code) bool, now time.Time) (Reason, int) {
	link, reason := r.Link(a, key, flow, now)
	if reason != OK {
		return reason, 0
	}
	switch r.StepOf(link, flow, now) {
	case StepMethod, StepDone:
		return WrongStep, 0
	case StepPassword:
		return OK, 0 // the same form sent twice
	}
	a.Codes.Wrong = within(a.Codes.Wrong, Day, now)
	switch {
	case link.WrongCodes >= MaxWrongCodes:
		return CodeLimit, 0
	case len(a.Codes.Wrong) >= MaxWrongCodesDay:
		return CodesPaused, 0
	case !r.codeLive(&link.Code, now):
		return CodeExpired, 0
	}
	if !matches(link.Code) {
		link.WrongCodes++
		a.Codes.Wrong = append(a.Codes.Wrong, now)
		if left := MaxWrongCodes - link.WrongCodes; left > 0 {
			return WrongCode, left
		}
		return CodeLimit, 0
	}
	link.Code.UsedAt = now
	for i := range link.Flows { // one proof at a time: never can two browsers finish
		link.Flows[i].ProvedAt = time.Time{}
	}
	link.flow(flow).ProvedAt = now
	a.Phone.VerifiedAt = now
	return OK, 0
}

// FinishReset sets the new hash, clears the lock, ends every session and kills every other link and code. It needs the
// proof of the code in the browser with this flow key; two at once have one winner, and the second finds StepDone.
func (r Rules) FinishReset(a *Account, key LinkKey, flow, hash string, now time.Time) Reason {
	link, reason := r.Link(a, key, flow, now)
	if reason != OK {
		return reason
	}
	if r.StepOf(link, flow, now) != StepPassword {
		return WrongStep
	}
	link.FinishedAt = now
	finished := *link
	r.SetPassword(a, hash, now)
	a.Failures = Failures{} // nothing else unlocks
	a.Resets = []Reset{finished}
	a.Codes.Wrong = nil
	return OK
}

// SetPassword replaces the password, keeps the old hash for the history, and ends every session, link and code. It does
// not unlock.
func (r Rules) SetPassword(a *Account, hash string, now time.Time) {
	previous := a.Password.Previous
	if old := a.Password.Hash; old != "" && r.History > 0 {
		previous = slices.Insert(previous, 0, old)
	}
	if len(previous) > r.History {
		previous = previous[:r.History]
	}
	a.Password = Credential{Hash: hash, SetAt: now, Previous: previous}
	a.MustReset = false
	a.Resets = nil
	a.Epoch++
}

func (r Rules) dropDeadLinks(a *Account, now time.Time) {
	a.Resets = slices.DeleteFunc(a.Resets, func(x Reset) bool {
		return !now.Before(x.ExpiresAt) && !slices.ContainsFunc(x.Flows, func(f Flow) bool { return f.proved(now) })
	})
}

func (r Rules) codeLive(c *Code, now time.Time) bool {
	return c.Number > 0 && c.UsedAt.IsZero() && now.Before(c.IssuedAt.Add(r.Code)) && !c.IssuedAt.After(now.Add(FutureTolerance))
}

// CodeEnds returns when the link's code ends; false when no code is alive.
func (r Rules) CodeEnds(link *Reset, now time.Time) (time.Time, bool) {
	return link.Code.IssuedAt.Add(r.Code), r.codeLive(&link.Code, now)
}

// CodesPausedUntil tells when an account with too many wrong codes may be sent one again; false when it may now.
func (r Rules) CodesPausedUntil(a *Account, now time.Time) (time.Time, bool) {
	wrong := within(slices.Clone(a.Codes.Wrong), Day, now)
	if len(wrong) < MaxWrongCodesDay {
		return time.Time{}, false
	}
	return wrong[len(wrong)-MaxWrongCodesDay].Add(Day), true
}

func (x *Reset) flow(key string) *Flow {
	for i := range x.Flows {
		if key != "" && x.Flows[i].Key == key {
			return &x.Flows[i]
		}
	}
	return nil
}

func (f *Flow) proved(now time.Time) bool {
	return !f.ProvedAt.IsZero() && now.Before(f.ProvedAt.Add(ProofLife))
}

// choose lets a browser on to the code step. When too many browsers are remembered, one that proved nothing makes room.
func (x *Reset) choose(key string, now time.Time) {
	if f := x.flow(key); f != nil {
		f.ChoseAt = now
		return
	}
	if len(x.Flows) >= MaxFlows {
		i := max(0, slices.IndexFunc(x.Flows, func(f Flow) bool { return f.ProvedAt.IsZero() }))
		x.Flows = slices.Delete(x.Flows, i, i+1)
	}
	x.Flows = append(x.Flows, Flow{Key: key, ChoseAt: now})
}

func within(times []time.Time, window time.Duration, now time.Time) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return !now.Before(t.Add(window)) })
}
