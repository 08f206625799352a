package gate

import (
	"context"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
)

// How long a request waits for a place that is only held by checks still running, and how often it looks.
const (
	maxWait   = 3 * time.Second
	firstStep = 20 * time.Millisecond
	lastStep  = 250 * time.Millisecond
	busyRetry = 2 * time.Second // what a visitor is told when the wait was in vain
)

// sourceKey names where a request comes from: its network. Requests whose address is unknown share one name.
func sourceKey(from string) string {
	if network, ok := address.Network(from); ok {
		return network
	}
	return "unknown"
}

// holdSource takes a place under the source limit for one guess. OK, Throttled with the time to wait, or Busy. Only
// failures use places up; a place is held while a guess is being checked, so that parallel guesses cannot slip past,
// and parallel honest people of one practice wait for each other instead of being turned away.
func (g *Gate) holdSource(ctx context.Context, c Client, id string) (policy.Reason, time.Duration, error) {
	if g.SourceLimit <= 0 {
		return policy.OK, 0, nil
	}
	key := "signin:" + sourceKey(c.Address)
	for w := newWait(); ; {
		taken, err := g.Store.TakeLimit(ctx, key, id, g.SourceLimit, g.SourceWindow, g.Now())
		switch {
		case err != nil:
			return "", 0, g.storeError("take source limit", err)
		case taken.OK:
			return policy.OK, 0, nil
		case !taken.Pending:
			return policy.Throttled, taken.RetryAfter, nil
		}
		if more, err := w.pause(ctx); err != nil {
			return "", 0, err
		} else if !more {
			return policy.Busy, busyRetry, nil
		}
	}
}

// settleSource ends what holdSource began. failed uses the place up.
func (g *Gate) settleSource(ctx context.Context, c Client, id string, failed bool) {
	if g.SourceLimit <= 0 {
		return
	}
	if err := g.Store.SettleLimit(ctx, "signin:"+sourceKey(c.Address), id, failed); err != nil {
		g.Observer.StoreFailed("settle source limit", err) // the place stays held until the window has passed
	}
}

// wait is the patience of one request: growing pauses up to a moment on the real clock, however long the store takes
// for its answers in between.
type wait struct {
	until time.Time
	step  time.Duration
}

func newWait() *wait { return &wait{time.Now().Add(maxWait), firstStep} }

// pause sleeps for a while. It returns false, without sleeping, when there is no patience left.
func (w *wait) pause(ctx context.Context) (bool, error) {
	if !time.Now().Before(w.until) {
		return false, nil
	}
	t := time.NewTimer(w.step)
	defer t.Stop()
	w.step = min(w.step*3/2, lastStep)
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-t.C:
		return true, nil
	}
}
