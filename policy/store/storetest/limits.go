package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/store"
)

const window = 10 * time.Minute

// take takes a place and checks the answer.
func take(t testing.TB, s store.Store, key, id string, limit int, at time.Duration, want store.Taken) {
	t.Helper()
	got, err := s.TakeLimit(t.Context(), key, id, limit, window, t0.Add(at))
	noErr(t, err)
	same(t, fmt.Sprintf("%s takes %s at %v", id, key, at), got, want)
}

func settle(t testing.TB, s store.Store, key, id string, keep bool) {
	t.Helper()
	noErr(t, s.SettleLimit(t.Context(), key, id, keep))
}

var (
	ok   = store.Taken{OK: true}
	held = func(after time.Duration) store.Taken { return store.Taken{Pending: true, RetryAfter: after} }
	full = func(after time.Duration) store.Taken { return store.Taken{RetryAfter: after} }
)

var limitCases = cases{
	"LimitHeldThenKeptOrGivenBack": func(t *testing.T, s store.Store) {
		take(t, s, "k", "a", 2, 0, ok)
		take(t, s, "k", "b", 2, time.Minute, ok)
		take(t, s, "k", "c", 2, 2*time.Minute, held(8*time.Minute))
		settle(t, s, "k", "a", true)
		take(t, s, "k", "c", 2, 2*time.Minute, held(8*time.Minute)) // b may still be given back
		settle(t, s, "k", "b", true)
		take(t, s, "k", "c", 2, 2*time.Minute, full(8*time.Minute))
		take(t, s, "another", "c", 2, 2*time.Minute, ok)
	},
	"LimitGivesBack": func(t *testing.T, s store.Store) {
		take(t, s, "k", "a", 1, 0, ok)
		settle(t, s, "k", "a", false)
		take(t, s, "k", "b", 1, time.Second, ok)
		settle(t, s, "k", "b", true)
		take(t, s, "k", "c", 1, time.Second, full(window))
	},
	"LimitSettleOfNothing": func(t *testing.T, s store.Store) {
		settle(t, s, "k", "nobody", true)
		settle(t, s, "k", "nobody", false)
		take(t, s, "k", "a", 1, 0, ok) // keeping what was never held takes no place
		settle(t, s, "k", "a", true)
		settle(t, s, "k", "a", true)
		take(t, s, "k", "b", 1, 0, full(window))
	},
	"LimitSameIdTakesOnePlace": func(t *testing.T, s store.Store) {
		take(t, s, "k", "a", 2, 0, ok)
		take(t, s, "k", "a", 2, time.Minute, ok)
		take(t, s, "k", "b", 2, time.Minute, ok)
		take(t, s, "k", "a", 2, time.Minute, ok) // full, but this one is in
		take(t, s, "k", "c", 2, time.Minute, held(9*time.Minute))
	},
	"LimitWindowSlides": func(t *testing.T, s store.Store) {
		for n := range 3 { // at 0, 1 and 2 minutes
			take(t, s, "k", fmt.Sprint(n), 3, time.Duration(n)*time.Minute, ok)
			settle(t, s, "k", fmt.Sprint(n), true) // keeping does not make it younger
		}
		take(t, s, "k", "x", 3, 9*time.Minute, full(time.Minute))
		take(t, s, "k", "x", 3, window-time.Microsecond, full(time.Microsecond))
		take(t, s, "k", "x", 3, window, ok) // the first has vanished, exactly when it was said
		take(t, s, "k", "y", 3, window, held(time.Minute))
		take(t, s, "k", "y", 3, window+time.Minute, ok)
		take(t, s, "k", "z", 3, 5*window, ok)
	},
	"LimitHeldPlaceVanishes": func(t *testing.T, s store.Store) {
		take(t, s, "k", "lost", 1, 0, ok)
		take(t, s, "k", "a", 1, window-time.Second, held(time.Second))
		take(t, s, "k", "a", 1, window, ok)
		settle(t, s, "k", "lost", true) // too late to count
		settle(t, s, "k", "a", false)
		take(t, s, "k", "b", 1, window, ok)
	},
	"LimitLowered": func(t *testing.T, s store.Store) {
		for n := range 5 {
			take(t, s, "k", fmt.Sprint(n), 5, time.Duration(n)*time.Minute, ok)
			settle(t, s, "k", fmt.Sprint(n), n > 0)
		}
		// Kept at 1, 2, 3 and 4 minutes: three must vanish before one of two places is free.
		take(t, s, "k", "x", 2, 5*time.Minute, full(3*time.Minute+5*time.Minute))
		take(t, s, "k", "x", 2, 13*time.Minute, ok)
	},
	"LimitOfNothing": func(t *testing.T, s store.Store) {
		take(t, s, "k", "a", 0, 0, full(window))
		take(t, s, "k", "a", -1, 0, full(window))
	},
	"LimitKeysAreApart": func(t *testing.T, s store.Store) {
		for _, key := range []string{"a", "ab", "a:b", "*", "", "{x}", "a\x00"} {
			take(t, s, key, "b", 1, 0, ok)
		}
	},
}
