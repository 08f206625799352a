package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

type cases = map[string]func(*testing.T, store.Store)

var accountCases = cases{
	"CreateStoresAtRevisionOne": func(t *testing.T, s store.Store) {
		a := anAccount(1)
		a.Revision, a.Version = 77, 0
		stored := create(t, s, a)
		a.Revision, a.Version = 1, policy.RecordVersion
		same(t, "as created", stored, a)
		same(t, "by id", mustAccount(t, s, a.ID), a)
		byEmail, err := s.AccountByEmail(t.Context(), a.Email)
		noErr(t, err)
		same(t, "by address", byEmail, a)
	},
	"CreateRefusesTakenId": func(t *testing.T, s store.Store) {
		first := create(t, s, anAccount(1))
		other := anAccount(2)
		other.ID = first.ID
		_, err := s.CreateAccount(t.Context(), other, store.Effects{Messages: []policy.Message{aMessage(1, t0)}})
		wantErr(t, err, store.ErrExists)
		same(t, "the first", mustAccount(t, s, first.ID), first)
		_, err = s.AccountByEmail(t.Context(), other.Email)
		wantErr(t, err, store.ErrNotFound)
		pending(t, s, 0)
	},
	"CreateRefusesTakenAddress": func(t *testing.T, s store.Store) {
		first := create(t, s, anAccount(1))
		other := anAccount(2)
		other.Email = first.Email
		_, err := s.CreateAccount(t.Context(), other, store.Effects{Messages: []policy.Message{aMessage(1, t0)}})
		wantErr(t, err, store.ErrExists)
		_, err = s.Account(t.Context(), other.ID)
		wantErr(t, err, store.ErrNotFound)
		pending(t, s, 0)
	},
	"CreateWithEffects": func(t *testing.T, s store.Store) {
		_, err := s.CreateAccount(t.Context(), anAccount(1), store.Effects{Messages: []policy.Message{aMessage(1, t0), aMessage(2, t0)}})
		noErr(t, err)
		pending(t, s, 2)
	},
	"CreateRefusesNoId": func(t *testing.T, s store.Store) {
		a := anAccount(1)
		a.ID = ""
		if _, err := s.CreateAccount(t.Context(), a, store.Effects{}); err == nil {
			t.Fatal("stored an account without an id")
		}
	},
	"DecoysAreInNoIndex": func(t *testing.T, s store.Store) {
		for n := range 3 {
			decoy := anAccount(n)
			decoy.Email = ""
			create(t, s, decoy)
			same(t, "decoy", mustAccount(t, s, decoy.ID).Email, "")
		}
		_, err := s.AccountByEmail(t.Context(), "")
		wantErr(t, err, store.ErrNotFound)
		list, unreadable, err := s.ListAccounts(t.Context(), "", 10)
		noErr(t, err)
		if len(list)+unreadable != 0 {
			t.Fatalf("listed %d decoys, %d unreadable", len(list), unreadable)
		}
	},
	"NotFound": func(t *testing.T, s store.Store) {
		create(t, s, anAccount(1))
		_, err := s.Account(t.Context(), "nobody")
		wantErr(t, err, store.ErrNotFound)
		_, err = s.Account(t.Context(), "")
		wantErr(t, err, store.ErrNotFound)
		_, err = s.AccountByLink(t.Context(), policy.LinkKey(hashed("none")))
		wantErr(t, err, store.ErrNotFound)
		_, err = s.UpdateAccount(t.Context(), "nobody", func(*policy.Account) (store.Effects, error) {
			t.Error("fn ran without an account")
			return store.Effects{}, nil
		})
		wantErr(t, err, store.ErrNotFound)
		wantErr(t, s.RemoveAccount(t.Context(), "nobody", store.Effects{Messages: []policy.Message{aMessage(1, t0)}}), store.ErrNotFound)
		pending(t, s, 0)
	},
	// Addresses that are prefixes of others, or made to look like a store's own keys, find their own account only.
	"TestLG21_AddressesThatLookLikeKeys": func(t *testing.T, s store.Store) {
		addresses := []string{"a@b.c", "a@b.co", "a@b", "lock:alice@example.test", "*", "a*", "{x}@y", "[a", "(a", "a b", "a@b.c\x01", "é@x"}
		for n, email := range addresses {
			a := anAccount(n)
			a.Email = email
			create(t, s, a)
		}
		for n, email := range addresses {
			a, err := s.AccountByEmail(t.Context(), email)
			noErr(t, err)
			same(t, email, a.ID, anAccount(n).ID)
		}
		for _, email := range []string{"a@", "a@b.", "?", "[", "a@b.c\x00", "a@b.c\x00account0000"} {
			_, err := s.AccountByEmail(t.Context(), email)
			wantErr(t, err, store.ErrNotFound)
		}
	},
	"RemoveTakesAllWithIt": func(t *testing.T, s store.Store) {
		a := anAccount(1)
		a.Resets = []policy.Reset{aReset("one"), aReset("two")}
		a = create(t, s, a)
		other := create(t, s, anAccount(2))
		for n := range 3 {
			noErr(t, s.CreateSession(t.Context(), aSession(fmt.Sprint(n), a.ID, t0), t0.Add(hour)))
		}
		noErr(t, s.CreateSession(t.Context(), aSession("other", other.ID, t0), t0.Add(hour)))

		noErr(t, s.RemoveAccount(t.Context(), a.ID, store.Effects{Messages: []policy.Message{aMessage(1, t0)}}))
		_, err := s.Account(t.Context(), a.ID)
		wantErr(t, err, store.ErrNotFound)
		_, err = s.AccountByEmail(t.Context(), a.Email)
		wantErr(t, err, store.ErrNotFound)
		_, err = s.AccountByLink(t.Context(), a.Resets[1].Key)
		wantErr(t, err, store.ErrNotFound)
		left, err := s.SessionsOf(t.Context(), a.ID)
		noErr(t, err)
		same(t, "sessions left", len(left), 0)
		ended, err := s.EndSession(t.Context(), aSession("0", a.ID, t0).Key)
		noErr(t, err)
		same(t, "session was still there", ended, false)
		pending(t, s, 1)
		wantErr(t, s.RemoveAccount(t.Context(), a.ID, store.Effects{}), store.ErrNotFound)

		_, _, err = s.SessionWithAccount(t.Context(), aSession("other", other.ID, t0).Key)
		noErr(t, err)
		again := anAccount(3)
		again.Email = a.Email
		create(t, s, again) // the address is free
	},
}

var listCases = cases{
	"ListPages": func(t *testing.T, s store.Store) {
		const count = 250
		for n := range count {
			create(t, s, anAccount((n*37)%count)) // not in the order of addresses
		}
		for _, size := range []int{1, 7, 100, 250, 1000} {
			var seen []policy.AccountID
			for after := ""; ; {
				page, unreadable, err := s.ListAccounts(t.Context(), after, size)
				noErr(t, err)
				same(t, "unreadable", unreadable, 0)
				if len(page) > size {
					t.Fatalf("page of %d, limit %d", len(page), size)
				}
				for _, a := range page {
					seen = append(seen, a.ID)
				}
				if len(page) < size {
					break
				}
				after = page[len(page)-1].Email
			}
			same(t, "accounts listed", len(seen), count)
			for n, id := range seen {
				same(t, "order", id, anAccount(n).ID)
			}
		}
		none, _, err := s.ListAccounts(t.Context(), "", 0)
		noErr(t, err)
		same(t, "limit 0", len(none), 0)
	},
	"ListIsInOrderOfAddresses": func(t *testing.T, s store.Store) {
		order := []string{"a@x", "a@x-y", "a@x.y", "ab@x", "b@x"}
		for n, i := range []int{3, 1, 4, 0, 2} {
			a := anAccount(n)
			a.Email = order[i]
			create(t, s, a)
		}
		for i, after := range append([]string{""}, order...) {
			page, _, err := s.ListAccounts(t.Context(), after, 10)
			noErr(t, err)
			var got []string
			for _, a := range page {
				got = append(got, a.Email)
			}
			same(t, "after "+after, fmt.Sprint(got), fmt.Sprint(order[i:]))
		}
		page, _, err := s.ListAccounts(t.Context(), "a@x.", 1) // after need not be there itself
		noErr(t, err)
		same(t, "after a@x.", page[0].Email, "a@x.y")
	},
}

var errOwn = errors.New("the caller's own error")
