package policy

import "time"

// CheckSession tells whether a session may be used now. OK, or why not; it ends exactly at its limits.
func (r Rules) CheckSession(s *Session, a *Account, now time.Time) Reason {
	switch {
	case a.Disabled:
		return Disabled
	case s.Account != a.ID || s.Epoch != a.Epoch || a.Password.Hash == "":
		return Revoked
	case !now.Before(s.CreatedAt.Add(r.Lifetime)) || s.CreatedAt.After(now.Add(FutureTolerance)):
		return LifetimeEnd
	case !now.Before(s.SeenAt.Add(r.Idle)) || s.SeenAt.After(now.Add(FutureTolerance)):
		return IdleEnd
	}
	return OK
}

// SessionTouchDue tells whether the last-seen time is old enough to be written again.
func (r Rules) SessionTouchDue(s *Session, now time.Time) bool {
	return now.Sub(s.SeenAt) >= r.Idle/SeenFractionOfIdle
}

// SessionLeft returns the time until the session ends idle and in all, never below zero.
func (r Rules) SessionLeft(s *Session, now time.Time) (idle, all time.Duration) {
	all = max(0, s.CreatedAt.Add(r.Lifetime).Sub(now))
	idle = min(all, max(0, s.SeenAt.Add(r.Idle).Sub(now)))
	return idle, all
}
