package web

import (
	"context"
	"sync"
	"time"
)

const (
	probeEvery = time.Second     // how long an answer holds
	probeWait  = 2 * time.Second // how long one may take; then it is a no
)

// probe asks the store whether it works, for anybody who wants to know. A check writes to the store, so one answer is
// given to all who ask within a second, one check runs at a time, and who asks meanwhile gets the answer before.
type probe struct {
	check func(context.Context) error
	now   func() time.Time

	mu      sync.Mutex
	good    bool
	at      time.Time     // of the last answer; zero: there is none yet
	silent  bool          // the last check took too long: nobody waits for the next one
	running chan struct{} // closed when the check that runs has ended or taken too long
}

// healthy gives the answer. Only who starts a check waits for it, and those who ask before the first one has ended.
func (p *probe) healthy(ctx context.Context) bool {
	p.mu.Lock()
	known := !p.at.IsZero()
	if known && (p.running != nil || p.now().Sub(p.at).Abs() < probeEvery) {
		defer p.mu.Unlock()
		return p.good
	}
	if p.running == nil {
		p.running = make(chan struct{})
		go p.run(p.running)
	}
	done, silent, good := p.running, p.silent, p.good
	p.mu.Unlock()
	if silent {
		return good
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.good
}

// run is one check. It belongs to nobody's request, which may be given up. A store that stays silent beyond its time is
// not asked again before it has answered.
func (p *probe) run(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), probeWait)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- p.check(ctx) }()
	select {
	case err := <-answered:
		p.settle(err == nil, ctx.Err() != nil)
		close(done)
	case <-ctx.Done():
		p.settle(false, true)
		close(done)
		<-answered
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = nil
}

func (p *probe) settle(good, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.good, p.silent, p.at = good, silent, p.now()
}
