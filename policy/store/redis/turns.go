package redis

import (
	"context"
	"fmt"
	"sync"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// turns let one update of an account at a time leave this process. Compare-and-set alone is right, but a hundred
// parallel guesses would then mostly be in each other's way; so only as many compete as there are nodes.
type turns struct {
	mu sync.Mutex
	of map[policy.AccountID]*turn
}

type turn struct {
	token chan struct{}
	users int
}

// take waits for this process's turn with the account. done must be called when err is nil.
func (t *turns) take(ctx context.Context, id policy.AccountID) (done func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = make(map[policy.AccountID]*turn)
	}
	own := t.of[id]
	if own == nil {
		own = &turn{token: make(chan struct{}, 1)}
		t.of[id] = own
	}
	own.users++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.of, id)
		}
	}
	select {
	case own.token <- struct{}{}:
		return func() { <-own.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fmt.Errorf("wait for a turn: %w: %w", store.ErrUnavailable, ctx.Err())
	}
}
