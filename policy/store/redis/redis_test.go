package redis

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/storetest"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// patience is longer than in production: tests share their processors with others.
const patience = 20 * time.Second

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := New(o)
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

var realms atomic.Int64

// realm is a prefix that no other test uses.
func realm() string { return fmt.Sprint("realm", realms.Add(1)) }

// suite runs all of storetest, each case in its own realm.
func suite(t *testing.T, o Options) {
	storetest.Run(t,
		func(t *testing.T) store.Store {
			o := o
			o.Prefix = realm()
			return open(t, o)
		},
		storetest.Plant(plant),
		storetest.Second(func(t *testing.T, s store.Store) store.Store {
			o := o
			o.Prefix = s.(*Store).prefix()
			return open(t, o)
		}),
		storetest.Reopen(func(t *testing.T, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			o := o
			o.Prefix = s.(*Store).prefix()
			return open(t, o)
		}),
	)
}

// prefix is what the store was configured with.
func (s *Store) prefix() string { return s.keys.tag[1 : len(s.keys.tag)-2] }

func TestStore(t *testing.T) {
	suite(t, Options{Addresses: []string{redistest.Start(t).Addr}, Timeout: patience})
}

// plant writes raw bytes where a record is.
func plant(t *testing.T, s store.Store, kind storetest.Kind, key string, raw []byte) {
	t.Helper()
	r, ctx := s.(*Store), t.Context()
	held, _ := r.keys.places(key)
	err := map[storetest.Kind]func() error{
		storetest.KindAccount: func() error { return r.client.Set(ctx, r.keys.accountPrefix()+key, raw, 0).Err() },
		storetest.KindSession: func() error { return r.client.Set(ctx, r.keys.sessionPrefix()+key, raw, time.Hour).Err() },
		storetest.KindMessage: func() error { return r.client.HSet(ctx, r.keys.message(key), "record", raw).Err() },
		storetest.KindKeyring: func() error { return r.client.Set(ctx, r.keys.keyring(), raw, 0).Err() },
		storetest.KindLimit:   func() error { return r.client.Set(ctx, held, raw, time.Hour).Err() },
	}[kind]()
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSessionWithAccount(b *testing.B) { storetest.BenchmarkSessionWithAccount(b, bench(b)) }
func BenchmarkUpdateAccount(b *testing.B)      { storetest.BenchmarkUpdateAccount(b, bench(b)) }
func BenchmarkUpdateAccounts(b *testing.B)     { storetest.BenchmarkUpdateAccounts(b, bench(b)) }

func bench(b *testing.B) *Store {
	return open(b, Options{Addresses: []string{redistest.Start(b).Addr}, Timeout: patience})
}
