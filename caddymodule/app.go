package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy/blocklist"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
)

const appName = "login_wall"

// The namespaces of guest modules, and the keys that name a module in JSON.
const (
	storeNamespace = "login_wall.store"
	mailNamespace  = "login_wall.mail"
	phoneNamespace = "login_wall.phone"
	storeKey       = "backend"
	senderKey      = "sender"
)

// StoreModule is what a module in the namespace login_wall.store is. Modules in login_wall.mail are
// [message.MailSender]s, and those in login_wall.phone are [message.PhoneSender]s.
type StoreModule interface {
	// ResourceKey names the resource itself, comparably: one configuration and the next share one open store when
	// their keys are equal. It is asked for after the module was provisioned.
	ResourceKey() any
	// OpenStore opens the store. It is not called before the first request or the start, so that validating a
	// configuration disturbs no process that runs on the same resource.
	OpenStore() (store.Store, error)
}

// App is the realm: who may sign in, by which rules, and how mails and codes reach people. Every site of this Caddy
// that has the handler login_wall belongs to it. It works without any configuration: accounts are kept in a file in
// Caddy's data directory, and the other values have the defaults they name.
//
// All values are texts, since each may hold placeholders such as {env.X} or {file.X}. They are expanded when the
// configuration is loaded; one that is empty then is an error.
type App struct {
	// What the site is called on pages and in messages. Default: Loginwall.
	Name string `json:"name,omitempty"`
	// The public origin that links in messages lead to, such as https://mail.example.com. Default: the address of the
	// site that has the handler, where it can be told.
	URL string `json:"url,omitempty"`
	// The prefix of the pages. Default: /_auth.
	Path string `json:"path,omitempty"`
	// Shares one sign-in among all sites below this domain. Default: each site has its own.
	CookieDomain string `json:"cookie_domain,omitempty"`
	// A secret of the operator's own, at least 16 characters, the same on every node. It is mixed into every key, so that a
	// copy of the store opens nothing. Default: none.
	Secret string `json:"secret,omitempty"`
	// Allows plain http on hosts other than loopback ones. Cookies and passwords can then be read on the way.
	InsecureHTTP bool `json:"insecure_http,omitempty"`
	// nist: passwords do not expire. Single settings still override it. Default: none.
	Profile string `json:"profile,omitempty"`

	// Where accounts and sessions are kept. Default: file.
	StoreRaw json.RawMessage `json:"store,omitempty" caddy:"namespace=login_wall.store inline_key=backend"`
	// How mails are sent. Without it mails are kept until one is configured, and no reset or invitation arrives.
	MailRaw json.RawMessage `json:"mail,omitempty" caddy:"namespace=login_wall.mail inline_key=sender"`
	// How texts and calls are sent. Without it no code can be sent, so nobody can set a password.
	PhoneRaw json.RawMessage `json:"phone,omitempty" caddy:"namespace=login_wall.phone inline_key=sender"`

	// Wrong passwords forgiven; the next one locks. Default: 5, at most 100.
	Lockout  string   `json:"lockout,omitempty"`
	Password Password `json:"password,omitzero"`
	Session  Session  `json:"session,omitzero"`
	Reset    Reset    `json:"reset,omitzero"`
	// The life of the link in an invitation. Default: 7d.
	Invitation string `json:"invitation,omitempty"`
	// How long a changed email address or phone number waits before it counts. Default: 24h.
	ContactHold string      `json:"contact_hold,omitempty"`
	SourceLimit SourceLimit `json:"source_limit,omitzero"`
	// ISO 3166 codes of the countries whose numbers may be texted and called. Default: all.
	PhoneCountries []string `json:"phone_countries,omitempty"`
	Brand          Brand    `json:"brand,omitzero"`
	// The languages of pages and messages, as tags; the first is for whoever asks for none of them. Default: en.
	Languages []string `json:"languages,omitempty"`
	// The zone of the times in messages, and in pages without scripts, by its IANA name. Default: the machine's own.
	TimeZone string `json:"time_zone,omitempty"`
	// Without apps there is no home page.
	Home Home `json:"home,omitzero"`

	ctx      caddy.Context
	logger   *zap.Logger
	realm    *realm
	storage  StoreModule
	mail     message.MailSender
	phone    message.PhoneSender
	hasher   *passhash.Hasher
	renderer *pages.Renderer
	list     blocklist.Lists
	observer *observer
	origin   func() (string, error)

	wall    atomic.Pointer[wall]
	opening sync.Mutex // guards what follows
	closed  bool
	failure error
	retryAt time.Time
	work    *work

	warned, warnedPlain atomic.Bool // what is said once

	urlAt, languagesAt place // in the Caddyfile, for errors that are found later
}

// CaddyModule describes the app to Caddy.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appName, New: func() caddy.Module { return new(App) }}
}

// lane bounds the hashing of the whole process: while a configuration replaces another, both share it.
var lane = sync.OnceValue(func() *passhash.Lane { return passhash.NewLane(passhash.LaneLimits{}) })

// Provision judges the configuration and makes what needs no other server. Nothing is dialled and no store is opened.
func (a *App) Provision(ctx caddy.Context) (err error) {
	a.ctx, a.logger = ctx, ctx.Logger()
	if a.realm, err = a.resolve(clause.Expand); err != nil {
		return err
	}
	if err := registerMetrics(ctx.GetMetricsRegistry()); err != nil {
		return err
	}
	a.observer = newObserver(a.logger)
	if err := a.loadGuests(ctx); err != nil {
		return err
	}
	if a.list, err = readBlocklist(a.realm.blocklist); err != nil {
		return err
	}
	if a.hasher, err = passhash.New(a.realm.hash, lane()); err != nil {
		return err
	}
	if a.renderer, err = newRenderer(a.realm); err != nil {
		return err
	}
	a.warnAccent()
	a.origin = sync.OnceValues(a.findOrigin)
	return nil
}

// loadGuests loads the configured guest modules and the default store.
func (a *App) loadGuests(ctx caddy.Context) error {
	loaded, err := guestModule(ctx, a, "StoreRaw", a.StoreRaw, storeNamespace+".file")
	if err != nil {
		return fmt.Errorf("load store: %w", err)
	}
	var ok bool
	if a.storage, ok = loaded.(StoreModule); !ok {
		return fmt.Errorf("load store: %T is no store", loaded)
	}
	if a.MailRaw != nil {
		if loaded, err = guestModule(ctx, a, "MailRaw", a.MailRaw, ""); err != nil {
			return fmt.Errorf("load mail: %w", err)
		}
		if a.mail, ok = loaded.(message.MailSender); !ok {
			return fmt.Errorf("load mail: %T sends no mails", loaded)
		}
	}
	if a.PhoneRaw != nil {
		if loaded, err = guestModule(ctx, a, "PhoneRaw", a.PhoneRaw, ""); err != nil {
			return fmt.Errorf("load phone: %w", err)
		}
		if a.phone, ok = loaded.(message.PhoneSender); !ok {
			return fmt.Errorf("load phone: %T sends no texts and calls", loaded)
		}
	}
	return nil
}

func guestModule(ctx caddy.Context, a *App, field string, raw json.RawMessage, otherwise string) (any, error) {
	if raw == nil {
		return ctx.LoadModuleByID(otherwise, nil)
	}
	return ctx.LoadModule(a, field)
}

// readBlocklist gives the built-in list and the operator's own.
func readBlocklist(path string) (blocklist.Lists, error) {
	lists := blocklist.Lists{blocklist.Default()}
	if path == "" {
		return lists, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open blocklist: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	own, err := blocklist.Parse(f)
	if err != nil {
		return nil, err
	}
	return append(lists, own), nil
}

// Start opens the store and begins the work in the background. A store in another process that cannot be reached is
// reported and stops nothing: sites that need no sign-in go on, and the wall opens when the store is back.
func (a *App) Start() error {
	if _, err := a.origin(); err != nil {
		return err
	}
	if a.mail == nil {
		a.logger.Warn("no mail sender is configured: resets and invitations are kept and not delivered; add mail to the global login_wall block")
	}
	if a.phone == nil {
		a.logger.Warn("no phone sender is configured: no codes can be sent, so nobody can set a password; add phone to the global login_wall block")
	}
	a.warnGaps()
	w, err := a.open()
	if err != nil {
		return err
	}
	a.opening.Lock()
	defer a.opening.Unlock()
	a.work = startWork(w, a.logger)
	return nil
}

// Stop ends the work in the background. Sends that have begun may end, which takes ten seconds at most: a process that
// ends waits for them, a reload does not.
func (a *App) Stop() error {
	a.opening.Lock()
	running := a.work
	a.opening.Unlock()
	if running == nil {
		return nil
	}
	running.stop()
	if caddy.Exiting() {
		<-running.done
	}
	return nil
}

var errClosed = errors.New("configuration was replaced")

// Cleanup gives the store back when nothing uses it any more. Requests that still run keep what they have: a store
// that is closed under them answers that it is unavailable.
func (a *App) Cleanup() error {
	a.opening.Lock()
	a.closed = true
	w, running := a.wall.Load(), a.work
	a.opening.Unlock()
	if w == nil {
		return nil
	}
	if running == nil {
		return releaseStore(w.key)
	}
	running.stop()
	release := func() error {
		<-running.done
		return releaseStore(w.key)
	}
	if caddy.Exiting() {
		return release()
	}
	go func() {
		if err := release(); err != nil {
			a.logger.Error("store did not close", zap.Error(err))
		}
	}()
	return nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
