package web_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
)

const (
	jo    = "jo.public@example.com"
	ann   = "ann@example.com"
	good  = "correct horse battery"
	other = "another long sentence"

	host   = "mail.example.test"
	origin = "https://" + host
)

var t0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// wall is the pages over a real gate and a real store, with a clock that is moved by hand and messages that are read
// instead of sent.
type wall struct {
	*web.Handler
	t     testing.TB
	gate  *gate.Gate
	store *breakable

	mu      sync.Mutex
	now     time.Time
	checks  int // hashes computed for accounts and decoys
	faults  []error
	mails   []message.Mail
	texts   []message.Text
	calls   []message.Call
	refused bool // the phone provider refuses
	busy    bool // no hashing lane is free
}

// newWall builds one. change may alter the options; it may be nil.
func newWall(t testing.TB, change func(*web.Options)) *wall {
	t.Helper()
	s, err := file.Open(filepath.Join(t.TempDir(), "wall.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	renderer, err := pages.New(pages.Options{SiteName: "SecureMail"})
	if err != nil {
		t.Fatal(err)
	}
	w := &wall{t: t, store: &breakable{Store: s}, now: t0}
	rules := policy.DefaultRules()
	w.gate = gate.New(gate.Config{
		Rules: rules, Passwords: policy.PasswordRules{MinLength: 15, History: 5, Words: []string{"SecureMail"}},
		SourceLimit: 20, SourceWindow: 10 * time.Minute, Base: "/_auth", URL: func() string { return origin },
		Store: w.store, Hasher: hasher{w}, Words: words{}, Observer: w, Now: w.clock,
	})
	o := web.Options{Gate: w.gate, Renderer: renderer, Base: "/_auth", Rules: rules, Fault: func(err error) { t.Error(err) }}
	if change != nil {
		change(&o)
	}
	w.Handler = web.New(o)
	return w
}

func (w *wall) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *wall) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *wall) Event(gate.Event)               {}
func (w *wall) PasswordCheck(gate.CheckResult) {}
func (w *wall) PasswordDecoy()                 {}
func (w *wall) StoreFailed(_ string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, err)
}

func (w *wall) checked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.checks
}

// hasher keeps passwords as they are: these tests are about pages, and real hashes take their time.
type hasher struct{ w *wall }

func (h hasher) Hash(_ context.Context, password string) (string, error) {
	if h.w.busy {
		return "", passhash.ErrBusy
	}
	return "$" + password, nil
}
func (h hasher) Verify(_ context.Context, phc, password string) (bool, error) {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	if h.w.busy {
		return false, passhash.ErrBusy
	}
	h.w.checks++
	return phc == "$"+password, nil
}
func (h hasher) NeedsRehash(string) bool { return false }
func (h hasher) Decoy(ctx context.Context, password string) error {
	_, err := h.Verify(ctx, "", password)
	return err
}

// words writes messages that a test can read.
type words struct{}

func (words) Mail(kind gate.Letter, d gate.LetterData) (gate.Content, error) {
	return gate.Content{Subject: string(kind), Text: d.Link}, nil
}
func (words) CodeText(_, code string) (string, error) { return code, nil }
func (words) CodeCall(language, code string) (string, []string, error) {
	return language, []string{code}, nil
}
func (words) PasswordChangedText(string) (string, error) { return "changed", nil }
func (words) PhoneChangedText(string) (string, error)    { return "phone", nil }

// breakable is a store that can be taken away.
type breakable struct {
	store.Store
	mu   sync.Mutex
	down bool
	asks int // operations on accounts
}

func (b *breakable) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

func (b *breakable) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asks
}

func (b *breakable) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asks++
	if b.down {
		return store.ErrUnavailable
	}
	return nil
}

func (b *breakable) Check(ctx context.Context) error {
	return errors.Join(b.err(), b.Store.Check(ctx))
}

func (b *breakable) SessionWithAccount(ctx context.Context, key policy.SessionKey) (policy.Session, policy.Account, error) {
	if err := b.err(); err != nil {
		return policy.Session{}, policy.Account{}, err
	}
	return b.Store.SessionWithAccount(ctx, key)
}

func (b *breakable) AccountByEmail(ctx context.Context, email string) (policy.Account, error) {
	if err := b.err(); err != nil {
		return policy.Account{}, err
	}
	return b.Store.AccountByEmail(ctx, email)
}

func (b *breakable) AccountByLink(ctx context.Context, key policy.LinkKey) (policy.Account, error) {
	if err := b.err(); err != nil {
		return policy.Account{}, err
	}
	return b.Store.AccountByLink(ctx, key)
}

func (b *breakable) UpdateAccount(ctx context.Context, id policy.AccountID, fn func(*policy.Account) (store.Effects, error)) (policy.Account, error) {
	if err := b.err(); err != nil {
		return policy.Account{}, err
	}
	return b.Store.UpdateAccount(ctx, id, fn)
}

// deliver runs the outbox until nothing is due.
func (w *wall) deliver() {
	w.t.Helper()
	ctx := w.t.Context()
	for {
		batch, err := w.store.ClaimMessages(ctx, w.clock(), time.Minute, 10)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(batch) == 0 {
			return
		}
		for _, m := range batch {
			err := w.send(ctx, m)
			if removed := w.store.RemoveMessage(ctx, m.ID); removed != nil {
				w.t.Fatal(removed)
			}
			w.gate.MessageSettled(ctx, m, err == nil)
		}
	}
}

func (w *wall) send(ctx context.Context, m policy.Message) error {
	switch m.Kind {
	case policy.KindMail:
		return take(ctx, w, m, &w.mails)
	case policy.KindText:
		if w.refused {
			return message.ErrRefused
		}
		return take(ctx, w, m, &w.texts)
	case policy.KindCall:
		return take(ctx, w, m, &w.calls)
	}
	return w.gate.HandleMessage(ctx, m)
}

func take[T any](ctx context.Context, w *wall, m policy.Message, into *[]T) error {
	var sent T
	if err := w.gate.OpenPayload(ctx, m, &sent); err != nil {
		return err
	}
	*into = append(*into, sent)
	return nil
}

// link is the path and query of the newest link that was mailed.
func (w *wall) link() string {
	w.t.Helper()
	for i := len(w.mails) - 1; i >= 0; i-- {
		if path, ok := strings.CutPrefix(w.mails[i].Text, origin); ok {
			return path
		}
	}
	w.t.Fatal("no link was mailed")
	return ""
}

// code is the newest code that was texted.
func (w *wall) code() string {
	w.t.Helper()
	for i := len(w.texts) - 1; i >= 0; i-- {
		if w.texts[i].Body != "changed" {
			return w.texts[i].Body
		}
	}
	w.t.Fatal("no code was texted")
	return ""
}

// invite makes an account that is not set up.
func (w *wall) invite(email string) {
	w.t.Helper()
	n := gate.NewAccount{Email: email, Phone: "+12025550123", Name: "Jo Public", Groups: []string{"billing"}}
	if _, err := w.gate.AddAccount(w.t.Context(), n, gate.Client{}); err != nil {
		w.t.Fatal(err)
	}
	w.deliver()
}

// active makes an account that is set up with a password.
func (w *wall) active(email, password string) {
	w.t.Helper()
	w.invite(email)
	ctx := w.t.Context()
	_, token, _ := strings.Cut(w.link(), "?token=")
	l := gate.Link{Token: token, Flow: gate.RandomToken()}
	if reason, _, err := w.gate.SendCode(ctx, l, policy.MethodText, gate.Client{}); err != nil || reason != policy.OK {
		w.t.Fatal(reason, err)
	}
	w.deliver()
	if reason, _, err := w.gate.EnterCode(ctx, l, w.code(), gate.Client{}); err != nil || reason != policy.OK {
		w.t.Fatal(reason, err)
	}
	result, err := w.gate.FinishReset(ctx, l, password, password, gate.Client{})
	if err != nil || result.Reason != policy.OK {
		w.t.Fatal(result, err)
	}
	w.deliver()
}

// account reads the record.
func (w *wall) account(email string) policy.Account {
	w.t.Helper()
	a, err := w.store.Store.AccountByEmail(w.t.Context(), email)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// wrongCodes counts those entered for the newest link.
func (w *wall) wrongCodes(email string) int {
	w.t.Helper()
	links := w.account(email).Resets
	return links[len(links)-1].WrongCodes
}
