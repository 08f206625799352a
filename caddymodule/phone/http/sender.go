// Package phonehttp is the guest module login_wall.phone.http: texts and calls through any gateway that takes them over
// HTTP, described by the operator. (It is not called http, which its files need for the standard library's.)
package phonehttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/phone/gateway"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/message"
)

// Sender sends one request for each message, and believes the status of the answer: it follows no redirects and reads
// 64 KiB of an answer at most. 401, 403, 407, 408, 425, 429, 5xx and redirects are tried again; the rest of 4xx is the
// end of the message.
type Sender struct {
	// One request for texts and calls alike. It makes calls only if it uses {phone.kind}: a gateway that is not told the
	// difference would send a call's words as a text. Instead of text and call.
	Shared *Request `json:"shared,omitempty"`

	// The request for a text.
	Text *Request `json:"text,omitempty"`

	// The request for a call. Without, there are no calls.
	Call *Request `json:"call,omitempty"`

	// How long one request may take, 1s to 2m. Default: 30s. May hold placeholders.
	Timeout string `json:"timeout,omitempty"`

	// Allow http to other machines. Whoever is on the way reads numbers and codes.
	InsecureHTTP bool `json:"insecure_http,omitempty"`

	text, call *prepared // nil: not configured
	client     *gateway.Client
}

// CaddyModule describes the module to Caddy.
func (Sender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "login_wall.phone.http",
		New: func() caddy.Module { return new(Sender) },
	}
}

// Provision makes the templates. It asks nobody.
func (s *Sender) Provision(caddy.Context) error {
	if s.Shared != nil && (s.Text != nil || s.Call != nil) {
		return errors.New("phone http has a request for both and one for text or call: keep one or the other")
	}
	var err error
	if s.Shared != nil {
		if s.text, err = s.Shared.prepare(s.InsecureHTTP); err != nil {
			return fmt.Errorf("phone http: %w", err)
		}
		if s.text.uses(slotKind) {
			s.call = s.text
		}
	}
	if s.Text != nil {
		if s.text, err = s.Text.prepare(s.InsecureHTTP); err != nil {
			return fmt.Errorf("phone http text: %w", err)
		}
	}
	if s.Call != nil {
		if s.call, err = s.Call.prepare(s.InsecureHTTP); err != nil {
			return fmt.Errorf("phone http call: %w", err)
		}
	}
	timeout, err := clause.ExpandTimeout(s.Timeout)
	if err != nil {
		return fmt.Errorf("phone http: %w", err)
	}
	s.client = gateway.NewClient(timeout)
	return nil
}

// Validate refuses what could send nothing.
func (s *Sender) Validate() error {
	if s.text == nil && s.call == nil {
		return errors.New("phone http says nothing about how to send: it needs a url, or a text or call block with one")
	}
	return nil
}

// Methods names what can be sent.
func (s *Sender) Methods() []string {
	var methods []string
	if s.text != nil {
		methods = append(methods, string(policy.MethodText))
	}
	if s.call != nil {
		methods = append(methods, string(policy.MethodCall))
	}
	return methods
}

// SendText sends the request for a text.
func (s *Sender) SendText(ctx context.Context, t message.Text) error {
	if s.text == nil {
		return fmt.Errorf("send text: texts are not configured: %w", message.ErrRefused)
	}
	v := values{
		slotTo: t.To, slotDigits: strings.TrimPrefix(t.To, "+"), slotText: t.Body,
		slotID: t.ID, slotKind: string(policy.MethodText),
	}
	if err := s.text.send(ctx, s.client, v); err != nil {
		return fmt.Errorf("send text: %w", err)
	}
	return nil
}

// SendCall sends the request for a call, its sentences one a line.
func (s *Sender) SendCall(ctx context.Context, c message.Call) error {
	if s.call == nil {
		return fmt.Errorf("send call: calls are not configured: %w", message.ErrRefused)
	}
	v := values{
		slotTo: c.To, slotDigits: strings.TrimPrefix(c.To, "+"), slotText: strings.Join(c.Say, "\n"),
		slotID: c.ID, slotLanguage: c.Language, slotKind: string(policy.MethodCall),
	}
	if err := s.call.send(ctx, s.client, v); err != nil {
		return fmt.Errorf("send call: %w", err)
	}
	return nil
}

// Check sees whether each gateway answers at all, by asking for its front page: the addresses that send are left alone.
func (s *Sender) Check(ctx context.Context) error {
	for _, p := range []*prepared{s.text, s.call} {
		if p == nil {
			continue
		}
		front := url.URL{Scheme: p.origin.Scheme, Host: p.origin.Host, Path: "/"}
		r, err := http.NewRequestWithContext(ctx, http.MethodHead, front.String(), nil)
		if err != nil {
			return errors.New("check gateway: url is not an address")
		}
		if _, err := s.client.Do(ctx, r); err != nil {
			return fmt.Errorf("check gateway %s: %w", p.origin.Host, err)
		}
	}
	return nil
}

func (p *prepared) uses(slot string) bool {
	for _, t := range p.headers {
		if t.uses(slot) {
			return true
		}
	}
	return p.url.uses(slot) || p.body.uses(slot)
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Sender)(nil)
	_ caddy.Validator       = (*Sender)(nil)
	_ caddyfile.Unmarshaler = (*Sender)(nil)
	_ message.PhoneSender   = (*Sender)(nil)
	_ message.Checker       = (*Sender)(nil)
)
