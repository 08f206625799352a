package caddymodule

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// A session is checked when a request begins. What goes on for longer, such as a WebSocket, an event stream or a
// download, is looked at again and again, so that it ends with the session: on whichever node the person signs out.
const (
	// lookEvery is how often open streams are looked at, and how old a request is when it becomes one.
	lookEvery = 400 * time.Millisecond
	// unsureFor is how long a stream goes on while the store does not answer: nobody is signed out by a restart of
	// it, and nothing stays open for ever on a guess.
	unsureFor = 30 * time.Second
)

// stream is one request on its way to the app.
type stream struct {
	key   policy.SessionKey
	began time.Time
	sure  time.Time // when its session was last known to be good
	check func(context.Context, policy.SessionKey) (policy.Reason, error)
	cut   func()
}

// streams are all requests that are on their way to the app, over all configurations that use one store: a stream
// goes on over a reload, and so does its watch.
type streams struct {
	mu   sync.Mutex
	open map[*stream]struct{}
	stop context.CancelFunc
}

func newStreams() *streams {
	ctx, stop := context.WithCancel(context.Background())
	s := &streams{open: make(map[*stream]struct{}), stop: stop}
	go s.watch(ctx)
	return s
}

func (s *streams) add(x *stream) {
	s.mu.Lock()
	s.open[x] = struct{}{}
	s.mu.Unlock()
}

func (s *streams) remove(x *stream) {
	s.mu.Lock()
	delete(s.open, x)
	s.mu.Unlock()
}

func (s *streams) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, of := range s.due(now) {
				of.look(ctx)
			}
		}
	}
}

// group is the open streams of one session: one question answers for all of them.
type group []*stream

// due lists the streams that are to be looked at, by session.
func (s *streams) due(now time.Time) map[policy.SessionKey]group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) == 0 {
		return nil
	}
	groups := make(map[policy.SessionKey]group)
	for x := range s.open {
		if now.Sub(x.began) >= lookEvery {
			groups[x.key] = append(groups[x.key], x)
		}
	}
	return groups
}

func (g group) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, touchTime)
	defer cancel()
	reason, err := g[0].check(ctx, g[0].key)
	now := time.Now()
	for _, x := range g {
		switch {
		case err != nil && now.Sub(x.sure) < unsureFor:
		case err != nil || reason != policy.OK:
			x.cut()
		default:
			x.sure = now // only this goroutine reads and writes it once the stream is open
		}
	}
}

// stream opens the watch over a request that goes on to the app, and gives the request that is to be handed on. done
// ends the watch.
func (v *visit) stream(key policy.SessionKey) (r *http.Request, done func()) {
	ctx, cancel := context.WithCancel(v.r.Context())
	now := time.Now()
	x := &stream{key: key, began: now, sure: now, check: v.wall.gate.RecheckSession}
	control := http.NewResponseController(v.w)
	x.cut = func() {
		cancel()
		// A handler that is not waiting for its context is waiting for the visitor. What was taken over or is not a
		// connection has no deadline; then the context is what ends it.
		past := time.Unix(1, 0)
		_ = control.SetWriteDeadline(past)
		_ = control.SetReadDeadline(past)
	}
	v.wall.streams.add(x)
	return v.r.WithContext(ctx), func() {
		v.wall.streams.remove(x)
		cancel()
	}
}
