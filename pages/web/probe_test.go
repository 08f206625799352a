package web

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// rigged is a store that is asked by a probe. Each answer is let out by whoever sends it.
type rigged struct {
	asked  atomic.Int32
	answer chan error
}

func (r *rigged) check(context.Context) error {
	r.asked.Add(1)
	return <-r.answer
}

func newRigged() (*rigged, *probe) {
	r := &rigged{answer: make(chan error, 8)}
	return r, &probe{check: r.check, now: time.Now}
}

func wantHealthy(t *testing.T, p *probe, want bool, asked int32, r *rigged) {
	t.Helper()
	if got := p.healthy(t.Context()); got != want {
		t.Errorf("healthy: %v, want %v", got, want)
	}
	if got := r.asked.Load(); got != asked {
		t.Errorf("the store was asked %d times, want %d", got, asked)
	}
}

// Ensure a flood of questions costs the store one write a second, and changes are seen after that.
func TestHealthIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := newRigged()
		r.answer <- nil
		for range 1000 {
			wantHealthy(t, p, true, 1, r)
		}
		time.Sleep(probeEvery - time.Millisecond)
		wantHealthy(t, p, true, 1, r)
		time.Sleep(time.Millisecond)
		r.answer <- errors.New("away")
		wantHealthy(t, p, false, 2, r)
		time.Sleep(probeEvery)
		r.answer <- nil
		wantHealthy(t, p, true, 3, r)
	})
}

// Ensure all who ask at first wait for one check, and who asks during a later one is told what is known.
func TestHealthChecksOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := newRigged()
		var first sync.WaitGroup
		for range 50 {
			first.Go(func() {
				if !p.healthy(t.Context()) {
					t.Error("before the first answer: not healthy")
				}
			})
		}
		synctest.Wait()
		r.answer <- nil
		first.Wait()
		time.Sleep(probeEvery)
		var slow sync.WaitGroup
		slow.Go(func() { wantHealthy(t, p, false, 2, r) })
		synctest.Wait()
		began := time.Now()
		for range 50 {
			wantHealthy(t, p, true, 2, r)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s behind another's check", waited)
		}
		r.answer <- errors.New("away")
		slow.Wait()
	})
}

// Ensure a store that is silent holds up one question, for a while, and is not asked again before it has answered.
func TestHealthOfASilentStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := newRigged()
		began := time.Now()
		wantHealthy(t, p, false, 1, r)
		if waited := time.Since(began); waited != probeWait {
			t.Errorf("waited %s, want %s", waited, probeWait)
		}
		for range 10 {
			time.Sleep(probeEvery)
			began = time.Now()
			wantHealthy(t, p, false, 1, r)
			if waited := time.Since(began); waited > 0 {
				t.Errorf("waited %s again", waited)
			}
		}
		r.answer <- nil // at last, for a question that is long over
		synctest.Wait()
		r.answer <- nil
		began = time.Now()
		if p.healthy(t.Context()) { // nobody waits for a store that was silent
			t.Error("healthy before the check has ended")
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s for the check after", waited)
		}
		synctest.Wait()
		wantHealthy(t, p, true, 2, r)
		time.Sleep(probeEvery)
		r.answer <- errors.New("away")
		wantHealthy(t, p, false, 3, r)
	})
}

// Ensure whoever hangs up gets away, and the check goes on without them.
func TestHealthOutlivesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := newRigged()
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		if p.healthy(ctx) {
			t.Error("healthy without an answer")
		}
		r.answer <- nil
		synctest.Wait()
		wantHealthy(t, p, true, 1, r)
	})
}
