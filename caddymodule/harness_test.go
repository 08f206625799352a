package caddymodule

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/loginwall/loginwall/e2e/services"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/store"
)

// gateway is a Caddy that runs in this process. There can be only one at a time, so no test of this package is parallel.
type gateway struct {
	t           testing.TB
	dir         string
	admin, http string // host:port
	port        string
	app         *upstream
	config      string
}

// The password of every account that a test makes.
const password = "correct horse battery staple"

// globals is the global block of every test; REALM is lines of its login_wall.
const globals = `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	log {
		output file {$DIR}/caddy.log {
			roll_disabled
		}
		level DEBUG
	}
	login_wall {
		store file {$DIR}/store
		mail captured
		phone captured
		REALM
	}
}
`

// startGateway runs Caddy with a site on localhost. realm and site are lines for the two blocks of login_wall; the app
// behind the site keeps what it gets.
func startGateway(t testing.TB, realm, site string) *gateway {
	t.Helper()
	return startCaddyfile(t, strings.NewReplacer("REALM", realm, "SITE", site).Replace(globals+`http://localhost:{$PORT} {
	login_wall {
		SITE
	}
	reverse_proxy {$APP}
}`))
}

// startCaddyfile runs Caddy with a whole Caddyfile in which {$ADMIN}, {$PORT}, {$APP} and {$DIR} are replaced.
func startCaddyfile(t testing.TB, caddyfile string) *gateway {
	t.Helper()
	g := newGateway(t)
	if err := g.load(caddyfile); err != nil {
		t.Fatalf("load: %v", err)
	}
	return g
}

// newGateway has everything that a gateway needs but a configuration.
func newGateway(t testing.TB) *gateway {
	t.Helper()
	dir, err := os.MkdirTemp("", "loginwall")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // Caddy may still be writing certificates, which is no failure of ours
	g := &gateway{t: t, dir: dir, app: startUpstream(t)}
	free := freeAddresses(t, 2)
	g.admin, g.http = free[0], free[1]
	_, g.port, _ = net.SplitHostPort(g.http)
	captured.reset()
	t.Cleanup(g.stop)
	return g
}

// load adapts a Caddyfile and makes it the running configuration, if it is a good one.
func (g *gateway) load(caddyfile string) error {
	g.t.Helper()
	g.config = caddyfile
	text := strings.NewReplacer("{$ADMIN}", g.admin, "{$PORT}", g.port, "{$APP}", g.app.address, "{$DIR}", g.dir).Replace(caddyfile)
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err
	}
	for _, w := range warnings {
		if !strings.Contains(w.Message, "not formatted") {
			g.t.Errorf("warning: %s", w)
		}
	}
	if err := caddy.Load(config, true); err != nil {
		return err
	}
	port, err := strconv.Atoi(g.port)
	if err != nil {
		g.t.Fatal(err)
	}
	services.AwaitSoleListeners(g.t, port)
	return nil
}

func (g *gateway) stop() {
	if err := caddy.Load([]byte(`{"admin":{"disabled":true,"config":{"persist":false}}}`), true); err != nil {
		g.t.Errorf("stop: %v", err)
	}
	for range 100 {
		c, err := net.DialTimeout("tcp", g.http, time.Second)
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(20 * time.Millisecond)
	}
	g.t.Errorf("%s is still served", g.http)
}

// wall is what answers right now.
func (g *gateway) wall() *wall {
	g.t.Helper()
	app, err := activeApp()
	if err != nil {
		g.t.Fatal(err)
	}
	w, err := app.open()
	if err != nil {
		g.t.Fatal(err)
	}
	return w
}

// account makes an account that is set up.
func (g *gateway) account(email string, groups ...string) policy.Account {
	g.t.Helper()
	return g.accountNamed(email, "Alice A", groups...)
}

func (g *gateway) accountNamed(email, name string, groups ...string) policy.Account {
	g.t.Helper()
	w := g.wall()
	hash, err := w.gate.Hasher.Hash(context.Background(), password)
	if err != nil {
		g.t.Fatal(err)
	}
	a, err := w.store.CreateAccount(context.Background(), policy.Account{
		Version: policy.RecordVersion, ID: policy.AccountID("id-of-" + email), Email: email, Name: name, Groups: groups,
		Phone: policy.Phone{Number: "+15550100", VerifiedAt: time.Now().UTC()}, CreatedAt: time.Now().UTC(),
		Password: policy.Credential{Hash: hash, SetAt: time.Now().UTC()},
	}, store.Effects{})
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// browser is a client with cookies that follows no redirect.
func (g *gateway) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	}
}

func (g *gateway) url(path string) string { return "http://localhost:" + g.port + path }

// page loads a page as a browser would.
func (g *gateway) page(c *http.Client, path string) (*http.Response, string) {
	g.t.Helper()
	r, err := http.NewRequest("GET", g.url(path), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	return g.do(c, r)
}

func (g *gateway) do(c *http.Client, r *http.Request) (*http.Response, string) {
	g.t.Helper()
	response, err := c.Do(r)
	if errors.Is(err, io.EOF) && r.Method == http.MethodGet { // taken by a listener that a reload was just closing
		response, err = c.Do(r)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return response, string(body)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends a form that was loaded from path before; fields are name, value pairs.
func (g *gateway) post(c *http.Client, path, page string, fields ...string) (*http.Response, string) {
	g.t.Helper()
	token := csrfField.FindStringSubmatch(page)
	if token == nil {
		g.t.Fatalf("no form token in the page of %s:\n%s", path, page)
	}
	form := url.Values{"csrf": {token[1]}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", g.url(path), strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://localhost:"+g.port)
	return g.do(c, r)
}

// signIn gives a browser in which email is signed in.
func (g *gateway) signIn(email string) *http.Client {
	g.t.Helper()
	c := g.browser()
	_, page := g.page(c, "/_auth/login")
	if response, body := g.post(c, "/_auth/login", page, "email", email, "password", password); response.StatusCode != 303 {
		g.t.Fatalf("sign in: status %d\n%s", response.StatusCode, body)
	}
	return c
}

// cookies is the Cookie header a browser would send.
func (g *gateway) cookies(c *http.Client) string {
	u, _ := url.Parse(g.url("/"))
	var pairs []string
	for _, cookie := range c.Jar.Cookies(u) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; ")
}

// raw sends bytes as they are and returns everything that comes back. \n stands for \r\n.
func (g *gateway) raw(request string) string {
	g.t.Helper()
	c, err := net.Dial("tcp", g.http)
	if err != nil {
		g.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		g.t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // ends with the connection, or the deadline
	return string(answer)
}

// get is a raw GET with the given header lines, after which the connection ends.
func (g *gateway) get(target string, lines ...string) string {
	g.t.Helper()
	return g.raw("GET " + target + " HTTP/1.1\nHost: localhost:" + g.port + "\n" + strings.Join(append(lines, "Connection: close"), "\n") + "\n\n")
}

// log gives the lines of Caddy's log so far.
func (g *gateway) log() []map[string]any {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.dir, "caddy.log"))
	if err != nil {
		g.t.Fatal(err)
	}
	var lines []map[string]any
	for line := range bytes.Lines(text) {
		var fields map[string]any
		if json.Unmarshal(line, &fields) == nil {
			lines = append(lines, fields)
		}
	}
	return lines
}

// freeAddresses finds n different addresses on loopback at which nobody listens.
func freeAddresses(t testing.TB, n int) []string {
	t.Helper()
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // only when all are found, so that none comes twice
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// upstream is an app that keeps each request byte for byte and answers with what answer says.
type upstream struct {
	address string

	mu       sync.Mutex
	requests []string
	answer   string
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func startUpstream(t testing.TB) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{address: l.Addr().String(), answer: plainAnswer}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go u.serve(c)
		}
	}()
	return u
}

func (u *upstream) serve(c net.Conn) {
	defer c.Close()
	var kept bytes.Buffer
	reader := bufio.NewReader(io.TeeReader(c, &kept))
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		u.mu.Lock()
		u.requests = append(u.requests, strings.ReplaceAll(kept.String(), "\r\n", "\n"))
		answer := u.answer
		u.mu.Unlock()
		kept.Reset()
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// setAnswer changes what the app answers. \n stands for \r\n.
func (u *upstream) setAnswer(answer string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = strings.ReplaceAll(answer, "\n", "\r\n")
}

// take gives what the app got since the last call.
func (u *upstream) take() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	requests := u.requests
	u.requests = nil
	return requests
}

// only gives the one request that the app got.
func (u *upstream) only(t testing.TB) string {
	t.Helper()
	requests := u.take()
	if len(requests) != 1 {
		t.Fatalf("the app got %d requests, want 1: %q", len(requests), requests)
	}
	return requests[0]
}

// headerOf gives the values of a header of a raw request, by its name in any case.
func headerOf(request, name string) []string {
	var values []string
	head, _, _ := strings.Cut(request, "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			values = append(values, strings.TrimSpace(v))
		}
	}
	return values
}

func wantHeader(t testing.TB, request, name string, want ...string) {
	t.Helper()
	if got := headerOf(request, name); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %q, want %q in\n%s", name, got, want, request)
	}
}

// status gives the status of a raw answer.
func status(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	if fields := strings.Fields(line); len(fields) > 1 {
		return fields[1]
	}
	return "none"
}

// outbox is where captured messages end up.
type outbox struct {
	mu    sync.Mutex
	mails []message.Mail
	texts []message.Text
}

var captured outbox

func (o *outbox) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails, o.texts = nil, nil
}

// mail waits for the next mail.
func (o *outbox) mail(t testing.TB) message.Mail {
	t.Helper()
	for range 500 {
		o.mu.Lock()
		if len(o.mails) > 0 {
			m := o.mails[0]
			o.mails = o.mails[1:]
			o.mu.Unlock()
			return m
		}
		o.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no mail came")
	return message.Mail{}
}

func (o *outbox) text(t testing.TB) message.Text {
	t.Helper()
	for range 500 {
		o.mu.Lock()
		if len(o.texts) > 0 {
			m := o.texts[0]
			o.texts = o.texts[1:]
			o.mu.Unlock()
			return m
		}
		o.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no text came")
	return message.Text{}
}

// capturedMail and capturedPhone are guest modules that keep messages in memory.
type capturedMail struct{}

func (capturedMail) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "login_wall.mail.captured", New: func() caddy.Module { return new(capturedMail) }}
}

func (capturedMail) SendMail(_ context.Context, m message.Mail) error {
	captured.mu.Lock()
	defer captured.mu.Unlock()
	captured.mails = append(captured.mails, m)
	return nil
}

type capturedPhone struct{}

func (capturedPhone) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "login_wall.phone.captured", New: func() caddy.Module { return new(capturedPhone) }}
}

func (capturedPhone) SendText(_ context.Context, m message.Text) error {
	captured.mu.Lock()
	defer captured.mu.Unlock()
	captured.texts = append(captured.texts, m)
	return nil
}

func (capturedPhone) SendCall(context.Context, message.Call) error { return message.ErrRefused }
