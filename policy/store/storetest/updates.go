package storetest

import (
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

const hour = time.Hour

var updateCases = cases{
	"UpdateStoresAndRaisesRevision": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		now := t0.Add(123456789 * time.Nanosecond)
		stored := update(t, s, a.ID, func(a *policy.Account) {
			a.Failures.Failed++
			a.Password.SetAt = now
			a.Revision = 99
			a.Version = 99
		})
		a.Failures.Failed, a.Password.SetAt, a.Revision = 1, now, 2
		same(t, "as stored", stored, a)
		same(t, "as read", mustAccount(t, s, a.ID), a)
	},
	"UpdateErrorAbortsAndComesBack": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		_, err := s.UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
			a.Failures.Failed = 50
			return store.Effects{Messages: []policy.Message{aMessage(1, t0)}}, errOwn
		})
		if err != errOwn { // as it is, not wrapped
			t.Fatalf("error is %v, want fn's own", err)
		}
		same(t, "account", mustAccount(t, s, a.ID), a)
		pending(t, s, 0)
	},
	"UpdateWithoutChangeWritesNothing": func(t *testing.T, s store.Store) {
		a := anAccount(1)
		a.Resets = []policy.Reset{aReset("one")}
		a = create(t, s, a)
		same(t, "as returned", update(t, s, a.ID, func(*policy.Account) {}), a)
		same(t, "revision", mustAccount(t, s, a.ID).Revision, uint64(1))
	},
	"UpdateWithEffectsOnlyWrites": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		_, err := s.UpdateAccount(t.Context(), a.ID, func(*policy.Account) (store.Effects, error) {
			return store.Effects{Messages: []policy.Message{aMessage(1, t0)}}, nil
		})
		noErr(t, err)
		pending(t, s, 1)
	},
	"UpdateGetsAFreshCopy": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		var kept *policy.Account
		stored := update(t, s, a.ID, func(a *policy.Account) { a.Name, kept = "New", a })
		kept.Groups[0] = "admin" // what the caller does with it later is not stored
		kept.Name = "Changed"
		stored.Groups[1] = "admin"
		same(t, "groups", mustAccount(t, s, a.ID).Groups, a.Groups)
		update(t, s, a.ID, func(now *policy.Account) { same(t, "copy of fn", now.Groups, a.Groups) })
	},
	"UpdateMustNotChangeTheId": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		_, err := s.UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
			a.ID = "another"
			return store.Effects{}, nil
		})
		if err == nil {
			t.Fatal("an account got another id")
		}
		same(t, "account", mustAccount(t, s, a.ID), a)
	},
	"UpdateMovesTheAddress": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		create(t, s, anAccount(2))
		update(t, s, a.ID, func(a *policy.Account) { a.Email = "new@example.test" })
		_, err := s.AccountByEmail(t.Context(), anAccount(1).Email)
		wantErr(t, err, store.ErrNotFound)
		found, err := s.AccountByEmail(t.Context(), "new@example.test")
		noErr(t, err)
		same(t, "found", found.ID, a.ID)
		list, _, err := s.ListAccounts(t.Context(), "", 10)
		noErr(t, err)
		same(t, "listed", len(list), 2)
		same(t, "first listed", list[0].Email, "new@example.test")
		other := anAccount(3)
		other.Email = anAccount(1).Email
		create(t, s, other) // the old address is free
		update(t, s, a.ID, func(a *policy.Account) { a.Email = "" })
		_, err = s.AccountByEmail(t.Context(), "new@example.test")
		wantErr(t, err, store.ErrNotFound)
	},
	"UpdateRefusesTakenAddress": func(t *testing.T, s store.Store) {
		a, b := create(t, s, anAccount(1)), create(t, s, anAccount(2))
		_, err := s.UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
			a.Email = b.Email
			a.Resets = []policy.Reset{aReset("one")}
			return store.Effects{Messages: []policy.Message{aMessage(1, t0)}}, nil
		})
		wantErr(t, err, store.ErrExists)
		same(t, "account", mustAccount(t, s, a.ID), a)
		_, err = s.AccountByLink(t.Context(), aReset("one").Key)
		wantErr(t, err, store.ErrNotFound)
		for _, want := range []policy.Account{a, b} {
			found, err := s.AccountByEmail(t.Context(), want.Email)
			noErr(t, err)
			same(t, "owner of the address", found.ID, want.ID)
		}
		pending(t, s, 0)
	},
	"EffectsComeWithTheUpdate": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		messages := []policy.Message{aMessage(1, t0), aMessage(2, t0.Add(hour)), aMessage(3, t0.Add(2*hour))}
		_, err := s.UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
			a.Epoch++
			return store.Effects{Messages: messages}, nil
		})
		noErr(t, err)
		claimed, err := s.ClaimMessages(t.Context(), t0.Add(2*hour), hour, 10)
		noErr(t, err)
		same(t, "claimed", len(claimed), 3)
		for i, m := range claimed {
			m.NotBefore, m.Attempts = messages[i].NotBefore, 0
			same(t, "message", m, messages[i])
		}
	},
	"EffectsThatCannotBeWrittenChangeNothing": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		bad := aMessage(2, t0)
		bad.ID = ""
		_, err := s.UpdateAccount(t.Context(), a.ID, func(a *policy.Account) (store.Effects, error) {
			a.Epoch++
			return store.Effects{Messages: []policy.Message{aMessage(1, t0), bad}}, nil
		})
		if err == nil {
			t.Fatal("stored a message without an id")
		}
		same(t, "account", mustAccount(t, s, a.ID), a)
		pending(t, s, 0)
	},
	"PanicOfFnIsTheCallers": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		func() {
			defer func() {
				if p := recover(); p != "own" {
					t.Fatalf("recovered %v, want fn's own panic", p)
				}
			}()
			_, _ = s.UpdateAccount(t.Context(), a.ID, func(*policy.Account) (store.Effects, error) { panic("own") })
		}()
		update(t, s, a.ID, func(a *policy.Account) { a.Epoch++ }) // nothing is left locked
	},
}

var linkCases = cases{
	"LinksFollowTheRecord": func(t *testing.T, s store.Store) {
		a := anAccount(1)
		a.Resets = []policy.Reset{aReset("one")}
		a = create(t, s, a)
		find := func(token string, want error) {
			t.Helper()
			found, err := s.AccountByLink(t.Context(), aReset(token).Key)
			if want != nil {
				wantErr(t, err, want)
				return
			}
			noErr(t, err)
			same(t, "found", found, mustAccount(t, s, a.ID))
		}
		find("one", nil)
		update(t, s, a.ID, func(a *policy.Account) { a.Resets = append(a.Resets, aReset("two"), aReset("three")) })
		find("one", nil)
		find("three", nil)
		update(t, s, a.ID, func(a *policy.Account) { a.Resets = a.Resets[1:2] })
		find("one", store.ErrNotFound)
		find("two", nil)
		find("three", store.ErrNotFound)
		update(t, s, a.ID, func(a *policy.Account) { a.Resets[0].ExpiresAt = a.Resets[0].ExpiresAt.Add(hour) })
		find("two", nil)
		update(t, s, a.ID, func(a *policy.Account) { a.Resets, a.Epoch = nil, a.Epoch+1 })
		find("two", store.ErrNotFound)
	},
	"LinksOfOthersStay": func(t *testing.T, s store.Store) {
		for n := range 3 {
			a := anAccount(n)
			a.Resets = []policy.Reset{aReset(a.Email)}
			create(t, s, a)
		}
		update(t, s, anAccount(1).ID, func(a *policy.Account) { a.Resets = nil })
		for n, want := range []error{nil, store.ErrNotFound, nil} {
			_, err := s.AccountByLink(t.Context(), aReset(anAccount(n).Email).Key)
			wantErr(t, err, want)
		}
	},
}
