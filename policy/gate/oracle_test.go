package gate_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// Ensure hanging up at any moment costs a place under the source limit, whoever is asked for: it must neither tell
// accounts apart nor make guesses free (LG-09, LG-14, LG-16).
func TestLG16_HangingUp(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.SourceLimit = 3 })
	for _, email := range []string{"active@example.com", "locked@example.com", "disabled@example.com"} {
		r.active(email)
	}
	for i := range 6 {
		_, err := r.SignIn(ctx(t), gate.SignInRequest{Email: "locked@example.com", Password: "wrong", Client: gate.Client{Address: fmt.Sprintf("203.0.113.%d", i)}})
		want(t, "lock", err, nil)
	}
	if _, err := r.DisableAccount(ctx(t), "disabled@example.com", client); err != nil {
		t.Fatal(err)
	}
	source := 0
	for _, email := range []string{"active@example.com", "locked@example.com", "disabled@example.com", "unknown@example.com"} {
		for _, after := range []time.Duration{0, 2 * time.Millisecond, 15 * time.Millisecond, 40 * time.Millisecond} {
			source++
			c := gate.Client{Address: fmt.Sprintf("198.51.100.%d", source)}
			hung, cancel := context.WithCancel(ctx(t))
			time.AfterFunc(after, cancel)
			_, _ = r.SignIn(hung, gate.SignInRequest{Email: email, Password: "wrong", Client: c})
			cancel()
			left := 0
			for ; left < 5; left++ {
				result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: "nobody@example.com", Password: "wrong", Client: c})
				want(t, "sign-in", err, nil)
				if result.Reason != policy.Refused {
					break
				}
			}
			if left != 2 && (after > 0 || left != 3) { // at once: nothing may have begun
				t.Errorf("%s, hung up after %v: %d places left, want 2", email, after, left)
			}
		}
	}
}

// Ensure parallel guesses cost as many hashes for an account that locks under them as for an invented address (LG-15).
func TestLG15_BurstCostsTheSame(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.SourceLimit = 0 })
	r.active(jo)
	cost := func(email string) int {
		before := r.allChecks() + r.decoys
		parallel(15, func(i int) {
			result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: email, Password: fmt.Sprint("wrong ", i), Client: client})
			want(t, "guess", result.Reason, policy.Refused, err)
		})
		return r.allChecks() + r.decoys - before
	}
	want(t, "hashes for an account", cost(jo), 15)
	want(t, "hashes for an invented address", cost("nobody@example.com"), 15)
}

// slow is a hasher that lets a test do something while a new password is hashed.
type slow struct {
	gate.Hasher
	during func()
}

func (s slow) Hash(ctx context.Context, password string) (string, error) {
	s.during()
	return s.Hasher.Hash(ctx, password)
}

// Ensure a change of password does not unlock an account that was locked while it ran (LG-04).
func TestLG04_ChangeDoesNotUnlock(t *testing.T) {
	r := rigOn(t, openFile(t), func(c *gate.Config) { c.SourceLimit = 0 })
	r.active(jo)
	changing := rigOn(t, r.store, func(c *gate.Config) {
		c.Hasher = slow{c.Hasher, func() {
			for range 6 {
				r.signIn(jo, "wrong wrong wrong")
			}
		}}
	})
	id, _, err := r.CheckSession(ctx(t), r.signIn(jo, good).Token, true)
	want(t, "session", err, nil)
	result, err := changing.ChangePassword(ctx(t), id, gate.ChangeRequest{Current: good, New: other, Confirm: other, Client: client})
	want(t, "change", result.Reason, policy.Locked, err)
	want(t, "state", r.show(jo).State, policy.StateLocked)
	want(t, "new password", r.signIn(jo, other).Reason, policy.Refused)
}
