package passhash

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// occupy takes a place of the lane until release is called.
func occupy(t *testing.T, l *Lane) (release func()) {
	t.Helper()
	if err := l.enter(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return func() { l.leave(1) }
}

func TestLG24_LaneHoldsItsBounds(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits LaneLimits
		memory int64
		want   int64
	}{
		{"parallel", LaneLimits{Parallel: 3, Memory: 1 << 30, Wait: time.Minute}, 1, 3},
		{"memory", LaneLimits{Parallel: 8, Memory: 100, Wait: time.Minute}, 40, 2},
		{"more than all memory", LaneLimits{Parallel: 8, Memory: 100, Wait: time.Minute}, 500, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lane := NewLane(c.limits)
				var running, most, done atomic.Int64
				var wg sync.WaitGroup
				for range 300 {
					wg.Go(func() {
						err := lane.run(t.Context(), c.memory, func() error {
							now := running.Add(1)
							for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
							}
							time.Sleep(time.Millisecond)
							running.Add(-1)
							return nil
						})
						if err == nil {
							done.Add(1)
						}
					})
				}
				wg.Wait()
				if most.Load() != c.want || done.Load() != 300 {
					t.Errorf("at most %d ran at once, want %d; %d of 300 ran", most.Load(), c.want, done.Load())
				}
				if lane.running != 0 || lane.memory != 0 || len(lane.waiting) != 0 {
					t.Errorf("not empty afterwards: %d running, %d bytes, %d waiting", lane.running, lane.memory, len(lane.waiting))
				}
			})
		})
	}
}

func TestLG24_LaneWaitsThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := NewLane(LaneLimits{Parallel: 1})
		release := occupy(t, lane)
		began := time.Now()
		err := lane.run(t.Context(), 1, func() error { t.Error("ran without a place"); return nil })
		if waited := time.Since(began); !errors.Is(err, ErrBusy) || waited != 3*time.Second {
			t.Errorf("%v after %v", err, waited)
		}
		release()
		if err := lane.run(t.Context(), 1, func() error { return nil }); err != nil {
			t.Errorf("after the place came free: %v", err)
		}
	})
}

func TestLaneLetsGoOnCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lane := NewLane(LaneLimits{Parallel: 4, Memory: 100, Wait: time.Minute})
		if err := lane.enter(t.Context(), 80); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		big, small := make(chan error, 1), make(chan error, 1)
		go func() { big <- lane.enter(ctx, 90) }()
		synctest.Wait()
		go func() { small <- lane.enter(t.Context(), 10) }()
		synctest.Wait()
		if len(lane.waiting) != 2 {
			t.Fatalf("%d wait: the small one has overtaken the big one", len(lane.waiting))
		}
		cancel()
		if err := <-big; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := <-small; err != nil {
			t.Errorf("behind the cancelled one: %v", err)
		}
		if lane.memory != 90 || lane.running != 2 {
			t.Errorf("%d bytes, %d running", lane.memory, lane.running)
		}
	})
}

func TestLaneSurvivesPanic(t *testing.T) {
	lane := NewLane(LaneLimits{Parallel: 1, Wait: time.Millisecond})
	func() {
		defer func() { _ = recover() }()
		_ = lane.run(t.Context(), 1, func() error { panic("in a computation") })
	}()
	if err := lane.run(t.Context(), 1, func() error { return nil }); err != nil {
		t.Errorf("the place was lost: %v", err)
	}
}

// Places are handed over while those who wait give up: none may be lost and none given twice.
func TestLaneRace(t *testing.T) {
	lane := NewLane(LaneLimits{Parallel: 2, Wait: 200 * time.Microsecond})
	var running atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 50 {
				_ = lane.run(t.Context(), 1, func() error {
					if running.Add(1) > 2 {
						t.Error("more than two at once")
					}
					time.Sleep(50 * time.Microsecond)
					running.Add(-1)
					return nil
				})
			}
		})
	}
	wg.Wait()
	if lane.running != 0 || lane.memory != 0 || len(lane.waiting) != 0 {
		t.Errorf("%d running, %d bytes, %d waiting", lane.running, lane.memory, len(lane.waiting))
	}
}
