package gate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/store"
)

// faulty is a store whose updates of one account fail.
type faulty struct {
	store.Store
	id      policy.AccountID
	err     error
	failing atomic.Bool
	failed  func() // called before the answer, may be nil

	updates, walks atomic.Int32
}

func (f *faulty) UpdateAccount(ctx context.Context, id policy.AccountID, fn func(*policy.Account) (store.Effects, error)) (policy.Account, error) {
	f.updates.Add(1)
	if id == f.id && f.failing.Load() {
		if f.failed != nil {
			f.failed()
		}
		return policy.Account{}, f.err
	}
	return f.Store.UpdateAccount(ctx, id, fn)
}

func (f *faulty) ListAccounts(ctx context.Context, after string, limit int) ([]policy.Account, int, error) {
	if after == "" {
		f.walks.Add(1)
	}
	return f.Store.ListAccounts(ctx, after, limit)
}

// Ensure one account that fails stops nothing, that a store that is away stops the walk and the next one goes on where it
// was, and that so does the end of the context.
func TestWarningsWhenTheStoreFails(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		cancels bool
		stops   error // nil: it goes on
	}{
		"conflict": {store.ErrConflict, false, nil},
		"junk":     {store.ErrUnreadable, false, nil},
		"removed":  {store.ErrNotFound, false, nil},
		"away":     {store.Unavailable("update account", errors.New("no route")), false, store.ErrUnavailable},
		"stopped":  {store.Unavailable("update account", context.Canceled), true, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			walking, cancel := context.WithCancel(ctx(t))
			defer cancel()
			s := &faulty{Store: openFile(t), id: idOf(2), err: c.err}
			if c.cancels {
				s.failed = cancel
			}
			s.failing.Store(true)
			r := rigOn(t, s)
			ending(t, s, 5, 3*policy.Day)
			if err := r.WarnOfExpiry(walking); !errors.Is(err, c.stops) {
				t.Errorf("walk: %v, want %v", err, c.stops)
			}
			first := r.warned()
			if c.stops == nil {
				wantEach(t, first, 5, 2)
			} else {
				wantEach(t, first, 5, 2, 3, 4)
				want(t, "updates", s.updates.Load(), 3)
			}
			s.failing.Store(false)
			want(t, "next walk", r.WarnOfExpiry(ctx(t)), nil)
			wantEach(t, append(first, r.warned()...), 5)
		})
	}
}

// Ensure nothing is asked of the store where passwords do not end, nobody is to be warned, or no site is there to sign in
// to.
func TestNoWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		change option
		idle   bool // nothing is to be done at any time
	}{
		"no expiry": {func(c *gate.Config) { c.Rules.MaxAge = 0 }, true},
		"off":       {func(c *gate.Config) { c.Rules.Warn = 0 }, true},
		"no site":   {func(c *gate.Config) { c.URL = func() string { return "" } }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &faulty{Store: openFile(t)}
			ending(t, s, 1, 3*policy.Day)
			r := rigOn(t, s, c.change)
			want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
			if c.idle {
				r.RunWarnings(ctx(t)) // returns
			}
			want(t, "walks", s.walks.Load(), 0)
			want(t, "mails", len(r.warned()), 0)
		})
	}
}

// Ensure warnings wait behind each other and not in front of codes, and are dropped when the password has ended.
func TestWarningsLeaveRoomForCodes(t *testing.T) {
	r := rigOn(t, openFile(t))
	ending(t, r.store, 30, time.Hour)
	want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
	batch, err := r.store.ClaimMessages(ctx(t), r.clock().Add(9*time.Second), time.Minute, 100)
	want(t, "due in ten seconds", len(batch), 10, err)
	for _, m := range batch {
		want(t, "sent until", m.ExpiresAt, t0.Add(time.Hour))
	}
}

// Ensure of many nodes one walks in each period, soon after the start and then every six hours, that a turn that failed is
// taken by somebody soon, and that all end with their context.
func TestWarningsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &faulty{Store: openFile(t), id: idOf(0), err: store.Unavailable("update account", errors.New("no route"))}
		live := func(c *gate.Config) { c.Now = time.Now }
		ending(t, s, 1, 0)
		_, err := s.Store.UpdateAccount(t.Context(), idOf(0), func(a *policy.Account) (store.Effects, error) {
			a.Password.SetAt = time.Now().Add(-80 * policy.Day).UTC()
			return store.Effects{}, nil
		})
		want(t, "update", err, nil)
		s.failing.Store(true)
		running, stop := context.WithCancel(t.Context())
		var ended atomic.Int32
		nodes := []*rig{rigOn(t, s, live), rigOn(t, s, live), rigOn(t, s, live)}
		for _, n := range nodes {
			go func() {
				n.RunWarnings(running)
				ended.Add(1)
			}()
		}
		mails := func() (n int) {
			for _, node := range nodes {
				n += node.count("password.expiring")
			}
			return n
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if n := s.walks.Load(); n < 1 || n > 3 {
			t.Errorf("%d walks soon after the start", n)
		}
		s.failing.Store(false)
		time.Sleep(10*time.Minute + 5*time.Second)
		synctest.Wait()
		want(t, "mails after a failed walk", mails(), 1)
		before := s.walks.Load()
		time.Sleep(24*time.Hour + time.Minute)
		synctest.Wait()
		want(t, "walks in a day", s.walks.Load()-before, 4)
		want(t, "mails", mails(), 1)
		stop()
		synctest.Wait()
		want(t, "ended", ended.Load(), 3)
		if s := fmt.Sprint(nodes[0].broken); strings.Contains(s, "settle") {
			t.Errorf("reported: %s", s)
		}
	})
}
