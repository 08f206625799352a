package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/storetest"
)

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func fresh(t testing.TB) *Store { return open(t, filepath.Join(t.TempDir(), "state", "loginwall.db")) }

func TestStore(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) store.Store { return fresh(t) },
		storetest.Plant(plant),
		storetest.Reopen(func(t *testing.T, s store.Store) store.Store {
			path := s.(*Store).db.Path()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, path)
		}),
	)
}

// plant writes raw bytes where a record is.
func plant(t *testing.T, s store.Store, kind storetest.Kind, key string, raw []byte) {
	t.Helper()
	err := s.(*Store).db.Update(func(tx *bolt.Tx) error {
		switch kind {
		case storetest.KindAccount:
			return tx.Bucket(bucketAccounts).Put([]byte(key), raw)
		case storetest.KindSession:
			return tx.Bucket(bucketSessions).Put([]byte(key), raw)
		case storetest.KindMessage:
			return tx.Bucket(bucketMessages).Put([]byte(key), raw)
		case storetest.KindKeyring:
			return tx.Bucket(bucketMeta).Put(keyringKey, raw)
		case storetest.KindLimit:
			return tx.Bucket(bucketPlaces).Put(placeKey(key, "junk"), raw)
		}
		return fmt.Errorf("unknown kind %q", kind)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileIsForItsOwnerOnly(t *testing.T) {
	path := fresh(t).db.Path()
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestSecondOpenSaysWhoHasTheFile(t *testing.T) {
	path := fresh(t).db.Path()
	start := time.Now()
	s, err := Open(path)
	if err == nil {
		s.Close()
		t.Fatal("opened twice")
	}
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(junk); err == nil {
		s.Close()
		t.Error("opened junk")
	}
	for name, value := range map[string][]byte{"newer": {0, 0, 0, schema + 1}, "odd": {1}} {
		path := filepath.Join(dir, name+".db")
		s := open(t, path)
		err := s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte("schema"), value) })
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if s, err := Open(path); !errors.Is(err, store.ErrUnreadable) {
			t.Errorf("%s schema: error is %v", name, err)
			if err == nil {
				s.Close()
			}
		}
		if err := os.Rename(path, path+".moved"); err != nil { // the refused file is not held open
			t.Error(err)
		}
	}
}

// entries counts what each bucket holds.
func entries(t testing.TB, s *Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	err := s.db.View(func(tx *bolt.Tx) error {
		for _, b := range buckets {
			if n := tx.Bucket(b).Stats().KeyN; n > 0 {
				counts[string(b)] = n
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

var t0 = time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC)

// fill stores things that end after one hour, and an account that does not.
func fill(t testing.TB, s *Store, count int) {
	t.Helper()
	ctx := t.Context()
	end := t0.Add(time.Hour)
	a := policy.Account{ID: "a", Email: "a@example.test", CreatedAt: t0}
	for n := range count {
		a.Resets = append(a.Resets, policy.Reset{Key: policy.LinkKey(fmt.Sprint("link", n)), CreatedAt: t0, ExpiresAt: end.Add(-policy.ProofLife)})
	}
	_, err := s.CreateAccount(ctx, a, store.Effects{})
	for n := range count {
		id := fmt.Sprint(n)
		err = errors.Join(err,
			s.CreateSession(ctx, policy.Session{Key: policy.SessionKey(id), Account: "a", CreatedAt: t0, SeenAt: t0}, end),
			s.EnqueueMessages(ctx, policy.Message{ID: id, CreatedAt: t0, NotBefore: end.Add(99 * time.Hour), ExpiresAt: end.Add(-store.MessageKeep)}))
		_, takeErr := s.TakeLimit(ctx, "k", id, 1000, time.Hour, t0)
		err = errors.Join(err, takeErr)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSweepLeavesWhatHasNotEnded(t *testing.T) {
	s := fresh(t)
	fill(t, s, 5)
	before := entries(t, s)
	s.passed(t0.Add(time.Hour - time.Microsecond))
	s.sweepAll()
	if after := entries(t, s); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("swept too early:\n%v\n%v", before, after)
	}
}

func TestSweepTakesAllThatHasEnded(t *testing.T) {
	s := fresh(t)
	fill(t, s, sweepBatch/3) // four kinds: more than one round
	s.passed(t0.Add(time.Hour))
	s.sweepAll()
	want := map[string]int{"meta": 1, "accounts": 1, "addresses": 1}
	if after := entries(t, s); fmt.Sprint(after) != fmt.Sprint(want) {
		t.Errorf("left over: %v, want %v", after, want)
	}
}

func TestSweepComesAlongWithChanges(t *testing.T) {
	s := fresh(t)
	fill(t, s, 10)
	s.passed(t0.Add(time.Hour))
	for range 40/sweepAside + 1 {
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := entries(t, s); after["expiries"] != 0 || after["sessions"] != 0 {
		t.Errorf("left over: %v", after)
	}
}

func TestSweepLeavesWhatWasRenewed(t *testing.T) {
	s := fresh(t)
	fill(t, s, 1)
	_, err := s.UpdateAccount(t.Context(), "a", func(a *policy.Account) (store.Effects, error) {
		a.Resets[0].ExpiresAt = t0.Add(5 * time.Hour)
		return store.Effects{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	late := t0.Add(time.Hour + time.Minute)
	taken, err := s.TakeLimit(t.Context(), "k", "0", 1, time.Hour, late) // the place of t0 has vanished
	if err != nil || !taken.OK {
		t.Fatal(taken, err)
	}
	s.sweepAll()
	if _, err := s.AccountByLink(t.Context(), "link0"); err != nil {
		t.Error(err)
	}
	if taken, err = s.TakeLimit(t.Context(), "k", "1", 1, time.Hour, late); err != nil || taken.OK {
		t.Error("a renewed place was swept", err)
	}
}

// Changes that arrive together share the disk's rounds, and a failing or a panicking one does not take the others down.
func TestRoundsAreIsolated(t *testing.T) {
	s := fresh(t)
	bad := errors.New("bad")
	put := func(key string, err error) *change {
		return &change{done: make(chan error, 1), fn: func(tx *bolt.Tx) error {
			if putErr := tx.Bucket(bucketMeta).Put([]byte(key), []byte("1")); putErr != nil {
				return putErr
			}
			return err
		}}
	}
	boom := &change{done: make(chan error, 1), fn: func(*bolt.Tx) error { panic("boom") }}
	one, two, three := put("one", nil), put("two", bad), put("three", nil)
	quiet := &change{done: make(chan error, 1), fn: func(*bolt.Tx) error { return untouched{bad} }}
	s.commit([]*change{one, two, quiet, boom, three})
	for name, c := range map[string]*change{"one": one, "three": three, "quiet": quiet} {
		if err := <-c.done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := <-two.done; !errors.Is(err, bad) {
		t.Errorf("two: %v", err)
	}
	if err := <-boom.done; !errors.Is(err, errPanicked) || boom.panicked != "boom" {
		t.Errorf("boom: %v, %v", err, boom.panicked)
	}
	if !errors.Is(quiet.outcome, bad) {
		t.Errorf("quiet: %v", quiet.outcome)
	}
	err := s.db.View(func(tx *bolt.Tx) error {
		for key, want := range map[string]bool{"one": true, "two": false, "three": true} {
			if got := tx.Bucket(bucketMeta).Get([]byte(key)) != nil; got != want {
				return fmt.Errorf("%s stored: %v, want %v", key, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNothingIsWrittenWithoutChange(t *testing.T) {
	s := fresh(t)
	fill(t, s, 1)
	txid := func() (id int) {
		_ = s.db.View(func(tx *bolt.Tx) error { id = tx.ID(); return nil })
		return id
	}
	before := txid()
	ctx := t.Context()
	_, err := s.UpdateAccount(ctx, "a", func(*policy.Account) (store.Effects, error) { return store.Effects{}, nil })
	_, keysErr := s.UpdateKeys(ctx, func(*policy.Keyring) error { return nil })
	_, claimErr := s.ClaimMessages(ctx, t0, time.Hour, 5)
	_, endErr := s.EndSession(ctx, "none")
	err = errors.Join(err, keysErr, claimErr, endErr,
		s.TouchSession(ctx, "0", t0.Add(-time.Hour)), s.RemoveMessage(ctx, "none"), s.SettleLimit(ctx, "none", "none", true))
	if err != nil {
		t.Fatal(err)
	}
	if after := txid(); after != before {
		t.Errorf("%d transactions were written", after-before)
	}
}

func BenchmarkSessionWithAccount(b *testing.B) { storetest.BenchmarkSessionWithAccount(b, fresh(b)) }
func BenchmarkUpdateAccount(b *testing.B)      { storetest.BenchmarkUpdateAccount(b, fresh(b)) }
func BenchmarkUpdateAccounts(b *testing.B)     { storetest.BenchmarkUpdateAccounts(b, fresh(b)) }
