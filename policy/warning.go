package policy

import "time"

// Warning is a mail that told of a password's end: when, of which end, and at which step before it.
type Warning struct {
	At   time.Time     `json:"at"`
	Ends time.Time     `json:"ends"`
	Step time.Duration `json:"step"` // nanoseconds before the end
}

// warningPause is the least time between two warnings. Nodes that disagree about MaxAge, as they do while it is being
// changed on one after the other, would else tell the owner in turn.
const warningPause = 12 * time.Hour

// lateSteps are the times before the end at which the owner is told once more, after the first time, at Warn.
var lateSteps = []time.Duration{7 * Day, Day}

// Warns tells whether owners are told of the end of their passwords at all.
func (r Rules) Warns() bool { return r.MaxAge > 0 && r.Warn > 0 }

// PasswordEndsSoon tells whether the password's end is within Warn from now, or past.
func (r Rules) PasswordEndsSoon(a *Account, now time.Time) bool {
	ends, does := r.PasswordEnds(a)
	return does && r.Warns() && !now.Before(ends.Add(-r.Warn))
}

// PasswordDaysLeft returns the days until the password ends, rounded up, so that the last day counts as one; 0 when it
// counts as expired. It is false when the password does not end.
func (r Rules) PasswordDaysLeft(a *Account, now time.Time) (int, bool) {
	ends, does := r.PasswordEnds(a)
	if !does || r.expired(a, now) {
		return 0, does
	}
	return int((ends.Sub(now) + Day - 1) / Day), true
}

// WarningDue tells whether the owner is to be told now of the password's end, and how long it is until then. It is due
// once at each step: Warn, a week and a day before the end, as far as they are not longer than Warn. Of steps that have
// passed untold, the nearest to the end stands for all; at the end it is too late. A mail that told of another end than
// the present one does not count, since the owner now knows a wrong date.
//
// Nobody is told whose account is disabled, not set up, or bound to reset its password anyway. A lock makes no difference:
// the guesses of others must not decide what the owner hears, who may be signed in and at work.
func (r Rules) WarningDue(a *Account, now time.Time) (left time.Duration, due bool) {
	warning, due := r.warning(a, now)
	if !due {
		return 0, false
	}
	return warning.Ends.Sub(now), true
}

// RecordWarning remembers that the owner is told now, if that is due, and returns when the password ends.
func (r Rules) RecordWarning(a *Account, now time.Time) (ends time.Time, due bool) {
	warning, due := r.warning(a, now)
	if due {
		a.Password.Warned = warning
	}
	return warning.Ends, due
}

// warning is the one that is due now.
func (r Rules) warning(a *Account, now time.Time) (Warning, bool) {
	ends, does := r.PasswordEnds(a)
	if !does || a.Disabled || r.expired(a, now) {
		return Warning{}, false
	}
	step := r.warningStep(ends.Sub(now))
	told := a.Password.Warned
	if step == 0 || told.Ends.Equal(ends) && told.Step <= step || now.Before(told.At.Add(warningPause)) {
		return Warning{}, false
	}
	return Warning{At: now.UTC(), Ends: ends.UTC(), Step: step}, true
}

// warningStep is the last step that was passed when so much is left until the end; 0 when none was.
func (r Rules) warningStep(left time.Duration) time.Duration {
	if !r.Warns() || left > r.Warn {
		return 0
	}
	step := r.Warn
	for _, late := range lateSteps {
		if left <= late && late < step {
			step = late
		}
	}
	return step
}
