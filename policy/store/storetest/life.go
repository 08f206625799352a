package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// calls is every method once, on what fillStore has stored.
func calls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"CreateAccount": func(ctx context.Context) error {
			_, err := s.CreateAccount(ctx, anAccount(9), store.Effects{})
			return err
		},
		"Account":        func(ctx context.Context) error { _, err := s.Account(ctx, anAccount(1).ID); return err },
		"AccountByEmail": func(ctx context.Context) error { _, err := s.AccountByEmail(ctx, anAccount(1).Email); return err },
		"AccountByLink":  func(ctx context.Context) error { _, err := s.AccountByLink(ctx, aReset("one").Key); return err },
		"UpdateAccount": func(ctx context.Context) error {
			_, err := s.UpdateAccount(ctx, anAccount(1).ID, func(a *policy.Account) (store.Effects, error) {
				a.Epoch++
				return store.Effects{}, nil
			})
			return err
		},
		"RemoveAccount": func(ctx context.Context) error { return s.RemoveAccount(ctx, anAccount(2).ID, store.Effects{}) },
		"ListAccounts":  func(ctx context.Context) error { _, _, err := s.ListAccounts(ctx, "", 10); return err },
		"CreateSession": func(ctx context.Context) error {
			return s.CreateSession(ctx, aSession("new", anAccount(1).ID, t0), t0.Add(hour))
		},
		"SessionWithAccount": func(ctx context.Context) error {
			_, _, err := s.SessionWithAccount(ctx, aSession("one", "", t0).Key)
			return err
		},
		"TouchSession": func(ctx context.Context) error {
			return s.TouchSession(ctx, aSession("one", "", t0).Key, t0.Add(time.Minute))
		},
		"EndSession":  func(ctx context.Context) error { _, err := s.EndSession(ctx, aSession("one", "", t0).Key); return err },
		"EndSessions": func(ctx context.Context) error { _, err := s.EndSessions(ctx, anAccount(1).ID, ""); return err },
		"SessionsOf":  func(ctx context.Context) error { _, err := s.SessionsOf(ctx, anAccount(1).ID); return err },
		"TakeLimit": func(ctx context.Context) error {
			_, err := s.TakeLimit(ctx, "k", "b", 5, window, t0)
			return err
		},
		"SettleLimit":     func(ctx context.Context) error { return s.SettleLimit(ctx, "k", "a", true) },
		"EnqueueMessages": func(ctx context.Context) error { return s.EnqueueMessages(ctx, aMessage(2, t0)) },
		"ClaimMessages":   func(ctx context.Context) error { _, err := s.ClaimMessages(ctx, t0, hour, 1); return err },
		"DelayMessage":    func(ctx context.Context) error { return s.DelayMessage(ctx, aMessage(1, t0).ID, t0.Add(hour)) },
		"RemoveMessage":   func(ctx context.Context) error { return s.RemoveMessage(ctx, aMessage(1, t0).ID) },
		"PendingMessages": func(ctx context.Context) error { _, _, err := s.PendingMessages(ctx); return err },
		"Keys":            func(ctx context.Context) error { _, err := s.Keys(ctx); return err },
		"UpdateKeys": func(ctx context.Context) error {
			_, err := s.UpdateKeys(ctx, func(k *policy.Keyring) error { k.Keys = []policy.Key{{ID: "new"}}; return nil })
			return err
		},
		"Check": s.Check,
	}
}

// fillStore stores one of everything.
func fillStore(t testing.TB, s store.Store) {
	t.Helper()
	a := anAccount(1)
	a.Resets = []policy.Reset{aReset("one")}
	create(t, s, a)
	create(t, s, anAccount(2))
	noErr(t, s.CreateSession(t.Context(), aSession("one", a.ID, t0), t0.Add(hour)))
	take(t, s, "k", "a", 1, 0, ok)
	noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0)))
	_, err := s.UpdateKeys(t.Context(), func(k *policy.Keyring) error { k.Keys = []policy.Key{{ID: "k1"}}; return nil })
	noErr(t, err)
}

// wantFilled checks that fillStore's records are there and nothing else is.
func wantFilled(t testing.TB, s store.Store) {
	t.Helper()
	a, err := s.AccountByLink(t.Context(), aReset("one").Key)
	noErr(t, err)
	same(t, "revision", a.Revision, uint64(1))
	list, unreadable, err := s.ListAccounts(t.Context(), "", 10)
	noErr(t, err)
	same(t, "accounts", len(list)+unreadable, 2)
	sessions, err := s.SessionsOf(t.Context(), a.ID)
	noErr(t, err)
	same(t, "sessions", sessions, []policy.Session{aSession("one", a.ID, t0)})
	take(t, s, "k", "z", 1, 0, held(window))
	nextIs(t, s, 1, t0)
	k, err := s.Keys(t.Context())
	noErr(t, err)
	same(t, "key", k.Keys[0].ID, "k1")
}

var lifeCases = cases{
	"Check": func(t *testing.T, s store.Store) {
		noErr(t, s.Check(t.Context()))
		noErr(t, s.Check(t.Context()))
	},
	// A call whose context is over does nothing and says both that and that the store could not be asked.
	"CancelledContext": func(t *testing.T, s store.Store) {
		fillStore(t, s)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(s) {
			err := call(cancelled)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: error is %v, want context.Canceled and ErrUnavailable", name, err)
			}
		}
		wantFilled(t, s)
	},
	"UseAfterClose": func(t *testing.T, s store.Store) {
		fillStore(t, s)
		noErr(t, s.Close())
		noErr(t, s.Close())
		for name, call := range calls(s) {
			if err := call(t.Context()); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%s: error is %v, want ErrUnavailable", name, err)
			}
		}
	},
}

func testReopen(t *testing.T, s store.Store, reopen func(*testing.T, store.Store) store.Store) {
	fillStore(t, s)
	s = reopen(t, s)
	wantFilled(t, s)
	for name, call := range calls(s) {
		if err := call(t.Context()); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
