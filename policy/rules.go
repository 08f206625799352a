// Package policy holds the rules of the login wall and the records they rule over. It is pure: no I/O, no clock and no
// randomness. Every decision takes the time as an argument and gives a Reason back; changes are made to the record that
// is passed in, so that a store can run a decision inside one compare-and-set and repeat it on a fresh copy.
package policy

import "time"

// Rules are the settings a realm decides by. The zero value is not usable; start from DefaultRules.
type Rules struct {
	Lockout     int           // wrong passwords forgiven; the next one locks
	MaxAge      time.Duration // life of a password; 0 means it does not expire
	Warn        time.Duration // how long before its end the owner is warned
	History     int           // previous hashes kept
	Idle        time.Duration // a session without activity ends after this
	Lifetime    time.Duration // any session ends after this
	ResetLink   time.Duration // life of a reset link, at most MaxResetLink
	Code        time.Duration // life of a code, at most MaxCode
	Invitation  time.Duration // life of an invitation link
	ContactHold time.Duration // before a changed address or number counts
}

// DefaultRules are what holds where a configuration says nothing (docs/security.md).
func DefaultRules() Rules {
	return Rules{
		Lockout:     5,
		MaxAge:      90 * 24 * time.Hour,
		Warn:        14 * 24 * time.Hour,
		History:     5,
		Idle:        15 * time.Minute,
		Lifetime:    12 * time.Hour,
		ResetLink:   time.Hour,
		Code:        10 * time.Minute,
		Invitation:  7 * 24 * time.Hour,
		ContactHold: 24 * time.Hour,
	}
}

// Bounds that no setting can go past.
const (
	MaxLockout   = 100              // NIST SP 800-63B-4 §3.2.2
	MaxResetLink = 24 * time.Hour   // NIST SP 800-63B-4 §4.2.1.2
	MaxCode      = 10 * time.Minute // NIST SP 800-63B-4 §3.1.3.2, OWASP ASVS 6.5.5
)

// Limits that no setting changes (docs/security.md).
const (
	MaxWrongCodes      = 5    // per link
	MaxWrongCodesDay   = 10   // per account, in 24 h, over all links and codes
	MaxSends           = 3    // texts and calls together, in SendWindow
	MaxSendsDay        = 10   // texts and calls together, in 24 h
	MaxCallsDay        = 5    // of which calls: a call costs more, so that it invites toll fraud
	MaxResetMails      = 3    // an hour
	SourceMails        = 60   // an hour, reset mails asked for from one source
	SourceSends        = 60   // an hour, texts and calls asked for from one source
	RealmMails         = 5000 // an hour, all of them
	RealmSends         = 1000 // an hour, all of them: what toll fraud can cost at most
	MaxResets          = 8    // live links of one account; the oldest makes room
	MaxFlows           = 16   // browsers remembered for one link
	MaxSignIns         = 10   // sign-ins remembered for the account page
	SendWindow         = 15 * time.Minute
	SendPause          = 30 * time.Second // within this a second press sends nothing and changes nothing
	MailWindow         = time.Hour
	Day                = 24 * time.Hour
	ProofLife          = 30 * time.Minute // a new password may be chosen this long after the code was entered
	CheckLife          = 30 * time.Second // a check that has not ended by then counts as a wrong password
	FutureTolerance    = 2 * time.Minute  // clocks of nodes may differ by this much
	SeenFractionOfIdle = 10               // last-seen is written at most once per Idle/SeenFractionOfIdle
)

// State tells what the account is at now.
func (r Rules) State(a *Account, now time.Time) State {
	switch {
	case a.Disabled:
		return StateDisabled
	case a.Password.Hash == "":
		return StateInvited
	case r.locked(a, now):
		return StateLocked
	case r.expired(a, now):
		return StateExpired
	}
	return StateActive
}

// locked also counts checks that began long ago and never ended: the node that ran them may have died with the answer,
// and an attacker must gain nothing from that.
func (r Rules) locked(a *Account, now time.Time) bool {
	return !a.Failures.LockedAt.IsZero() || a.Failures.Failed+abandoned(a.Failures.Checking, now) > r.Lockout
}

// expired treats a date that is missing or in the future as expired: a broken record must never mean "never expires".
func (r Rules) expired(a *Account, now time.Time) bool {
	if a.MustReset {
		return true
	}
	if r.MaxAge <= 0 {
		return false
	}
	set := a.Password.SetAt
	return set.IsZero() || set.After(now.Add(FutureTolerance)) || !now.Before(set.Add(r.MaxAge))
}

// PasswordEnds returns when the password expires; false when it does not.
func (r Rules) PasswordEnds(a *Account) (time.Time, bool) {
	if r.MaxAge <= 0 || a.Password.Hash == "" {
		return time.Time{}, false
	}
	ends := a.Password.SetAt.Add(r.MaxAge)
	return ends, !a.Password.SetAt.IsZero() && ends.Year() < 9999 // a broken date has no end that could be told
}
