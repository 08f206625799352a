package message_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
)

// provider is a server that refuses, fails a number of times, or takes messages.
type provider struct {
	mu      sync.Mutex
	answers []error // one per try, then nil
	tries   []string
	settled map[string]bool
	failed  []bool // last or not, per failed try
}

func (p *provider) handle(_ context.Context, m policy.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries = append(p.tries, m.ID)
	if len(p.tries) <= len(p.answers) {
		return p.answers[len(p.tries)-1]
	}
	return nil
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.tries)
}

func (p *provider) outbox(s store.Store) *message.Outbox {
	p.settled = make(map[string]bool)
	return message.NewOutbox(message.OutboxConfig{
		Store:    s,
		Handlers: map[policy.MessageKind]message.Handler{policy.KindMail: p.handle},
		Settled: func(_ context.Context, m policy.Message, sent bool) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.settled[m.ID] = sent
		},
		Failed: func(_ policy.Message, _ error, last bool) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.failed = append(p.failed, last)
		},
		Broken: func(error) {},
	})
}

func mustOpen(t *testing.T) store.Store {
	t.Helper()
	s, err := file.Open(filepath.Join(t.TempDir(), "wall.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mail(id string, life time.Duration) policy.Message {
	now := time.Now().UTC()
	return policy.Message{Version: policy.RecordVersion, ID: id, Kind: policy.KindMail, CreatedAt: now, NotBefore: now, ExpiresAt: now.Add(life)}
}

// during runs fn while the outbox runs, and returns when it has stopped.
func during(t *testing.T, fn func(), outboxes ...*message.Outbox) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, o := range outboxes {
		running.Go(func() { o.Run(ctx) })
	}
	fn()
	cancel()
	running.Wait()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 20 s", what)
}

func pending(t *testing.T, s store.Store) int {
	t.Helper()
	n, _, err := s.PendingMessages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Ensure a message is sent soon after it was queued, once, and is gone then.
func TestOutboxSends(t *testing.T) {
	s, p := mustOpen(t), new(provider)
	o := p.outbox(s)
	during(t, func() {
		for i := range 30 {
			if err := s.EnqueueMessages(t.Context(), mail(fmt.Sprint("m", i), time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		begun := time.Now()
		o.Wake()
		eventually(t, "all sent", func() bool { return p.count() == 30 })
		if d := time.Since(begun); d > 2*time.Second {
			t.Errorf("it took %v", d)
		}
	}, o)
	if n := pending(t, s); n != 0 || len(p.settled) != 30 || !p.settled["m7"] {
		t.Errorf("pending %d, settled %v", n, p.settled)
	}
}

// Ensure a server that fails is tried again, and one that refuses is not (DL-01, DL-03, DL-05).
func TestOutboxRetries(t *testing.T) {
	for name, c := range map[string]struct {
		answers []error
		tries   int
		sent    bool
	}{
		"greylisted": {[]error{errors.New("451"), errors.New("451")}, 3, true},
		"refused":    {[]error{fmt.Errorf("550: %w", message.ErrRefused)}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := mustOpen(t), &provider{answers: c.answers}
			o := p.outbox(s)
			if err := s.EnqueueMessages(t.Context(), mail("m", time.Hour)); err != nil {
				t.Fatal(err)
			}
			during(t, func() {
				eventually(t, "settled", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.settled) == 1 })
			}, o)
			if p.count() != c.tries || p.settled["m"] != c.sent || pending(t, s) != 0 {
				t.Errorf("%d tries, sent %v, %d pending", p.count(), p.settled["m"], pending(t, s))
			}
		})
	}
}

// Ensure a message that makes no sense any more is given up and not sent.
func TestOutboxGivesUp(t *testing.T) {
	s := mustOpen(t)
	p := &provider{answers: []error{errors.New("down"), errors.New("down"), errors.New("down"), errors.New("down")}}
	o := p.outbox(s)
	expired := mail("old", time.Hour)
	expired.ExpiresAt = time.Now().Add(-time.Second)
	if err := s.EnqueueMessages(t.Context(), expired, mail("short", 2*time.Second)); err != nil {
		t.Fatal(err)
	}
	during(t, func() {
		eventually(t, "settled", func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.settled) == 2 })
	}, o)
	if p.settled["old"] || p.settled["short"] || pending(t, s) != 0 {
		t.Errorf("settled %v", p.settled)
	}
	for _, id := range p.tries {
		if id == "old" {
			t.Error("an expired message was tried")
		}
	}
	if n := len(p.failed); n < 2 || !p.failed[n-1] || p.failed[0] {
		t.Errorf("failures reported: %v", p.failed)
	}
}

// Ensure two nodes on one store send each message once.
func TestOutboxOnTwoNodes(t *testing.T) {
	s, p1, p2 := mustOpen(t), new(provider), new(provider)
	for i := range 50 {
		if err := s.EnqueueMessages(t.Context(), mail(fmt.Sprint("m", i), time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	during(t, func() {
		eventually(t, "all sent", func() bool { return p1.count()+p2.count() >= 50 })
	}, p1.outbox(s), p2.outbox(s))
	seen := make(map[string]int)
	for _, id := range append(p1.tries, p2.tries...) {
		seen[id]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}

// Ensure a stop lets a send that has begun come to its end.
func TestOutboxStopsGently(t *testing.T) {
	s := mustOpen(t)
	begun, ended := make(chan struct{}), make(chan error, 1)
	o := message.NewOutbox(message.OutboxConfig{
		Store: s,
		Handlers: map[policy.MessageKind]message.Handler{policy.KindMail: func(ctx context.Context, _ policy.Message) error {
			close(begun)
			select {
			case <-time.After(300 * time.Millisecond):
				ended <- nil
				return nil
			case <-ctx.Done():
				ended <- ctx.Err()
				return ctx.Err()
			}
		}},
		Settled: func(context.Context, policy.Message, bool) {}, Failed: func(policy.Message, error, bool) {}, Broken: func(error) {},
	})
	if err := s.EnqueueMessages(t.Context(), mail("m", time.Hour)); err != nil {
		t.Fatal(err)
	}
	during(t, func() { <-begun }, o)
	if err := <-ended; err != nil {
		t.Errorf("the send was cut: %v", err)
	}
	if n := pending(t, s); n != 0 {
		t.Errorf("%d pending", n)
	}
}

// Ensure the pauses between tries grow from a second to five minutes and no further.
func TestOutboxBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &memory{m: mail("m", 24*time.Hour)}
		var at []time.Time
		o := message.NewOutbox(message.OutboxConfig{
			Store: s,
			Handlers: map[policy.MessageKind]message.Handler{policy.KindMail: func(context.Context, policy.Message) error {
				at = append(at, time.Now())
				return errors.New("down")
			}},
			Settled: func(context.Context, policy.Message, bool) {}, Failed: func(policy.Message, error, bool) {}, Broken: func(error) {},
		})
		during(t, func() { time.Sleep(3 * time.Hour) }, o)
		if len(at) < 15 {
			t.Fatalf("only %d tries in three hours", len(at))
		}
		for i := 1; i < len(at); i++ {
			least := min(time.Second<<min(i-1, 20), 5*time.Minute)
			if d := at[i].Sub(at[i-1]); d < least || d > least*11/10+2*time.Second {
				t.Errorf("pause %d was %v, want about %v", i, d, least)
			}
		}
	})
}

// memory is an outbox store with one message, for a test that runs on a fake clock.
type memory struct {
	mu sync.Mutex
	m  policy.Message
}

func (s *memory) EnqueueMessages(context.Context, ...policy.Message) error { return nil }
func (s *memory) ClaimMessages(_ context.Context, now time.Time, lease time.Duration, _ int) ([]policy.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m.NotBefore.After(now) {
		return nil, nil
	}
	s.m.Attempts++
	s.m.NotBefore = now.Add(lease)
	return []policy.Message{s.m}, nil
}
func (s *memory) DelayMessage(_ context.Context, _ string, notBefore time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m.NotBefore = notBefore
	return nil
}
func (s *memory) RemoveMessage(context.Context, string) error { return nil }
func (s *memory) PendingMessages(context.Context) (int, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 1, s.m.NotBefore, nil
}
