package gate_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
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
