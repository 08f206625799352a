package file

import (
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy/store"
)

// change is one call that wants to write.
type change struct {
	fn   func(*bolt.Tx) error
	done chan error // has room for the answer

	outcome  error // what fn said, when it did not fail
	panicked any   // what fn panicked with; the caller's goroutine is the one to panic
}

// untouched is returned by a change that has written nothing, with the outcome for its caller. The other changes of the
// round are not affected. Any other error of a change undoes what the change wrote.
type untouched struct{ outcome error }

func (untouched) Error() string { return "nothing written" }

var (
	errIdle     = errors.New("no change in this round")
	errPanicked = errors.New("change panicked")
	errClosed   = errors.New("store is closed")
)

// write runs fn in a transaction and returns when it is on the disk. fn may run more than once; it must reset what it
// hands out by captured variables. Once fn has begun, write returns its true outcome even if ctx ends.
func (s *Store) write(ctx context.Context, action string, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return store.Unavailable(action, err)
	}
	c := &change{fn: fn, done: make(chan error, 1)}
	select {
	case s.queue <- c:
	case <-ctx.Done():
		return store.Unavailable(action, ctx.Err())
	case <-s.closing:
		return store.Unavailable(action, errClosed)
	}
	err := <-c.done
	if c.panicked != nil {
		panic(c.panicked)
	}
	if err != nil {
		return fail(action, err)
	}
	return c.outcome
}

// maxRound is how many changes are written together at most.
const maxRound = 256

// serve writes changes in rounds and sweeps, until the store closes.
func (s *Store) serve() {
	defer close(s.ended)
	idle := time.NewTicker(sweepEvery)
	defer idle.Stop()
	for {
		select {
		case c := <-s.queue:
			s.commit(s.gather(c))
		case <-idle.C:
			s.sweepAll()
		case <-s.closing:
			return
		}
	}
}

// gather takes all that wait right now: what has come while the last round was written.
func (s *Store) gather(first *change) []*change {
	round := []*change{first}
	for len(round) < maxRound {
		select {
		case c := <-s.queue:
			round = append(round, c)
		default:
			return round
		}
	}
	return round
}

// commit writes a round and answers each change. One that fails is answered and taken out, and the rest is tried again.
func (s *Store) commit(round []*change) {
	for len(round) > 0 {
		failed := -1
		err := s.db.Update(func(tx *bolt.Tx) error {
			idle := true
			for i, c := range round {
				wrote, err := c.run(tx)
				if err != nil {
					failed = i
					return err
				}
				idle = idle && !wrote
			}
			if idle {
				return errIdle // spares the disk a round
			}
			_, err := sweep(tx, s.latest.Load(), sweepAside)
			return err
		})
		if failed >= 0 {
			round[failed].done <- err
			round = append(round[:failed:failed], round[failed+1:]...)
			continue
		}
		if errors.Is(err, errIdle) {
			err = nil
		}
		for _, c := range round {
			c.done <- err
		}
		return
	}
}

func (c *change) run(tx *bolt.Tx) (wrote bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.panicked, wrote, err = p, false, errPanicked
		}
	}()
	c.outcome = nil
	err = c.fn(tx)
	var none untouched
	if errors.As(err, &none) {
		c.outcome = none.outcome
		return false, nil
	}
	return err == nil, err
}
