package policy

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Ensure five wrong passwords are forgiven, the sixth locks, and only a reset unlocks (LG-01, LG-02, LG-03, LG-10, LG-11).
func TestLG02_SixthWrongLocks(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	for range 2 { // 5 wrong and success, twice
		for i := range 5 {
			check(t, "wrong "+fmt.Sprint(i+1), guess(r, &a, false, t0), Refused)
		}
		check(t, "right", guess(r, &a, true, t0), OK)
		check(t, "count", a.Failures.Failed, 0)
	}
	for i := range 5 {
		check(t, "hourly wrong", guess(r, &a, false, t0.Add(time.Duration(i)*time.Hour)), Refused)
	}
	late := t0.Add(30 * Day)
	check(t, "sixth", guess(r, &a, false, late), JustLocked)
	check(t, "seventh", guess(r, &a, false, late), Locked)
	check(t, "right one, a month later", guess(r, &a, true, late.Add(30*Day)), Locked)
	r.CountResetMail(&a, late)
	r.AddLink(&a, "k", late)
	check(t, "reset asked for only", guess(r, &a, true, late), Locked)
	Disable(&a)
	Enable(&a)
	check(t, "disabled and enabled", guess(r, &a, true, late), Locked)
	r.AddLink(&a, "k", late)
	reset(t, r, &a, "k", "f", late)
	check(t, "reset", guess(r, &a, true, late), OK)
}

// Ensure checks that never ended count as wrong, so that killing a node gains nothing.
func TestAbandonedChecksCount(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	for i := range 6 {
		check(t, "reserve", r.ReserveAttempt(&a, fmt.Sprint(i), t0), OK)
	}
	check(t, "seventh at once", r.ReserveAttempt(&a, "7", t0), Busy)
	check(t, "state while they run", r.State(&a, t0), StateActive)
	later := t0.Add(CheckLife)
	check(t, "state when they are gone", r.State(&a, later), StateLocked)
	check(t, "next", r.ReserveAttempt(&a, "8", later), JustLocked)
	check(t, "and the next", r.ReserveAttempt(&a, "9", later), Locked)
	reason, _ := r.SettleAttempt(&a, "0", "hash", true, later)
	check(t, "a late right answer", reason, Locked)
}

// Ensure a lower limit locks who is beyond it, with the next guess, and says so once (LG-02).
func TestLG02_LoweredLimit(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	a.Failures.Failed = 7
	r.Lockout = 10
	check(t, "under the old limit", r.State(&a, t0), StateActive)
	r.Lockout = 5
	check(t, "under the new one", r.State(&a, t0), StateLocked)
	check(t, "next guess", r.ReserveAttempt(&a, "x", t0), JustLocked)
	check(t, "and the next", r.ReserveAttempt(&a, "y", t0), Locked)
	check(t, "locked at", a.Failures.LockedAt, t0)
}

// Ensure checks from the future, after a clock was set back, do not hold their places for ever.
func TestChecksFromTheFuture(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	for i := range 3 {
		r.ReserveAttempt(&a, fmt.Sprint(i), t0.Add(time.Hour))
	}
	check(t, "right one", guess(r, &a, true, t0), OK)
	check(t, "left behind", len(a.Failures.Checking), 0)
}

// Ensure a check that ends late without a lock is refused, not accepted, and that it counted.
func TestLateCheckIsRefused(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	r.ReserveAttempt(&a, "x", t0)
	reason, _ := r.SettleAttempt(&a, "x", "hash", true, t0.Add(CheckLife))
	check(t, "late", reason, Refused)
	check(t, "count", a.Failures.Failed, 1)
}

// Ensure the answer for an old password says nothing about a new one.
func TestPasswordChangedDuringCheck(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	r.ReserveAttempt(&a, "x", t0)
	r.SetPassword(&a, "new", t0)
	reason, _ := r.SettleAttempt(&a, "x", "hash", true, t0)
	check(t, "settled", reason, Refused)
	check(t, "count", a.Failures.Failed, 0)
}

// Ensure, over random interleavings of guesses, that no more than Lockout+1 checks run between two successes (or
// resets), that right passwords alone never lock, and that locked stays locked until a reset (LG-05, T9).
func TestLG05_LockoutInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := DefaultRules()
		r.Lockout = rapid.IntRange(1, 7).Draw(t, "lockout")
		onlyRight := rapid.Bool().Draw(t, "only right ones")
		a := account(StateActive)
		running := map[string]bool{} // id → will match
		checks, next, locked := 0, 0, false
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch {
			case len(running) == 0 || rapid.Bool().Draw(t, "begin"):
				id := fmt.Sprint(next)
				next++
				reason := r.ReserveAttempt(&a, id, t0)
				if locked && reason != Locked {
					t.Fatalf("locked, yet reserve says %s", reason)
				}
				if reason == OK {
					running[id] = onlyRight || rapid.Bool().Draw(t, "right")
					checks++
				}
			default:
				ids := make([]string, 0, len(running))
				for i := range next {
					if _, ok := running[fmt.Sprint(i)]; ok {
						ids = append(ids, fmt.Sprint(i))
					}
				}
				id := rapid.SampledFrom(ids).Draw(t, "end")
				reason, _ := r.SettleAttempt(&a, id, "hash", running[id], t0)
				matched := running[id]
				delete(running, id)
				switch {
				case locked && reason != Locked:
					t.Fatalf("locked, yet settle says %s", reason)
				case matched && reason == OK:
					checks = len(running) // those still running belong to the next stretch
				case reason == JustLocked:
					locked = true
				}
			}
			if checks > r.Lockout+1 {
				t.Fatalf("%d checks between two successes", checks)
			}
			if onlyRight && (locked || a.Failures.Failed > 0) {
				t.Fatal("right passwords were counted")
			}
		}
	})
}
