package web_test

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy/gate"
)

// browser keeps cookies as browsers do, and lets a test set and take away any header.
type browser struct {
	w        *wall
	secure   bool
	address  string
	language string // accepted; "" sends no header
	cookies  map[string]string
}

func (w *wall) browser() *browser {
	return &browser{w: w, secure: true, address: "192.0.2.1", cookies: map[string]string{}}
}

// clone is the same browser at this moment: a second request that was on its way already.
func (b *browser) clone() *browser {
	c := *b
	c.cookies = map[string]string{}
	for name, value := range b.cookies {
		c.cookies[name] = value
	}
	return &c
}

// reply is an answer that has been read.
type reply struct {
	*http.Response
	body  string
	nonce string // of the page's script; NONCE stands for it in the body and the headers
}

// headers are pairs of name and value; an empty value takes the header away.
type headers []string

func (b *browser) origin() string {
	if b.secure {
		return origin
	}
	return "http://localhost:8080"
}

func (b *browser) request(method, target, body string, h headers) (*http.Request, web.Request) {
	r := httptest.NewRequest(method, b.origin()+"/", strings.NewReader(body))
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawQuery = path, query
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.origin())
	}
	if b.language != "" {
		r.Header.Set("Accept-Language", b.language)
	}
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) > 0 {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	for i := 0; i < len(h); i += 2 {
		if h[i+1] == "" {
			r.Header.Del(h[i])
		} else {
			r.Header.Set(h[i], h[i+1])
		}
	}
	return r, web.Request{
		Path: path, Query: query, Secure: b.secure, Origin: b.origin(),
		Client: gate.Client{Address: b.address, Agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", RequestID: "req-1"},
	}
}

func (b *browser) serve(r *http.Request, req web.Request) reply {
	return b.answer(func(w http.ResponseWriter) { b.w.Serve(w, r, req) })
}

// answer takes an answer and its cookies in.
func (b *browser) answer(write func(http.ResponseWriter)) reply {
	recorder := httptest.NewRecorder()
	write(recorder)
	response := recorder.Result()
	body, _ := io.ReadAll(response.Body)
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	p := reply{Response: response, body: string(body)}
	if policy := response.Header.Get("Content-Security-Policy"); nonce.MatchString(policy) {
		p.nonce = nonce.FindStringSubmatch(policy)[1]
		p.body = strings.ReplaceAll(p.body, p.nonce, "NONCE") // so that pages can be compared with each other
		response.Header.Set("Content-Security-Policy", strings.ReplaceAll(policy, p.nonce, "NONCE"))
	}
	return p
}

var nonce = regexp.MustCompile(`'nonce-([^']+)'`)

func (b *browser) get(target string, h ...string) reply {
	return b.serve(b.request(http.MethodGet, target, "", h))
}

// open gets a page and follows up to three redirects.
func (b *browser) open(target string) reply {
	p := b.get(target)
	for range 3 {
		if p.StatusCode != http.StatusSeeOther {
			break
		}
		p = b.get(p.Header.Get("Location"))
	}
	return p
}

func (b *browser) post(target string, fields url.Values, h ...string) reply {
	return b.serve(b.request(http.MethodPost, target, fields.Encode(), h))
}

var tokenInput = regexp.MustCompile(`name="csrf" value="([^"]*)"`)

func (p reply) csrf(t testing.TB) string {
	t.Helper()
	m := tokenInput.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("no form on the page with status %d: %.400s", p.StatusCode, p.body)
	}
	return html.UnescapeString(m[1])
}

// submit posts the form of a page.
func (b *browser) submit(p reply, target string, pairs ...string) reply {
	b.w.t.Helper()
	fields := url.Values{"csrf": {p.csrf(b.w.t)}}
	for i := 0; i < len(pairs); i += 2 {
		fields.Add(pairs[i], pairs[i+1])
	}
	return b.post(target, fields)
}

// login opens the page and sends the form.
func (b *browser) login(email, password string) reply {
	b.w.t.Helper()
	return b.submit(b.get("/_auth/login"), "/_auth/login", "email", email, "password", password, "next", "")
}

// signIn must succeed.
func (b *browser) signIn(email, password string) {
	b.w.t.Helper()
	wantStatus(b.w.t, b.login(email, password), http.StatusSeeOther)
	if !b.signedIn() {
		b.w.t.Fatal("nobody is signed in after a sign-in")
	}
}

func (b *browser) signedIn() bool {
	b.w.t.Helper()
	p := b.get("/_auth/session")
	wantStatus(b.w.t, p, http.StatusOK)
	return strings.Contains(p.body, `"signed_in":true`)
}

// forgot asks for a link and has it mailed.
func (b *browser) forgot(email string) reply {
	b.w.t.Helper()
	p := b.submit(b.get("/_auth/forgot"), "/_auth/forgot", "email", email)
	b.w.deliver()
	return p
}

// toCode opens a link, chooses a text and gets it.
func (b *browser) toCode(link string) reply {
	b.w.t.Helper()
	path, _, _ := strings.Cut(link, "?")
	wantStatus(b.w.t, b.submit(b.open(link), path, "method", "text"), http.StatusSeeOther)
	b.w.deliver()
	return b.open(path)
}

// toPassword goes on to the last step.
func (b *browser) toPassword(link string) reply {
	b.w.t.Helper()
	path, _, _ := strings.Cut(link, "?")
	wantStatus(b.w.t, b.submit(b.toCode(link), path, "code", b.w.code()), http.StatusSeeOther)
	p := b.open(path)
	if !strings.Contains(p.body, `name="new_password"`) {
		b.w.t.Fatalf("no field for a new password: %.600s", p.body)
	}
	return p
}

func wantStatus(t testing.TB, p reply, want int) {
	t.Helper()
	if p.StatusCode != want {
		t.Errorf("status %d, want %d; location %q; %.300s", p.StatusCode, want, p.Header.Get("Location"), p.body)
	}
}

func wantText(t testing.TB, p reply, want string) {
	t.Helper()
	if !strings.Contains(p.body, want) {
		t.Errorf("page with status %d has no %q: %.900s", p.StatusCode, want, p.body)
	}
}

func wantLocation(t testing.TB, p reply, want string) {
	t.Helper()
	wantStatus(t, p, http.StatusSeeOther)
	if have := p.Header.Get("Location"); have != want {
		t.Errorf("location %q, want %q", have, want)
	}
}
