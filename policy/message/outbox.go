package message

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// How the outbox works.
const (
	sendTime   = 45 * time.Second // one try of one message
	leastTime  = 5 * time.Second  // one try of a message that expires in the middle of it
	margin     = 5 * time.Second  // between the end of a try and the next node's turn
	lease      = 2 * sendTime     // nobody else takes a message within this
	atOnce     = 8                // messages in work on one node
	pollTime   = time.Second      // how soon a message queued by another node is seen
	graceTime  = 10 * time.Second // what a stop leaves to sends that have begun
	firstRetry = time.Second
	lastRetry  = 5 * time.Minute
)

// Handler does one queued message. nil ends it; an error that wraps ErrRefused ends it as failed; any other error is
// tried again, with a growing pause, until the message makes no sense any more.
type Handler func(ctx context.Context, m policy.Message) error

// OutboxConfig is what an outbox is built from; all but Now is required.
type OutboxConfig struct {
	Store    store.Outbox
	Handlers map[policy.MessageKind]Handler
	// Settled hears how each message ended.
	Settled func(ctx context.Context, m policy.Message, sent bool)
	// Failed hears of each try that did not succeed; last says that there will be no other. Errors hold no secret.
	Failed func(m policy.Message, err error, last bool)
	// Broken hears of a store that does not answer.
	Broken func(err error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Outbox takes messages from the store and hands them to their handlers. Any number of nodes may run one on the same
// store: a message is in the hands of one of them at a time. A node that dies leaves its messages to the others, so
// that a message is sent at least once, and twice only if a node died between sending and saying so.
type Outbox struct {
	OutboxConfig
	wake chan struct{}
}

// NewOutbox builds an outbox; Run starts it.
func NewOutbox(c OutboxConfig) *Outbox {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Outbox{OutboxConfig: c, wake: make(chan struct{}, 1)}
}

// Wake says that a message was queued. It never blocks.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Sends that have begun by then may end within ten seconds; Run returns when they have.
func (o *Outbox) Run(ctx context.Context) {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, stop) })()
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, atOnce)
	for ctx.Err() == nil {
		pause := o.next(ctx)
		if pause > 0 {
			o.rest(ctx, pause)
			continue
		}
		free <- struct{}{}
		batch, err := o.Store.ClaimMessages(ctx, o.Now().UTC(), lease, atOnce-len(free)+1)
		<-free
		if err != nil {
			o.broken(ctx, err)
			continue
		}
		for _, m := range batch {
			free <- struct{}{}
			running.Go(func() {
				defer func() { <-free }()
				o.work(sending, m)
			})
		}
		if len(batch) == 0 { // another node was faster
			o.rest(ctx, pollTime)
		}
	}
}

// next returns how long there is nothing to do. It looks before it claims: a look is cheap in every store, a claim is a
// write.
func (o *Outbox) next(ctx context.Context) time.Duration {
	_, due, err := o.Store.PendingMessages(ctx)
	switch {
	case err != nil:
		o.broken(ctx, err)
		return pollTime
	case due.IsZero():
		return pollTime
	}
	return min(pollTime, due.Sub(o.Now()))
}

func (o *Outbox) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-o.wake:
	case <-t.C:
	}
}

func (o *Outbox) broken(ctx context.Context, err error) {
	if ctx.Err() == nil {
		o.Broken(fmt.Errorf("read outbox: %w", err))
		o.rest(ctx, pollTime)
	}
}

// work tries one message once and settles it or plans the next try.
func (o *Outbox) work(ctx context.Context, m policy.Message) {
	if !o.Now().Before(m.ExpiresAt) {
		o.end(ctx, m, false)
		return
	}
	handle, ok := o.Handlers[m.Kind]
	if !ok {
		o.Failed(m, fmt.Errorf("send %s: nothing is configured for it", m.Kind), true)
		o.end(ctx, m, false)
		return
	}
	limit := min(sendTime, max(m.ExpiresAt.Sub(o.Now()), leastTime))
	if limit < sendTime {
		// If this node dies now, nobody must wait for the whole lease to hear that the message will not come.
		if err := o.Store.DelayMessage(ctx, m.ID, o.Now().Add(limit+margin).UTC()); err != nil {
			o.Broken(fmt.Errorf("delay message: %w", err))
		}
	}
	try, cancel := context.WithTimeout(ctx, limit)
	err := handle(try, m)
	cancel()
	if err == nil {
		o.end(ctx, m, true)
		return
	}
	again := o.Now().Add(backOff(m.Attempts))
	last := errors.Is(err, ErrRefused) || !again.Before(m.ExpiresAt)
	o.Failed(m, err, last)
	if last {
		o.end(ctx, m, false)
		return
	}
	if err := o.Store.DelayMessage(ctx, m.ID, again.UTC()); err != nil {
		o.Broken(fmt.Errorf("delay message: %w", err)) // the lease ends by itself
	}
}

// end removes a message and tells how it ended. It is removed first: a message that was sent must not be sent again.
func (o *Outbox) end(ctx context.Context, m policy.Message, sent bool) {
	if err := o.Store.RemoveMessage(ctx, m.ID); err != nil {
		o.Broken(fmt.Errorf("remove message: %w", err))
	}
	o.Settled(ctx, m, sent)
}

// backOff doubles from one second to five minutes, with a tenth of chance so that nodes do not move in step.
func backOff(attempts int) time.Duration {
	d := firstRetry << min(max(attempts-1, 0), 20)
	d = min(d, lastRetry)
	return d + time.Duration(rand.Int64N(int64(d)/10+1))
}

// Opener reads the sealed payload of a queued message.
type Opener func(ctx context.Context, m policy.Message, into any) error

// Handlers are the handlers of a mail and a phone sender. A sender that is nil has no handler.
func Handlers(open Opener, mail MailSender, phone PhoneSender) map[policy.MessageKind]Handler {
	h := make(map[policy.MessageKind]Handler)
	if mail != nil {
		h[policy.KindMail] = sending(open, mail.SendMail)
	}
	if phone != nil {
		h[policy.KindText] = sending(open, phone.SendText)
		h[policy.KindCall] = sending(open, phone.SendCall)
	}
	return h
}

func sending[M any](open Opener, send func(context.Context, M) error) Handler {
	return func(ctx context.Context, m policy.Message) error {
		var payload M
		if err := open(ctx, m, &payload); err != nil {
			return err
		}
		return send(ctx, payload)
	}
}
