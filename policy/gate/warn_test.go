package gate_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
	"github.com/loginwall/loginwall/policy/store/redis"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// ending puts accounts user000@…, user001@… into a store whose passwords end so long after t0.
func ending(t *testing.T, s store.Store, n int, left time.Duration) {
	t.Helper()
	for i := range n {
		_, err := s.CreateAccount(ctx(t), policy.Account{
			ID: idOf(i), Email: emailOf(i), Phone: policy.Phone{Number: "+12025550123"}, CreatedAt: t0,
			Password: policy.Credential{Hash: "hash", SetAt: t0.Add(left - policy.DefaultRules().MaxAge)},
		}, store.Effects{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func idOf(i int) policy.AccountID { return policy.AccountID(fmt.Sprintf("account%03d", i)) }
func emailOf(i int) string        { return fmt.Sprintf("user%03d@example.com", i) }

// warned delivers what is queued, also what is spread over the next minutes, and says to whom warnings went.
func (r *rig) warned() (to []string) {
	r.t.Helper()
	before := len(r.mails)
	for range 10 { // claims have a lease, and the spread mails come due one after the other
		r.deliver()
		r.advance(time.Minute)
	}
	r.advance(-10 * time.Minute)
	for _, m := range r.mails[before:] {
		if m.Subject != string(gate.LetterExpiring) {
			r.t.Errorf("letter %s", m.Subject)
		}
		to = append(to, m.To)
	}
	return to
}

// Ensure the owner gets one mail 14, 7 and 1 day(s) before the end, at the latest one walk later, and none else.
func TestWarningsAsTimeGoesOn(t *testing.T) {
	nodes(t, func(t *testing.T, n1, n2 *rig) {
		ending(t, n1.store, 1, 15*policy.Day)
		var when []time.Duration
		for at := time.Duration(0); at < 17*policy.Day; at += 6 * time.Hour {
			walker := []*rig{n1, n2}[int(at/(6*time.Hour))%2]
			want(t, "walk", walker.WarnOfExpiry(ctx(t)), nil)
			for range n1.warned() {
				when = append(when, at)
			}
			n1.advance(6 * time.Hour)
			n2.advance(6 * time.Hour)
		}
		want(t, "mails", fmt.Sprint(when), fmt.Sprint([]time.Duration{policy.Day, 8 * policy.Day, 14 * policy.Day}))
		for _, m := range n1.mails {
			want(t, "mail", m.To+m.Text, emailOf(0)+" 2026-03-16 09:00")
		}
		want(t, "events", n1.count("password.expiring")+n2.count("password.expiring"), 3)
	})
}

// Ensure nodes that walk at the same time send each mail once.
func TestWarningsOfTwoNodesAtOnce(t *testing.T) {
	nodes(t, func(t *testing.T, n1, n2 *rig) {
		const accounts = 20
		ending(t, n1.store, accounts, 3*policy.Day)
		parallel(8, func(i int) {
			want(t, "walk", []*rig{n1, n2}[i%2].WarnOfExpiry(ctx(t)), nil)
		})
		wantEach(t, n1.warned(), accounts)
		want(t, "events", n1.count("password.expiring")+n2.count("password.expiring"), accounts)
	})
}

// wantEach checks that n accounts got one mail each.
func wantEach(t *testing.T, to []string, n int, but ...int) {
	t.Helper()
	got := make(map[string]int)
	for _, email := range to {
		got[email]++
	}
	for i := range n {
		expected := 1
		for _, none := range but {
			if i == none {
				expected = 0
			}
		}
		if got[emailOf(i)] != expected {
			t.Errorf("%s got %d mails, want %d", emailOf(i), got[emailOf(i)], expected)
		}
	}
	want(t, "mails", len(to), n-len(but))
}

// Ensure that after a change of password no more is heard until the new one ends.
func TestWarningsEndWithAChange(t *testing.T) {
	nodes(t, func(t *testing.T, r, _ *rig) {
		r.active(jo)
		r.advance(80 * policy.Day)
		want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
		want(t, "warned", len(r.warned()), 1)
		id, reason, err := r.CheckSession(ctx(t), r.signIn(jo, good).Token, true)
		want(t, "session", reason, policy.OK, err)
		result, err := r.ChangePassword(ctx(t), id, gate.ChangeRequest{Current: good, New: other, Confirm: other, Client: client})
		want(t, "change", result.Reason, policy.OK, err)
		r.deliver()
		for day := range 76 {
			want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
			want(t, fmt.Sprintf("warned %d days after the change", day), len(r.warned()), 0)
			r.advance(policy.Day)
		}
		want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
		want(t, "warned at the new password's first step", len(r.warned()), 1)
	})
}

const (
	many   = 450
	broken = 217
)

// Ensure more accounts than fit in a page are all warned, and that a record that cannot be read stops nothing.
func TestWarningsOverPages(t *testing.T) {
	walk := func(t *testing.T, r *rig) {
		want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
		wantEach(t, r.warned(), many, broken)
		if len(r.broken) != 1 || !errors.Is(r.broken[0], store.ErrUnreadable) {
			t.Errorf("reported: %v", r.broken)
		}
		want(t, "walk", r.WarnOfExpiry(ctx(t)), nil)
		want(t, "warned again", len(r.warned()), 0)
	}
	t.Run("file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "wall.db")
		open := func() store.Store {
			s, err := file.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		s := open()
		ending(t, s, many, 3*policy.Day)
		want(t, "close", s.Close(), nil)
		db, err := bolt.Open(path, 0o600, nil)
		want(t, "open", err, nil)
		err = db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("accounts")).Put([]byte(idOf(broken)), []byte("junk"))
		})
		want(t, "plant", errors.Join(err, db.Close()), nil)
		walk(t, rigOn(t, open()))
	})
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t)
		s, err := redis.New(redis.Options{Addresses: []string{server.Addr}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		ending(t, s, many, 3*policy.Day)
		want(t, "plant", server.Do("EVAL", `redis.call("SET", redis.call("KEYS", "*account:"..ARGV[1])[1], "junk") return "ok"`,
			"0", string(idOf(broken))), "$2")
		walk(t, rigOn(t, s))
	})
}

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
