package policy

import (
	"slices"
	"time"
)

// ReserveAttempt counts a guess before it is checked. OK: check the password, then call SettleAttempt with the same id.
// Busy: as many checks are running as could lock the account; ask again when one has ended. Any other reason: do not
// check. No number of parallel guesses gets more than Lockout+1 checks between two successes, because a place is
// taken here, in one atomic write, and given back only by SettleAttempt. JustLocked: checks that never ended have locked
// the account; store that, and tell the owner.
func (r Rules) ReserveAttempt(a *Account, id string, now time.Time) Reason {
	if r.collectAbandoned(a, now) && !a.Disabled {
		return JustLocked
	}
	switch r.State(a, now) {
	case StateDisabled:
		return Disabled
	case StateInvited:
		return Invited
	case StateLocked:
		return Locked
	}
	if a.Failures.Failed+len(a.Failures.Checking) > r.Lockout {
		return Busy
	}
	a.Failures.Checking = append(a.Failures.Checking, Attempt{ID: id, At: now})
	return OK
}

// SettleAttempt ends a check. hash is the one that was checked: if the password was changed meanwhile, the answer
// says nothing about the new one and is Refused without being counted. A match sets the count to zero and gives OK or
// Expired; the last forgiven mismatch gives Refused, the one after it JustLocked. A check that took longer than
// CheckLife was counted as wrong already and stays so.
func (r Rules) SettleAttempt(a *Account, id, hash string, matched bool, now time.Time) (Reason, int) {
	i := slices.IndexFunc(a.Failures.Checking, func(t Attempt) bool { return t.ID == id })
	held := i >= 0
	if held {
		held = now.Before(a.Failures.Checking[i].At.Add(CheckLife))
	}
	if held {
		a.Failures.Checking = slices.Delete(a.Failures.Checking, i, i+1)
	}
	before := a.Failures.Failed
	justLocked := r.collectAbandoned(a, now)
	switch {
	case a.Disabled:
		return Disabled, before
	case a.Password.Hash != hash:
		return Refused, before
	case justLocked:
		return JustLocked, before
	case r.locked(a, now):
		return Locked, before
	case !held:
		return Refused, before
	case matched:
		a.Failures.Failed = 0
		if r.expired(a, now) {
			return Expired, before
		}
		return OK, before
	}
	a.Failures.Failed++
	if a.Failures.Failed > r.Lockout {
		a.Failures.LockedAt = now
		return JustLocked, before
	}
	return Refused, before
}

// WithdrawAttempt gives a place back when the password could not be checked at all (no free hashing lane, the store
// went away): nothing was learned, so nothing is counted.
func (r Rules) WithdrawAttempt(a *Account, id string) {
	a.Failures.Checking = slices.DeleteFunc(a.Failures.Checking, func(t Attempt) bool { return t.ID == id })
}

// collectAbandoned turns checks that never ended into failures, and locks an account whose count is beyond the limit,
// also when it is the limit that has changed. It reports whether that locked the account.
func (r Rules) collectAbandoned(a *Account, now time.Time) bool {
	if n := abandoned(a.Failures.Checking, now); n > 0 {
		a.Failures.Failed += n
		a.Failures.Checking = slices.DeleteFunc(a.Failures.Checking, func(t Attempt) bool { return gone(t, now) })
	}
	if a.Failures.Failed > r.Lockout && a.Failures.LockedAt.IsZero() {
		a.Failures.LockedAt = now
		return true
	}
	return false
}

func abandoned(checking []Attempt, now time.Time) (n int) {
	for _, t := range checking {
		if gone(t, now) {
			n++
		}
	}
	return n
}

// gone says whether a check can no longer be running. One that began in the future is none: a clock was set back.
func gone(t Attempt, now time.Time) bool {
	return !now.Before(t.At.Add(CheckLife)) || t.At.After(now.Add(FutureTolerance))
}

// RecordSignIn remembers a sign-in for the account page. failed is the count SettleAttempt returned.
func RecordSignIn(a *Account, at time.Time, address, agent string, failed int) {
	a.SignIns = append(a.SignIns, SignIn{At: at, Address: address, Agent: agent, Failed: failed})
	if n := len(a.SignIns) - MaxSignIns; n > 0 {
		a.SignIns = slices.Delete(a.SignIns, 0, n)
	}
}
