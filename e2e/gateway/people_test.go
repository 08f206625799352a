package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// Passwords that no list holds.
const (
	good  = "seven quiet lanterns 41"
	other = "nine amber bridges 62"
	wrong = "not the right one 00"
)

// Person is somebody with an account.
type Person struct {
	Email, Phone, Password string
}

var people atomic.Int64

// Person makes up somebody with an address and a number of their own.
func newPerson() *Person {
	n := people.Add(1)
	return &Person{
		Email: fmt.Sprintf("person%d@example.com", n), Phone: fmt.Sprintf("+1202555%04d", 100+n%100), Password: good,
	}
}

// Invite adds an account, with these more arguments of `user add`.
func (g *Gateway) Invite(more ...string) *Person {
	g.tb.Helper()
	p := newPerson()
	g.Must(append([]string{"user", "add", p.Email, "--phone", p.Phone}, more...)...)
	return p
}

// Active adds an account and sets it up as its owner would.
func (g *Gateway) Active(more ...string) *Person {
	g.tb.Helper()
	p := g.Invite(more...)
	b := g.Browser()
	b.Finish(b.ToPassword(g.Spool.Link(p.Email), func() string { return g.Spool.Code(p.Phone) }), p.Password)
	return p
}

// Forgot asks for a link on the forgot page.
func (b *Browser) Forgot(email string) {
	b.tb.Helper()
	wantStatus(b.tb, b.Submit(b.Get("/_auth/forgot"), "email", email), http.StatusSeeOther)
}

// ToCode opens a link and asks for a code by text.
func (b *Browser) ToCode(link string) Page {
	b.tb.Helper()
	p := b.Open(link)
	if !strings.Contains(p.Body, `name="method"`) {
		b.tb.Fatalf("link does not lead to the choice of method: status %d: %s", p.StatusCode, p.text())
	}
	return b.onward(b.Submit(p, "method", "text"), `name="code"`)
}

// ToPassword goes on to the last step. code waits for the code.
func (b *Browser) ToPassword(link string, code func() string) Page {
	b.tb.Helper()
	p := b.ToCode(link)
	return b.onward(b.Submit(p, "code", code()), `name="new_password"`)
}

// Finish sets the password on the page of the last step.
func (b *Browser) Finish(p Page, password string) {
	b.tb.Helper()
	done := b.onward(b.Submit(p, "new_password", password, "confirm_password", password), "")
	if done.StatusCode != http.StatusOK || strings.Contains(done.Body, `name="new_password"`) {
		b.tb.Fatalf("password was not set: status %d: %s", done.StatusCode, done.text())
	}
}

// onward follows the answer to a post to the page it leads to, which must hold a part.
func (b *Browser) onward(posted Page, part string) Page {
	b.tb.Helper()
	if posted.StatusCode != http.StatusSeeOther {
		b.tb.Fatalf("post to %s: status %d, want 303: %s", posted.Request.URL.Path, posted.StatusCode, posted.text())
	}
	p := b.Open(posted.Header.Get("Location"))
	if !strings.Contains(p.Body, part) {
		b.tb.Fatalf("%s does not hold %s: status %d: %s", p.Request.URL.Path, part, p.StatusCode, p.text())
	}
	return p
}
