package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

var t0 = time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC)

func anAccount(id string) policy.Account {
	return policy.Account{
		ID: policy.AccountID(id), Email: id + "@example.test", CreatedAt: t0,
		Resets: []policy.Reset{{Key: policy.LinkKey("link-" + id), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour)}},
	}
}

func aMessage(id string) policy.Message {
	return policy.Message{ID: id, Kind: policy.KindMail, CreatedAt: t0, NotBefore: t0, ExpiresAt: t0.Add(time.Hour)}
}

func raise(a *policy.Account) (store.Effects, error) {
	a.Epoch++
	return store.Effects{}, nil
}

// signIn does one of everything that writes.
func signIn(ctx context.Context, s *Store, id string) error {
	_, err := s.CreateAccount(ctx, anAccount(id), store.Effects{Messages: []policy.Message{aMessage("first-" + id)}})
	_, takeErr := s.TakeLimit(ctx, id+":*{x}", "one", 2, time.Hour, t0)
	_, takeErr2 := s.TakeLimit(ctx, id+":*{x}", "two", 2, time.Hour, t0)
	err = errors.Join(err, takeErr, takeErr2,
		s.SettleLimit(ctx, id+":*{x}", "two", true),
		s.CreateSession(ctx, policy.Session{Key: policy.SessionKey("session-" + id), Account: policy.AccountID(id), CreatedAt: t0}, t0.Add(time.Hour)),
		s.TouchSession(ctx, policy.SessionKey("session-"+id), t0.Add(time.Minute)),
		s.EnqueueMessages(ctx, aMessage("second-"+id)), s.Check(ctx))
	_, updateErr := s.UpdateAccount(ctx, policy.AccountID(id), raise)
	_, keysErr := s.UpdateKeys(ctx, func(k *policy.Keyring) error { k.Keys = append(k.Keys, policy.Key{ID: id}); return nil })
	_, claimErr := s.ClaimMessages(ctx, t0, time.Hour, 1)
	return errors.Join(err, updateErr, keysErr, claimErr)
}

func TestNewDoesNotDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()
	for _, o := range []Options{{Addresses: []string{addr}}, {Addresses: []string{addr}, Master: "m"}, {Addresses: []string{addr, addr}}} {
		open(t, o)
	}
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if c, err := l.Accept(); err == nil {
		c.Close()
		t.Error("New connected")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"brace in prefix":  {Prefix: "a}b"},
		"blank in prefix":  {Prefix: "a b"},
		"long prefix":      {Prefix: strings.Repeat("a", 65)},
		"no port":          {Addresses: []string{"localhost"}},
		"db of a cluster":  {Addresses: []string{"a:1", "b:1"}, DB: 1},
		"negative timeout": {Timeout: -1},
		"negative pool":    {PoolSize: -1},
	} {
		if s, err := New(o); err == nil {
			s.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestRE01_ServerDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	s := open(t, Options{Addresses: []string{addr}})
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
	if _, err := s.Account(t.Context(), "a"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
}

// A server that accepts and never answers costs each caller the timeout and no more, also those that wait for a
// connection or for their turn.
func TestRE03_SilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, Options{Addresses: []string{l.Addr().String()}, Timeout: 300 * time.Millisecond, PoolSize: 2})
	start := time.Now()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if _, err := s.UpdateAccount(t.Context(), "a", raise); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("update: error is %v", err)
			}
		})
		all.Go(func() {
			if _, _, err := s.SessionWithAccount(t.Context(), "a"); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("session: error is %v", err)
			}
		})
	}
	all.Wait()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	if len(s.turns.of) != 0 {
		t.Errorf("%d turns are left", len(s.turns.of))
	}
}

// T14: a restart signs nobody out, and the same store works again without being opened anew.
func TestRE02_RE18_Restart(t *testing.T) {
	server := redistest.StartDurable(t)
	s := open(t, Options{Addresses: []string{server.Addr}, Timeout: 2 * time.Second})
	if err := signIn(t.Context(), s, "a"); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if _, _, err := s.SessionWithAccount(t.Context(), "session-a"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("while down: error is %v", err)
	}
	server.Restart()
	deadline := time.Now().Add(5 * time.Second)
	for {
		_, a, err := s.SessionWithAccount(t.Context(), "session-a")
		if err == nil {
			if a.Epoch != 1 {
				t.Errorf("epoch is %d", a.Epoch)
			}
			break
		}
		if !errors.Is(err, store.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatalf("after the restart: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := server.Do("SCRIPT", "FLUSH"); got != "+OK" {
		t.Fatal(got)
	}
	if err := signIn(t.Context(), s, "b"); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	if taken, err := s.TakeLimit(t.Context(), "a:*{x}", "three", 2, time.Hour, t0); err != nil || taken.OK {
		t.Errorf("a limit was forgotten: %+v, %v", taken, err)
	}
	if n, _, err := s.PendingMessages(t.Context()); err != nil || n != 4 {
		t.Errorf("%d messages, %v", n, err)
	}
}

func TestRE12_ServerRefusesToWrite(t *testing.T) {
	for name, turn := range map[string][2][]string{
		"replica":        {{"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}},
		"no replicas":    {{"CONFIG", "SET", "min-replicas-to-write", "1"}, {"CONFIG", "SET", "min-replicas-to-write", "0"}},
		"memory is full": {{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			s := open(t, Options{Addresses: []string{server.Addr}, Timeout: patience})
			if err := signIn(t.Context(), s, "a"); err != nil {
				t.Fatal(err)
			}
			server.Do(turn[0]...)
			_, update := s.UpdateAccount(t.Context(), "a", raise)
			create := s.CreateSession(t.Context(), policy.Session{Key: "new", Account: "a", CreatedAt: t0}, t0.Add(time.Hour))
			if name == "memory is full" {
				create = store.ErrUnavailable // a script that begins by freeing memory may go on, and is whole then too
			}
			for what, err := range map[string]error{"check": s.Check(t.Context()), "update": update, "session": create} {
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: error is %v", what, err)
				}
			}
			server.Do(turn[1]...)
			if err := s.Check(t.Context()); err != nil {
				t.Errorf("does not recover: %v", err)
			}
			if a, err := s.Account(t.Context(), "a"); err != nil || a.Epoch != 1 {
				t.Errorf("epoch is %d, %v", a.Epoch, err)
			}
		})
	}
}

// Redis quotes the arguments of a command it does not know; they must not reach an error text and so a log.
func TestErrorsQuoteNoRecords(t *testing.T) {
	s := open(t, Options{})
	err := s.fail("update account", quoting("ERR unknown command 'EVALSHA', with args beginning with: '40' '{\"email\":\"jo@example.test\"'"))
	if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "example") {
		t.Errorf("error is %v", err)
	}
}

type quoting string

func (q quoting) Error() string { return string(q) }
func (q quoting) RedisError()   {}

func TestCancelWhileWaitingForATurn(t *testing.T) {
	s := open(t, Options{Timeout: patience})
	done, err := s.turns.take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err = s.UpdateAccount(ctx, "a", raise); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	done()
	if len(s.turns.of) != 0 {
		t.Error("turns are left")
	}
}

func TestTurnsAreFairToEachAccount(t *testing.T) {
	var tu turns
	var all sync.WaitGroup
	counts := map[policy.AccountID]*int{"a": new(int), "b": new(int)}
	for i := range 200 {
		id := policy.AccountID(fmt.Sprint(string("ab"[i%2])))
		all.Go(func() {
			done, err := tu.take(t.Context(), id)
			if err != nil {
				t.Error(err)
				return
			}
			*counts[id]++ // the race detector sees two at once
			done()
		})
	}
	all.Wait()
	if *counts["a"] != 100 || *counts["b"] != 100 || len(tu.of) != 0 {
		t.Errorf("counts %d and %d, %d turns left", *counts["a"], *counts["b"], len(tu.of))
	}
}
