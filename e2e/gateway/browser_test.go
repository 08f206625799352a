package gateway

import (
	"crypto/tls"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Browser keeps cookies and sends what browsers send. It follows redirects only where it is asked to.
type Browser struct {
	Origin string
	Header http.Header // sent with everything, over what browsers send

	tb     testing.TB
	client *http.Client
}

// Page is an answer with its body read.
type Page struct {
	*http.Response
	Body string
}

// Browser opens a new browser on the site.
func (g *Gateway) Browser() *Browser { return NewBrowser(g.tb, g.URL, nil) }

// NewBrowser opens a browser; secure may be nil.
func NewBrowser(tb testing.TB, origin string, secure *tls.Config) *Browser {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &Browser{
		Origin: origin, Header: http.Header{}, tb: tb,
		client: &http.Client{
			Jar: jar, Timeout: 30 * time.Second,
			Transport:     &http.Transport{TLSClientConfig: secure, ForceAttemptHTTP2: secure != nil, MaxIdleConnsPerHost: 16},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// At is the same browser on another node: cookies know no ports.
func (b *Browser) At(g *Gateway) *Browser {
	other := *b
	other.Origin = g.URL
	return &other
}

// Cookies are what the browser would send.
func (b *Browser) Cookies() map[string]string {
	b.tb.Helper()
	u, err := url.Parse(b.Origin + "/")
	if err != nil {
		b.tb.Fatal(err)
	}
	cookies := make(map[string]string)
	for _, c := range b.client.Jar.Cookies(u) {
		cookies[c.Name] = c.Value
	}
	return cookies
}

// Session is the value of the session cookie on plain http, "" without one.
// SetCookie puts a cookie of the app into the browser.
func (b *Browser) SetCookie(name, value string) {
	b.tb.Helper()
	u, err := url.Parse(b.Origin)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func (b *Browser) Session() string { return b.Cookies()["loginwall"] }

// Request makes a page load. Headers of the browser come last.
func (b *Browser) Request(method, path string, form url.Values) *http.Request {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, b.Origin+path, body)
	if err != nil {
		panic(err) // a path of the test's own that is none
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.Origin)
	}
	for name, values := range b.Header {
		r.Header[name] = values
	}
	return r
}

// Do sends a request. It may be called from any goroutine.
func (b *Browser) Do(r *http.Request) (Page, error) {
	answer, err := b.client.Do(r)
	if err != nil {
		return Page{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return Page{answer, string(body)}, err
}

func (b *Browser) must(r *http.Request) Page {
	b.tb.Helper()
	p, err := b.Do(r)
	if err != nil {
		b.tb.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return p
}

// Get loads a page.
func (b *Browser) Get(path string) Page {
	b.tb.Helper()
	return b.must(b.Request(http.MethodGet, path, nil))
}

// Fetch asks as a script does.
func (b *Browser) Fetch(path string) Page {
	b.tb.Helper()
	return b.must(b.script(path))
}

func (b *Browser) script(path string) *http.Request {
	r := b.Request(http.MethodGet, path, nil)
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Sec-Fetch-Mode", "cors")
	r.Header.Set("Sec-Fetch-Dest", "empty")
	return r
}

// Open loads a page and follows redirects. path may be a whole address of this site.
func (b *Browser) Open(path string) Page {
	b.tb.Helper()
	p := b.Get(b.local(path))
	for range 5 {
		if p.StatusCode != http.StatusSeeOther && p.StatusCode != http.StatusFound {
			break
		}
		next, err := p.Location()
		if err != nil {
			b.tb.Fatalf("follow %s: %v", p.Request.URL.Path, err)
		}
		p = b.Get(next.RequestURI())
	}
	return p
}

func (b *Browser) local(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.RequestURI()
	}
	return address
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]*)"`)

func (p Page) csrf() string {
	m := csrfField.FindStringSubmatch(p.Body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// Submit posts the form of a page to its address. pairs are names and values.
func (b *Browser) Submit(p Page, pairs ...string) Page {
	b.tb.Helper()
	form := fields(pairs)
	form.Set("csrf", p.csrf())
	if form.Get("csrf") == "" {
		b.tb.Fatalf("no form on %s (status %d): %s", p.Request.URL.Path, p.StatusCode, p.text())
	}
	return b.must(b.Request(http.MethodPost, p.Request.URL.Path, form))
}

func fields(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

// Login opens the login page and sends its form.
func (b *Browser) Login(email, password string) Page {
	b.tb.Helper()
	return b.Submit(b.Get("/_auth/login"), "email", email, "password", password, "next", "")
}

// SignIn must succeed.
func (b *Browser) SignIn(email, password string) {
	b.tb.Helper()
	if p := b.Login(email, password); p.StatusCode != http.StatusSeeOther {
		b.tb.Fatalf("sign-in: status %d, want 303: %s", p.StatusCode, p.text())
	}
}

// SignOut must succeed.
func (b *Browser) SignOut() {
	b.tb.Helper()
	if p := b.Submit(b.Get("/_auth/logout")); p.StatusCode != http.StatusSeeOther {
		b.tb.Fatalf("sign-out: status %d, want 303: %s", p.StatusCode, p.text())
	}
}

// SignedIn tells what /_auth/session says.
func (b *Browser) SignedIn() bool {
	b.tb.Helper()
	p := b.Fetch("/_auth/session")
	wantStatus(b.tb, p, http.StatusOK)
	return strings.Contains(p.Body, `"signed_in":true`)
}

// Guess is a form that can be sent from many goroutines at once: a login page that was opened before.
type Guess struct {
	b    *Browser
	csrf string
}

// Guess opens the login page.
func (b *Browser) Guess() Guess {
	b.tb.Helper()
	p := b.Get("/_auth/login")
	if p.csrf() == "" {
		b.tb.Fatalf("no login form: status %d: %s", p.StatusCode, p.text())
	}
	return Guess{b, p.csrf()}
}

// Send sends the form, and the headers with it. The jar is left out, so that answers do not disturb each other: every
// request is a browser of its own.
func (g Guess) Send(email, password string, headers ...string) (Page, error) {
	form := url.Values{"csrf": {g.csrf}, "email": {email}, "password": {password}, "next": {""}}
	r := g.b.Request(http.MethodPost, "/_auth/login", form)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range g.b.Cookies() {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	alone := *g.b.client
	alone.Jar = nil
	return (&Browser{client: &alone}).Do(r)
}

var (
	tags   = regexp.MustCompile(`(?s)<(style|script|head).*?</(style|script|head)>|<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

// text is what a person reads, for messages of tests.
func (p Page) text() string {
	text := blanks.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(p.Body, " ")), " ")
	return strings.TrimSpace(text[:min(len(text), 700)])
}

func wantStatus(tb testing.TB, p Page, want int) {
	tb.Helper()
	if p.StatusCode != want {
		tb.Errorf("%s %s: status %d, want %d; location %q: %s", p.Request.Method, p.Request.URL.Path, p.StatusCode, want,
			p.Header.Get("Location"), p.text())
	}
}

func wantText(tb testing.TB, p Page, want string) {
	tb.Helper()
	if !strings.Contains(html.UnescapeString(p.Body), want) {
		tb.Errorf("%s (status %d) does not say %q: %s", p.Request.URL.Path, p.StatusCode, want, p.text())
	}
}

// wantRefused checks the outcome for somebody who is not signed in.
func wantRefused(tb testing.TB, p Page) {
	tb.Helper()
	if p.StatusCode != http.StatusSeeOther || !strings.HasPrefix(p.Header.Get("Location"), "/_auth/login") {
		tb.Errorf("%s: status %d, location %q, want 303 to the login page", p.Request.URL.Path, p.StatusCode, p.Header.Get("Location"))
	}
}
