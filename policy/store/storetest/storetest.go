// Package storetest is one suite for every back end of package store. A back end is right when Run passes; what it does
// beyond the interface it tests itself.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// Kind is a kind of record that a back end can be made to hold junk of.
type Kind string

// The kinds of record. The key of KindLimit is what TakeLimit was called with.
const (
	KindAccount Kind = "account"
	KindSession Kind = "session"
	KindMessage Kind = "message"
	KindKeyring Kind = "keyring"
	KindLimit   Kind = "limit"
)

// Option tells the suite what else a back end can do.
type Option func(*suite)

// Plant lets the suite write raw bytes in the place of a record that is there already, behind the back of the store.
func Plant(fn func(t *testing.T, s store.Store, kind Kind, key string, raw []byte)) Option {
	return func(c *suite) { c.plant = fn }
}

// Reopen lets the suite close a store and open it again on what it has stored.
func Reopen(fn func(t *testing.T, s store.Store) store.Store) Option {
	return func(c *suite) { c.reopen = fn }
}

// Second lets the suite open another store on the same back end, as another node does.
func Second(fn func(t *testing.T, s store.Store) store.Store) Option {
	return func(c *suite) { c.second = fn }
}

type suite struct {
	newStore func(*testing.T) store.Store
	plant    func(*testing.T, store.Store, Kind, string, []byte)
	reopen   func(*testing.T, store.Store) store.Store
	second   func(*testing.T, store.Store) store.Store
}

// Run runs the whole suite, RunConcurrency too. newStore returns a fresh, empty store and sees to it that it is closed
// when its test ends.
func Run(t *testing.T, newStore func(*testing.T) store.Store, options ...Option) {
	c := newSuite(newStore, options)
	for _, group := range []map[string]func(*testing.T, store.Store){
		accountCases, updateCases, linkCases, listCases, sessionCases, limitCases, outboxCases, keyCases, lifeCases,
	} {
		c.each(t, group)
	}
	if c.plant != nil {
		for name, test := range junkCases {
			t.Run(name, func(t *testing.T) { test(t, newStore(t), c.plant) })
		}
	}
	if c.reopen != nil {
		t.Run("Reopen", func(t *testing.T) { testReopen(t, newStore(t), c.reopen) })
	}
	RunConcurrency(t, newStore, options...)
}

func newSuite(newStore func(*testing.T) store.Store, options []Option) *suite {
	c := &suite{newStore: newStore}
	for _, o := range options {
		o(c)
	}
	return c
}

func (c *suite) each(t *testing.T, group map[string]func(*testing.T, store.Store)) {
	for name, test := range group {
		t.Run(name, func(t *testing.T) { test(t, c.newStore(t)) })
	}
}

// t0 is far from today, so that a back end that looks at its own clock is found out.
var t0 = time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC)

func anAccount(n int) policy.Account {
	return policy.Account{
		Version:   policy.RecordVersion,
		ID:        policy.AccountID(fmt.Sprintf("account%04d", n)),
		Email:     fmt.Sprintf("user%04d@example.test", n),
		Name:      "Jo <Doe> \u2028 & \"Sons\"",
		Groups:    []string{"billing", "desk"},
		Language:  "pt-BR",
		CreatedAt: t0,
		Password: policy.Credential{
			Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", SetAt: t0,
			Warned: policy.Warning{At: t0.Add(83 * policy.Day), Ends: t0.Add(90 * policy.Day), Step: 7 * policy.Day},
		},
	}
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func aReset(token string) policy.Reset {
	return policy.Reset{Key: policy.LinkKey(hashed(token)), Purpose: policy.PurposeReset, CreatedAt: t0, ExpiresAt: t0.Add(time.Hour)}
}

func aSession(token string, account policy.AccountID, created time.Time) policy.Session {
	return policy.Session{
		Version: policy.RecordVersion, Key: policy.SessionKey(hashed(token)), Account: account, Epoch: 3,
		CreatedAt: created, SeenAt: created, Address: "192.0.2.1", Agent: `Browser "5" \ {x}`,
	}
}

func aMessage(n int, notBefore time.Time) policy.Message {
	return policy.Message{
		Version: policy.RecordVersion, ID: fmt.Sprintf("message%04d", n), Kind: policy.KindMail, Account: "account0001",
		Payload: []byte{0, 1, 2, 0xff, byte(n)}, CreatedAt: t0, NotBefore: notBefore, ExpiresAt: t0.Add(48 * time.Hour),
	}
}

func create(t testing.TB, s store.Store, a policy.Account) policy.Account {
	t.Helper()
	stored, err := s.CreateAccount(t.Context(), a, store.Effects{})
	if err != nil {
		t.Fatalf("CreateAccount: %v", err)
	}
	return stored
}

// update applies a change that cannot fail.
func update(t testing.TB, s store.Store, id policy.AccountID, fn func(*policy.Account)) policy.Account {
	t.Helper()
	stored, err := s.UpdateAccount(t.Context(), id, func(a *policy.Account) (store.Effects, error) {
		fn(a)
		return store.Effects{}, nil
	})
	if err != nil {
		t.Fatalf("UpdateAccount: %v", err)
	}
	return stored
}

func mustAccount(t testing.TB, s store.Store, id policy.AccountID) policy.Account {
	t.Helper()
	a, err := s.Account(t.Context(), id)
	if err != nil {
		t.Fatalf("Account: %v", err)
	}
	return a
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// pending checks how many messages the outbox holds.
func pending(t testing.TB, s store.Store, want int) {
	t.Helper()
	n, _, err := s.PendingMessages(context.WithoutCancel(t.Context()))
	noErr(t, err)
	if n != want {
		t.Fatalf("%d messages pending, want %d", n, want)
	}
}
