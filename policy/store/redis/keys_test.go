package redis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// all lists every key on the server.
func all(t *testing.T, s *Store) []string {
	t.Helper()
	found, err := s.client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRE20_TransientKeysEnd(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Options{Addresses: []string{server.Addr}, Timeout: patience})
	if err := signIn(t.Context(), s, "a"); err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{"account": true, "addresses": true, "keyring": true}
	kinds := map[string]int{}
	for _, key := range all(t, s) {
		name, ok := strings.CutPrefix(key, "{loginwall}:")
		if !ok {
			t.Errorf("%s is not in the realm's slot", key)
		}
		kind, _, _ := strings.Cut(name, ":")
		kinds[kind]++
		left, err := s.client.PTTL(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case kept[kind] && left >= 0:
			t.Errorf("%s ends in %v", key, left)
		case !kept[kind] && (left <= 0 || left > 3*time.Hour):
			t.Errorf("%s ends in %v", key, left)
		case kind == "link" && left < time.Hour+policy.ProofLife, kind == "session" && left < time.Hour,
			(kind == "held" || kind == "kept") && left < time.Hour, kind == "message" && left < time.Hour+store.MessageKeep:
			t.Errorf("%s ends too early, in %v", key, left)
		}
	}
	for _, kind := range []string{"account", "addresses", "keyring", "link", "session", "sessions", "held", "kept", "outbox", "message", "probe"} {
		if kinds[kind] == 0 {
			t.Errorf("no key of kind %s was looked at", kind)
		}
	}
}

func TestLG21_NoKeyHoldsWhatAPersonTyped(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Options{Addresses: []string{server.Addr}, Timeout: patience})
	const typed = "lock:alice*{}[x] y@example.test"
	a := anAccount("id")
	a.Email = typed
	if _, err := s.CreateAccount(t.Context(), a, store.Effects{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeLimit(t.Context(), typed, typed, 1, time.Hour, t0); err != nil {
		t.Fatal(err)
	}
	for _, key := range all(t, s) {
		if strings.Contains(key, "alice") || strings.ContainsAny(key, "* []@") || strings.Count(key, "{") != 1 {
			t.Errorf("key is %q", key)
		}
	}
}

func TestRE15_RealmsAreApart(t *testing.T) {
	server := redistest.Start(t)
	one := open(t, Options{Addresses: []string{server.Addr}, Prefix: "one", Timeout: patience})
	two := open(t, Options{Addresses: []string{server.Addr}, Prefix: "on", Timeout: patience})
	if err := signIn(t.Context(), one, "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := two.SessionWithAccount(t.Context(), "session-a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
	if err := signIn(t.Context(), two, "a"); err != nil {
		t.Error(err)
	}
}

// Redis does not take back what a failing script wrote: each must find out beforehand.
func TestRE05_JunkInAnIndexLeavesNothingHalfWritten(t *testing.T) {
	for name, junk := range map[string]func(keys) string{"outbox": keys.outbox, "addresses": keys.addresses} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			s := open(t, Options{Addresses: []string{server.Addr}, Timeout: patience})
			if err := signIn(t.Context(), s, "a"); err != nil {
				t.Fatal(err)
			}
			if err := s.client.Set(t.Context(), junk(s.keys), "x", 0).Err(); err != nil {
				t.Fatal(err)
			}
			before := dump(t, s)
			effects := store.Effects{Messages: []policy.Message{aMessage("new")}}
			_, create := s.CreateAccount(t.Context(), anAccount("b"), effects)
			_, update := s.UpdateAccount(t.Context(), "a", func(a *policy.Account) (store.Effects, error) {
				a.Email, a.Resets = "new@example.test", nil
				return effects, nil
			})
			for what, err := range map[string]error{"create": create, "update": update, "remove": s.RemoveAccount(t.Context(), "a", effects)} {
				if !errors.Is(err, store.ErrUnreadable) {
					t.Errorf("%s: error is %v", what, err)
				}
			}
			if after := dump(t, s); after != before {
				t.Errorf("half written:\n%s\n%s", before, after)
			}
		})
	}
}

// dump is all keys and the values of those that are accounts.
func dump(t *testing.T, s *Store) string {
	t.Helper()
	var lines []string
	for _, key := range all(t, s) {
		value := ""
		if strings.Contains(key, ":account:") {
			value = s.client.Get(t.Context(), key).Val()
		}
		lines = append(lines, key+" "+value)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// A record of another type is that record's trouble only.
func TestRE16_WrongTypes(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, Options{Addresses: []string{server.Addr}, Timeout: patience})
	ctx := t.Context()
	if err := errors.Join(signIn(ctx, s, "a"), signIn(ctx, s, "b")); err != nil {
		t.Fatal(err)
	}
	held, _ := s.keys.places("a:*{x}")
	for _, key := range []string{s.keys.account("a"), s.keys.session("session-a"), s.keys.message("second-a"), s.keys.keyring(), held} {
		if err := errors.Join(s.client.Del(ctx, key).Err(), s.client.LPush(ctx, key, "x").Err()); err != nil {
			t.Fatal(err)
		}
	}
	_, account := s.Account(ctx, "a")
	_, byEmail := s.AccountByEmail(ctx, "a@example.test")
	_, byLink := s.AccountByLink(ctx, "link-a")
	_, _, session := s.SessionWithAccount(ctx, "session-a")
	_, take := s.TakeLimit(ctx, "a:*{x}", "new", 5, time.Hour, t0)
	_, keyring := s.Keys(ctx)
	for what, err := range map[string]error{
		"account": account, "by address": byEmail, "by link": byLink, "session": session, "take": take, "keyring": keyring,
		"touch": s.TouchSession(ctx, "session-a", t0.Add(time.Hour)),
	} {
		if !errors.Is(err, store.ErrUnreadable) {
			t.Errorf("%s: error is %v", what, err)
		}
	}
	list, unreadable, err := s.ListAccounts(ctx, "", 10)
	if err != nil || unreadable != 1 || len(list) != 1 {
		t.Errorf("listed %d, %d unreadable, %v", len(list), unreadable, err)
	}
	if _, _, err := s.SessionWithAccount(ctx, "session-b"); err != nil {
		t.Error(err)
	}
	claimed, err := s.ClaimMessages(ctx, t0.Add(2*time.Hour), time.Hour, 10)
	if err != nil || len(claimed) != 3 {
		t.Errorf("claimed %d, %v", len(claimed), err)
	}
	if ended, err := s.EndSession(ctx, "session-a"); err != nil || !ended {
		t.Errorf("ended %v, %v", ended, err)
	}
}

// The rights in the package comment are enough, and they do not reach another's keys.
func TestRE14_LeastRights(t *testing.T) {
	server := redistest.Start(t)
	rights := []string{"ACL", "SETUSER", "app", "on", ">secret", "~{mine}:*"}
	for _, command := range strings.Fields("eval evalsha get set del exists pttl pexpire hget hset hincrby zadd zrem zcard " +
		"zscore zrange zrangebyscore zrangebylex zlexcount zremrangebyscore ping hello client|setname select") {
		rights = append(rights, "+"+command)
	}
	if got := server.Do(rights...); got != "+OK" {
		t.Fatal(got)
	}
	o := Options{Addresses: []string{server.Addr}, Username: "app", Password: "secret", Prefix: "mine", DB: 3, Timeout: patience}
	s := open(t, o)
	if err := errors.Join(signIn(t.Context(), s, "a"), everythingElse(t.Context(), s)); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Options){
		"wrong password": func(o *Options) { o.Password = "guess" },
		"other's prefix": func(o *Options) { o.Prefix = "theirs" },
	} {
		o := o
		change(&o)
		err := open(t, o).Check(t.Context())
		if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), o.Password) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// everythingElse does what signIn does not.
func everythingElse(ctx context.Context, s *Store) error {
	_, byEmail := s.AccountByEmail(ctx, "a@example.test")
	_, byLink := s.AccountByLink(ctx, "link-a")
	_, _, list := s.ListAccounts(ctx, "", 10)
	_, _, session := s.SessionWithAccount(ctx, "session-a")
	_, sessions := s.SessionsOf(ctx, "a")
	_, end := s.EndSession(ctx, "session-a")
	_, endAll := s.EndSessions(ctx, "a", "")
	_, _, count := s.PendingMessages(ctx)
	_, keyring := s.Keys(ctx)
	return errors.Join(byEmail, byLink, list, session, sessions, end, endAll, count, keyring,
		s.DelayMessage(ctx, "first-a", t0), s.RemoveMessage(ctx, "first-a"), s.RemoveAccount(ctx, "a", store.Effects{}))
}
