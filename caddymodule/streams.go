package caddymodule

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

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

	lookTime = time.Second // one question to the store
	lookers  = 8           // questions at once
)

// sessionCheck asks whether a session still is good.
type sessionCheck func(context.Context, policy.SessionKey) (policy.Reason, error)

// stream is one request on its way to the app.
type stream struct {
	key   policy.SessionKey
	began time.Time
	sure  time.Time // when its session was last known to be good; only the watch reads and writes it
	check sessionCheck

	mu      sync.Mutex
	over    bool // the handler is about to return: what belongs to the request must not be touched any more
	control *http.ResponseController
	cancel  context.CancelFunc
}

// cut ends the request. A handler that is not waiting for its context is waiting for the visitor, so the connection
// gets deadlines in the past first; what was taken over or is no connection has none, and then the context ends it.
func (x *stream) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over {
		return
	}
	past := time.Unix(1, 0)
	_ = x.control.SetWriteDeadline(past)
	_ = x.control.SetReadDeadline(past)
	x.cancel()
}

func (x *stream) end() {
	x.mu.Lock()
	x.over = true
	x.mu.Unlock()
	x.cancel()
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

// begin opens the watch over a request, and gives the request that is to be handed on. done ends the watch and must be
// called before the handler returns.
func (s *streams) begin(w http.ResponseWriter, r *http.Request, key policy.SessionKey, check sessionCheck) (handOn *http.Request, done func()) {
	ctx, cancel := context.WithCancel(r.Context())
	now := time.Now()
	x := &stream{key: key, began: now, sure: now, check: check, control: http.NewResponseController(w), cancel: cancel}
	s.mu.Lock()
	s.open[x] = struct{}{}
	s.mu.Unlock()
	return r.WithContext(ctx), func() {
		s.mu.Lock()
		delete(s.open, x)
		s.mu.Unlock()
		x.end()
	}
}

func (s *streams) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.look(ctx, now)
		}
	}
}

// look asks about every session that has open streams, a few at a time. When the store does not answer one question, the
// others are not asked until the next round: they would each wait as long.
func (s *streams) look(ctx context.Context, now time.Time) {
	var silent atomic.Bool
	var asking sync.WaitGroup
	free := make(chan struct{}, lookers)
	for _, of := range s.due(now) {
		free <- struct{}{}
		asking.Go(func() {
			defer func() { <-free }()
			defer func() {
				if p := recover(); p != nil { // nothing of this may take the server down
					caddy.Log().Error("watch of open streams panicked", zap.Any("panic", p))
				}
			}()
			if silent.Load() || !of.look(ctx) {
				silent.Store(true)
				of.unsure()
			}
		})
	}
	asking.Wait()
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

// look asks the store and cuts the streams of a session that is over. It reports whether there was an answer.
func (g group) look(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	reason, err := g[0].check(ctx, g[0].key)
	if err != nil {
		return false
	}
	now := time.Now()
	for _, x := range g {
		if reason != policy.OK {
			x.cut()
		}
		x.sure = now
	}
	return true
}

// unsure cuts the streams whose session has not been known to be good for too long.
func (g group) unsure() {
	for _, x := range g {
		if time.Since(x.sure) >= unsureFor {
			x.cut()
		}
	}
}
