package gate_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/blocklist"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
)

var (
	t0     = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	client = gate.Client{Address: "192.0.2.1", Agent: "test", RequestID: "r1"}
	lane   = passhash.NewLane(passhash.LaneLimits{Wait: 10 * time.Second})
)

const (
	jo    = "jo@example.com"
	good  = "correct horse battery"
	other = "another long sentence"
)

// rig is a gate on a real store with a clock that is moved by hand and messages that are read instead of sent.
type rig struct {
	*gate.Gate
	t     *testing.T
	store store.Store

	mu      sync.Mutex
	now     time.Time
	events  []gate.Event
	checks  map[gate.CheckResult]int
	decoys  int
	broken  []error
	mails   []message.Mail
	texts   []message.Text
	calls   []message.Call
	refused bool // the phone provider refuses
}

type option func(*gate.Config)

func mustOpen(t *testing.T) *rig { return rigOn(t, openFile(t)) }

func openFile(t *testing.T) store.Store {
	s, err := file.Open(filepath.Join(t.TempDir(), "wall.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func rigOn(t *testing.T, s store.Store, options ...option) *rig {
	r := &rig{t: t, store: s, now: t0, checks: make(map[gate.CheckResult]int)}
	hasher, err := passhash.New(passhash.Settings{}, lane)
	if err != nil {
		t.Fatal(err)
	}
	c := gate.Config{
		Rules: policy.DefaultRules(), Passwords: policy.PasswordRules{MinLength: 15, History: 5, Words: []string{"SecureMail"}, Blocklist: blocklist.Default()},
		SourceLimit: 20, SourceWindow: 10 * time.Minute, Languages: []string{"en", "es", "pt-BR"},
		Base: "/_auth", URL: func() string { return "https://mail.example.com" },
		Store: s, Hasher: hasher, Words: words{}, Observer: r, Now: r.clock,
	}
	for _, o := range options {
		o(&c)
	}
	r.Gate = gate.New(c)
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) Event(e gate.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *rig) PasswordCheck(result gate.CheckResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks[result]++
}

func (r *rig) PasswordDecoy() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decoys++
}

func (r *rig) StoreFailed(operation string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = append(r.broken, fmt.Errorf("%s: %w", operation, err))
}

func (r *rig) count(event string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Name == event {
			n++
		}
	}
	return n
}

func (r *rig) allChecks() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.checks {
		n += c
	}
	return n
}

// deliver runs the outbox until nothing is due.
func (r *rig) deliver() {
	r.t.Helper()
	handlers := message.Handlers(r.OpenPayload, r, r)
	handlers[policy.KindForgot], handlers[policy.KindContact] = r.HandleMessage, r.HandleMessage
	for {
		batch, err := r.store.ClaimMessages(ctx(r.t), r.clock(), time.Minute, 10)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(batch) == 0 {
			return
		}
		for _, m := range batch {
			err := handlers[m.Kind](ctx(r.t), m)
			if err := r.store.RemoveMessage(ctx(r.t), m.ID); err != nil {
				r.t.Fatal(err)
			}
			if err != nil && !r.refused {
				r.t.Errorf("%s: %v", m.Kind, err)
			}
			r.MessageSettled(ctx(r.t), m, err == nil)
		}
	}
}

func (r *rig) SendMail(_ context.Context, m message.Mail) error {
	r.mails = append(r.mails, m)
	return nil
}

func (r *rig) SendText(_ context.Context, m message.Text) error {
	if r.refused {
		return message.ErrRefused
	}
	r.texts = append(r.texts, m)
	return nil
}

func (r *rig) SendCall(_ context.Context, m message.Call) error {
	r.calls = append(r.calls, m)
	return nil
}

// words writes messages that a test can read. They end in the language they are to be in, if there is one.
type words struct{}

func (words) Mail(kind gate.Letter, d gate.LetterData) (gate.Content, error) {
	return gate.Content{Subject: in(d.Language, string(kind)), Text: d.Link + d.NewEmail + d.NewPhone + ends(d)}, nil
}

// ends shows when a letter without a link says that something ends.
func ends(d gate.LetterData) string {
	if d.Link != "" || d.Ends.IsZero() {
		return ""
	}
	return d.Ends.Format(" 2006-01-02 15:04")
}

func (words) CodeText(language, code string) (string, error) { return in(language, code), nil }
func (words) CodeCall(language, code string) (string, []string, error) {
	return cmp.Or(language, "en"), []string{code, code}, nil
}
func (words) PasswordChangedText(language string) (string, error) {
	return in(language, "changed"), nil
}
func (words) PhoneChangedText(language string) (string, error) { return in(language, "phone"), nil }

func in(language, text string) string {
	if language == "" {
		return text
	}
	return text + " in " + language
}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return c
}

// token takes the token of the newest mail's link.
func (r *rig) token() string {
	r.t.Helper()
	_, token, ok := strings.Cut(r.mails[len(r.mails)-1].Text, "?token=")
	if !ok {
		r.t.Fatalf("the newest mail (%s) has no link", r.mails[len(r.mails)-1].Subject)
	}
	return token
}

func (r *rig) add(email string) gate.AccountInfo {
	r.t.Helper()
	info, err := r.AddAccount(ctx(r.t), gate.NewAccount{Email: email, Phone: "+12025550123", Name: "Jo Public", Groups: []string{"billing"}}, client)
	if err != nil {
		r.t.Fatal(err)
	}
	r.deliver()
	return info
}

// choose goes through a reset or set-up with the newest mail's link.
func (r *rig) choose(password string) {
	r.t.Helper()
	l := gate.Link{Token: r.token(), Flow: gate.RandomToken()}
	reason, _, err := r.SendCode(ctx(r.t), l, policy.MethodText, client)
	want(r.t, "send code", reason, policy.OK, err)
	r.deliver()
	reason, _, err = r.EnterCode(ctx(r.t), l, r.texts[len(r.texts)-1].Body, client)
	want(r.t, "enter code", reason, policy.OK, err)
	result, err := r.FinishReset(ctx(r.t), l, password, password, client)
	want(r.t, fmt.Sprint("finish ", result.Violations), result.Reason, policy.OK, err)
	r.deliver()
}

// active makes an account that is set up.
func (r *rig) active(email string) {
	r.t.Helper()
	r.add(email)
	r.choose(good)
}

func (r *rig) signIn(email, password string) gate.SignInResult {
	r.t.Helper()
	result, err := r.SignIn(ctx(r.t), gate.SignInRequest{Email: email, Password: password, Client: client})
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

func (r *rig) show(email string) gate.AccountInfo {
	r.t.Helper()
	info, err := r.ShowAccount(ctx(r.t), email)
	if err != nil {
		r.t.Fatal(err)
	}
	return info
}

func want[T comparable](t *testing.T, what string, have, expected T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if have != expected {
		t.Errorf("%s: have %v, want %v", what, have, expected)
	}
}

func hasherOf(t *testing.T, passes uint32) gate.Hasher {
	t.Helper()
	h, err := passhash.New(passhash.Settings{Time: passes}, lane)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func parallel(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// forgot asks for a reset within all limits of sources.
func (r *rig) forgot(email string) error {
	r.t.Helper()
	reason, _, err := r.Forgot(ctx(r.t), email, client)
	want(r.t, "forgot", reason, policy.OK)
	return err
}
