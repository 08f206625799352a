package passhash

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// ErrBusy means that no place in the lane came free in time: nothing was computed, and nothing is known about the
// password. The caller answers 503 and gives back what it had reserved.
var ErrBusy = errors.New("password hashing is busy")

// LaneLimits are the bounds of a Lane. A zero field takes its default.
type LaneLimits struct {
	// Parallel is how many computations run at once. Default: one processor fewer than GOMAXPROCS, at least one, so
	// that a flood of sign-ins leaves a processor for those who are already signed in.
	Parallel int
	// Memory is how many bytes all running computations may use together. Default: a quarter of the soft memory limit
	// (GOMEMLIMIT) where there is one, at most 256 MiB. A computation that alone needs more runs alone.
	Memory int64
	// Wait is how long a computation may wait for its place. Default: 3 s.
	Wait time.Duration
}

const (
	defaultLaneMemory = 256 << 20
	defaultLaneWait   = 3 * time.Second
)

// Lane bounds the hashing of a whole process. It is made once and outlives configurations: hashers of the old and the
// new configuration share it. First come, first served, so a dear hash is not starved by cheap ones.
type Lane struct {
	limits LaneLimits

	mu      sync.Mutex
	running int
	memory  int64
	waiting []*place
}

// place is one computation that waits. Its channel is closed, under the lane's lock, when it may run.
type place struct {
	memory int64
	ready  chan struct{}
}

// NewLane makes a lane with the given limits.
func NewLane(limits LaneLimits) *Lane {
	if limits.Parallel <= 0 {
		limits.Parallel = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if limits.Memory <= 0 {
		limits.Memory = defaultLaneMemory
		if soft := debug.SetMemoryLimit(-1); soft != math.MaxInt64 {
			limits.Memory = min(limits.Memory, soft/4)
		}
	}
	if limits.Wait <= 0 {
		limits.Wait = defaultLaneWait
	}
	return &Lane{limits: limits}
}

// run computes when there is a place and returns what compute returns, or ErrBusy or the context's error without having
// computed. memory is in bytes. A computation that has begun is not broken off: it takes milliseconds.
func (l *Lane) run(ctx context.Context, memory int64, compute func() error) error {
	memory = min(memory, l.limits.Memory)
	if err := l.enter(ctx, memory); err != nil {
		return err
	}
	defer l.leave(memory)
	return compute()
}

func (l *Lane) enter(ctx context.Context, memory int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	if len(l.waiting) == 0 && l.fits(memory) {
		l.take(memory)
		l.mu.Unlock()
		return nil
	}
	p := &place{memory: memory, ready: make(chan struct{})}
	l.waiting = append(l.waiting, p)
	l.mu.Unlock()

	timer := time.NewTimer(l.limits.Wait)
	defer timer.Stop()
	var err error
	select {
	case <-p.ready:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = ErrBusy
	}
	if !l.giveUp(p) {
		l.leave(memory) // the place came in the same moment: pass it on
	}
	return err
}

// giveUp takes p out of the queue; false means that it had already been let in.
func (l *Lane) giveUp(p *place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, w := range l.waiting {
		if w == p {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			l.admit() // p may have been the one that did not fit
			return true
		}
	}
	return false
}

func (l *Lane) leave(memory int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	l.memory -= memory
	l.admit()
}

// admit lets in, in order, all that fit. The lock is held.
func (l *Lane) admit() {
	for len(l.waiting) > 0 && l.fits(l.waiting[0].memory) {
		p := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		l.take(p.memory)
		close(p.ready)
	}
}

func (l *Lane) fits(memory int64) bool {
	return l.running < l.limits.Parallel && l.memory+memory <= l.limits.Memory
}

func (l *Lane) take(memory int64) {
	l.running++
	l.memory += memory
}
