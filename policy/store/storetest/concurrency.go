package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// RunConcurrency runs what many callers do at once, on one store and, with Second, spread over two. It is part of Run
// and apart from it only to be run again and again by itself.
func RunConcurrency(t *testing.T, newStore func(*testing.T) store.Store, options ...Option) {
	c := newSuite(newStore, options)
	for name, test := range concurrencyCases {
		t.Run(name, func(t *testing.T) {
			s := c.newStore(t)
			test(t, func(int) store.Store { return s })
		})
		if c.second == nil {
			continue
		}
		t.Run(name+"OnTwoNodes", func(t *testing.T) {
			one := c.newStore(t)
			two := c.second(t, one)
			test(t, func(n int) store.Store { return []store.Store{one, two}[n%2] })
		})
	}
}

// together runs fn(0) … fn(n-1) at once, waits for all, and fails the test with the first error.
func together(t testing.TB, n int, fn func(int) error) {
	t.Helper()
	errs := make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = fn(i)
		})
	}
	close(begin)
	all.Wait()
	noErr(t, errors.Join(errs...))
}

var concurrencyCases = map[string]func(t *testing.T, on func(int) store.Store){
	"NoUpdateIsLost": func(t *testing.T, on func(int) store.Store) {
		const callers, rounds = 16, 25
		a := create(t, on(0), anAccount(1))
		together(t, callers, func(i int) error {
			for n := range rounds {
				id := i*rounds + n
				_, err := on(i).UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
					a.Failures.Failed++
					return store.Effects{Messages: []policy.Message{aMessage(id, t0)}}, nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		got := mustAccount(t, on(1), a.ID)
		same(t, "count", got.Failures.Failed, callers*rounds)
		same(t, "revision", got.Revision, uint64(1+callers*rounds))
		pending(t, on(0), callers*rounds)
	},
	// 200 guesses at once: each is counted, none waits for long, and as many get a check as may.
	"TestLG05_ParallelGuessers": func(t *testing.T, on func(int) store.Store) {
		const guessers, allowed = 200, 6
		a := create(t, on(0), anAccount(1))
		var checked atomic.Int64
		start := time.Now()
		together(t, guessers, func(i int) error {
			_, err := on(i).UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
				if len(a.Failures.Checking) == allowed {
					return store.Effects{}, errOwn
				}
				a.Failures.Checking = append(a.Failures.Checking, policy.Attempt{ID: fmt.Sprint(i), At: t0})
				return store.Effects{}, nil
			})
			if err == nil {
				checked.Add(1)
			}
			if errors.Is(err, errOwn) {
				return nil
			}
			return err
		})
		same(t, "checked", checked.Load(), int64(allowed))
		same(t, "reserved", len(mustAccount(t, on(1), a.ID).Failures.Checking), allowed)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	},
	"EveryGuesserGetsThrough": func(t *testing.T, on func(int) store.Store) {
		const guessers = 200
		a := create(t, on(0), anAccount(1))
		together(t, guessers, func(i int) error {
			_, err := on(i).UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
				a.Failures.Failed++
				return store.Effects{}, nil
			})
			return err
		})
		same(t, "counted", mustAccount(t, on(1), a.ID).Failures.Failed, guessers)
	},
	"OneWinnerOfALink": func(t *testing.T, on func(int) store.Store) {
		a := anAccount(1)
		a.Resets = []policy.Reset{aReset("one")}
		a = create(t, on(0), a)
		var won atomic.Int64
		together(t, 16, func(i int) error {
			_, err := on(i).UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
				if len(a.Resets) == 0 {
					return store.Effects{}, errOwn
				}
				a.Resets, a.Epoch = nil, a.Epoch+1
				return store.Effects{Messages: []policy.Message{aMessage(i, t0)}}, nil
			})
			if err == nil {
				won.Add(1)
			}
			if errors.Is(err, errOwn) {
				return nil
			}
			return err
		})
		same(t, "winners", won.Load(), int64(1))
		same(t, "epoch", mustAccount(t, on(1), a.ID).Epoch, uint64(1))
		pending(t, on(0), 1)
	},
	"OneAccountForAnAddress": func(t *testing.T, on func(int) store.Store) {
		const rivals = 16
		var won atomic.Int64
		moved := make([]policy.Account, rivals)
		for i := range rivals / 2 { // half come by creating, half by moving
			moved[i] = create(t, on(i), anAccount(100+i))
		}
		together(t, rivals, func(i int) error {
			var err error
			if i < rivals/2 {
				_, err = on(i).UpdateAccount(t.Context(), moved[i].ID, func(a *policy.Account) (store.Effects, error) {
					a.Email = "wanted@example.test"
					return store.Effects{}, nil
				})
			} else {
				a := anAccount(i)
				a.Email = "wanted@example.test"
				_, err = on(i).CreateAccount(t.Context(), a, store.Effects{})
			}
			if err == nil {
				won.Add(1)
			}
			if errors.Is(err, store.ErrExists) {
				return nil
			}
			return err
		})
		same(t, "winners", won.Load(), int64(1))
		_, err := on(1).AccountByEmail(t.Context(), "wanted@example.test")
		noErr(t, err)
	},
	"LimitHoldsAgainstMany": func(t *testing.T, on func(int) store.Store) {
		const takers, limit = 200, 20
		var taken atomic.Int64
		round := func(name string) {
			taken.Store(0)
			together(t, takers, func(i int) error {
				got, err := on(i).TakeLimit(t.Context(), "k", fmt.Sprint(name, i), limit, window, t0)
				if got.OK {
					taken.Add(1)
					err = errors.Join(err, on(i+1).SettleLimit(t.Context(), "k", fmt.Sprint(name, i), true))
				}
				return err
			})
		}
		round("first")
		same(t, "places taken", taken.Load(), int64(limit))
		round("second")
		same(t, "places taken after", taken.Load(), int64(0))
	},
	"MessageHasOneClaimer": func(t *testing.T, on func(int) store.Store) {
		const claimers, count = 16, 100
		var messages []policy.Message
		for n := range count {
			messages = append(messages, aMessage(n, t0))
		}
		noErr(t, on(0).EnqueueMessages(t.Context(), messages...))
		var mu sync.Mutex
		claimed := map[string]int{}
		together(t, claimers, func(i int) error {
			for range count {
				got, err := on(i).ClaimMessages(t.Context(), t0, hour, 7)
				if err != nil || len(got) == 0 {
					return err
				}
				mu.Lock()
				for _, m := range got {
					claimed[m.ID]++
				}
				mu.Unlock()
			}
			return nil
		})
		same(t, "messages claimed", len(claimed), count)
		for id, times := range claimed {
			if times != 1 {
				t.Errorf("%s was claimed %d times", id, times)
			}
		}
	},
	"OneFirstKeyring": func(t *testing.T, on func(int) store.Store) {
		rings := make([]policy.Keyring, 16)
		together(t, len(rings), func(i int) (err error) {
			rings[i], err = on(i).UpdateKeys(t.Context(), func(k *policy.Keyring) error {
				if len(k.Keys) == 0 {
					k.Keys = []policy.Key{{ID: fmt.Sprint(i), Secret: []byte{byte(i)}}}
				}
				return nil
			})
			return err
		})
		for _, k := range rings {
			same(t, "keyring", k, rings[0])
		}
	},
	"TouchesAndEndOfOneSession": func(t *testing.T, on func(int) store.Store) {
		a := create(t, on(0), anAccount(1))
		session := aSession("one", a.ID, t0)
		noErr(t, on(0).CreateSession(t.Context(), session, t0.Add(hour)))
		together(t, 32, func(i int) error {
			return on(i).TouchSession(t.Context(), session.Key, t0.Add(time.Duration(i)*time.Second))
		})
		got, _, err := on(1).SessionWithAccount(t.Context(), session.Key)
		noErr(t, err)
		same(t, "seen", got.SeenAt, t0.Add(31*time.Second))
		together(t, 32, func(i int) error {
			if i == 16 {
				_, err := on(i).EndSessions(t.Context(), a.ID, "")
				return err
			}
			return on(i).TouchSession(t.Context(), session.Key, t0.Add(time.Duration(100+i)*time.Second))
		})
		_, _, err = on(0).SessionWithAccount(t.Context(), session.Key)
		wantErr(t, err, store.ErrNotFound)
	},
	"CloseWhileInUse": func(t *testing.T, on func(int) store.Store) {
		fillStore(t, on(0))
		together(t, 40, func(i int) error {
			if i == 20 || i == 21 {
				return on(i).Close()
			}
			for name, call := range calls(on(i)) {
				err := call(t.Context())
				if err != nil && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrExists) {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		})
		wantErr(t, on(0).Check(t.Context()), store.ErrUnavailable)
		wantErr(t, on(1).Check(t.Context()), store.ErrUnavailable)
	},
}
