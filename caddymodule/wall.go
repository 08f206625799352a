package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/store"
)

// wall is what answers requests. It is built once for each configuration, at the first request or at the start,
// whichever comes first: Caddy starts apps in no fixed order.
type wall struct {
	key    any // of the store, in the pool
	store  store.Store
	gate   *gate.Gate
	web    *web.Handler
	outbox *message.Outbox

	streams *streams // shared by all configurations on the store
}

// openStores holds the open stores by resource, so that a store outlives a reload and a file is never opened twice.
var openStores = caddy.NewUsagePool()

type pooledStore struct {
	store.Store
	streams *streams
}

// Destruct closes the store when no configuration uses it any more.
func (p pooledStore) Destruct() error {
	p.streams.stop()
	return p.Close()
}

func releaseStore(key any) error {
	_, err := openStores.Delete(key)
	return err
}

// reopenPause is how long a store that could not be opened is left alone, so that a flood of requests does not wait in
// line for the same failure.
const reopenPause = time.Second

// open gives the wall, and builds it when it is not there yet.
func (a *App) open() (*wall, error) {
	if w := a.wall.Load(); w != nil {
		return w, nil
	}
	a.opening.Lock()
	defer a.opening.Unlock()
	if w := a.wall.Load(); w != nil {
		return w, nil
	}
	switch {
	case a.closed:
		return nil, errClosed
	case a.failure != nil && time.Now().Before(a.retryAt):
		return nil, a.failure
	}
	w, err := a.build()
	if err != nil {
		a.failure, a.retryAt = err, time.Now().Add(reopenPause)
		return nil, err
	}
	a.failure = nil
	a.wall.Store(w)
	return w, nil
}

func (a *App) build() (*wall, error) {
	key := a.storage.ResourceKey()
	pooled, _, err := openStores.LoadOrNew(key, func() (caddy.Destructor, error) {
		opened, err := a.storage.OpenStore()
		if err != nil {
			return nil, err
		}
		return pooledStore{opened, newStreams()}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	w := &wall{key: key, store: pooled.(pooledStore).Store, streams: pooled.(pooledStore).streams}
	w.gate = gate.New(gate.Config{
		Rules: a.realm.rules, Passwords: a.passwordRules(), Countries: a.realm.countries, Methods: a.phoneMethods(),
		SourceLimit: a.realm.sourceLimit, SourceWindow: a.realm.sourceWindow,
		Languages: a.realm.languages, Base: a.realm.base, URL: a.publicURL,
		Secret: []byte(a.realm.secret),
		Store:  w.store, Hasher: a.hasher, Words: letters{a.renderer, a.realm.base, a.publicURL}, Observer: a.observer,
		Wake: func() { w.outbox.Wake() },
	})
	w.web = web.New(web.Options{
		Gate: w.gate, Renderer: a.renderer, Base: a.realm.base, Origin: a.publicURL, Rules: a.realm.rules,
		Home: homeOf(a.realm.tiles), CookieDomain: a.realm.cookieDomain,
		Fault: func(err error) { a.logger.Error("page could not be made", zap.Error(err)) },
	})
	w.outbox = message.NewOutbox(message.OutboxConfig{
		Store: w.store, Handlers: a.handlers(w.gate), Settled: w.gate.MessageSettled,
		Failed: a.observer.sendFailed,
		Broken: func(err error) { a.observer.StoreFailed("outbox", err) },
	})
	return w, nil
}

// handlers say what is done with each kind of queued message. Mails wait for a sender, since they mean something for
// hours; a code that cannot be sent is told to the person who waits for it at once.
func (a *App) handlers(g *gate.Gate) map[policy.MessageKind]message.Handler {
	h := message.Handlers(g.OpenPayload, a.mail, a.phone)
	h[policy.KindForgot], h[policy.KindContact] = g.HandleMessage, g.HandleMessage
	if a.mail == nil {
		h[policy.KindMail] = func(context.Context, policy.Message) error {
			return errors.New("send mail: no mail sender is configured")
		}
	}
	return h
}

// phoneMethods are the ways the phone sender has, where it says so: not every gateway can call.
func (a *App) phoneMethods() []policy.Method {
	sender, ok := a.phone.(interface{ Methods() []string })
	if !ok {
		return nil
	}
	var methods []policy.Method
	for _, m := range sender.Methods() {
		methods = append(methods, policy.Method(m))
	}
	return methods
}

// publicURL is the origin of links, "" while it is not known.
func (a *App) publicURL() string {
	origin, err := a.origin()
	if err != nil {
		return ""
	}
	return origin
}

// passwordRules are the rules for new passwords. What the site is called must not be most of one.
func (a *App) passwordRules() policy.PasswordRules {
	rules := policy.PasswordRules{
		MinLength: a.realm.minLength, History: a.realm.rules.History, Blocklist: a.list, Words: []string{a.realm.name},
	}
	for _, class := range a.realm.require {
		rules.Require = append(rules.Require, policy.CharacterClass(class))
	}
	if u, err := url.Parse(a.publicURL()); err == nil {
		rules.Words = append(rules.Words, strings.Split(u.Hostname(), ".")...)
	}
	return rules
}

// work is what runs in the background between Start and Stop.
type work struct {
	stop context.CancelFunc
	done chan struct{} // closed when all of it has ended
}

// checkTime bounds the first look at the store.
const checkTime = 5 * time.Second

func startWork(w *wall, logger *zap.Logger) *work {
	ctx, stop := context.WithCancel(context.Background())
	running := &work{stop: stop, done: make(chan struct{})}
	var group sync.WaitGroup
	group.Go(func() { w.gate.Keys().Run(ctx) })
	group.Go(func() { w.outbox.Run(ctx) })
	group.Go(func() { w.gate.RunWarnings(ctx) })
	group.Go(func() {
		check, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		if err := w.store.Check(check); err != nil && ctx.Err() == nil {
			logger.Error("store does not answer: nobody can sign in until it does", zap.Error(err))
		}
	})
	go func() {
		group.Wait()
		close(running.done)
	}()
	return running
}
