package storetest

import (
	"testing"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// BenchmarkSessionWithAccount measures the hot path, from as many callers as there are processors.
func BenchmarkSessionWithAccount(b *testing.B, s store.Store) {
	a := create(b, s, anAccount(1))
	session := aSession("one", a.ID, t0)
	noErr(b, s.CreateSession(b.Context(), session, t0.Add(hour)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.SessionWithAccount(b.Context(), session.Key); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkUpdateAccount measures one change after the other.
func BenchmarkUpdateAccount(b *testing.B, s store.Store) {
	a := create(b, s, anAccount(1))
	b.ReportAllocs()
	for b.Loop() {
		raise(b, s, a.ID)
	}
}

// BenchmarkUpdateAccounts measures changes of many accounts by many callers, as when a practice opens in the morning.
func BenchmarkUpdateAccounts(b *testing.B, s store.Store) {
	const accounts = 64
	for n := range accounts {
		create(b, s, anAccount(n))
	}
	b.SetParallelism(accounts)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			raise(b, s, anAccount(n%accounts).ID)
		}
	})
}

func raise(b *testing.B, s store.Store, id policy.AccountID) {
	_, err := s.UpdateAccount(b.Context(), id, func(a *policy.Account) (store.Effects, error) {
		a.Failures.Failed++
		return store.Effects{}, nil
	})
	if err != nil {
		b.Error(err)
	}
}
