// Package twilio is the guest module login_wall.phone.twilio: texts and calls through Twilio's REST interface
// (2010-04-01), or a provider's that is the same.
package twilio

import (
	"context"
	"encoding/json"
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

const defaultEndpoint = "https://api.twilio.com"

// Sender has each text and call created by Twilio. Every value accepts placeholders such as {env.TWILIO_TOKEN};
// they are expanded when the configuration is loaded and stay as they are in the configuration.
type Sender struct {
	// The account, AC and 32 hexadecimal digits. Required.
	AccountSID string `json:"account_sid,omitempty"`

	// The account's token. Required.
	AuthToken string `json:"auth_token,omitempty"`

	// Who texts come from: a number such as +15550100, a short code, a sender's name, or a messaging service (MG and 32
	// hexadecimal digits). Calls come from it too if it is a number. Required.
	From string `json:"from,omitempty"`

	// The number that calls come from. Default: from, if that is a number; else there are no calls.
	CallFrom string `json:"call_from,omitempty"`

	// Where the interface is, such as https://api.dublin.ie1.twilio.com. Default: https://api.twilio.com.
	Endpoint string `json:"endpoint,omitempty"`

	// How long one request may take, 1s to 2m. Default: 30s.
	Timeout string `json:"timeout,omitempty"`

	// as configured, with placeholders expanded
	sid, token, from, callFrom, endpoint string
	client                               *gateway.Client
}

// CaddyModule describes the module to Caddy.
func (Sender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "login_wall.phone.twilio",
		New: func() caddy.Module { return new(Sender) },
	}
}

// Provision expands placeholders. It asks nobody.
func (s *Sender) Provision(caddy.Context) error {
	for _, v := range []struct {
		word, value string
		check       clause.Check
		to          *string
	}{
		{"account_sid", s.AccountSID, checkSID, &s.sid},
		{"auth_token", s.AuthToken, nil, &s.token},
		{"from", s.From, checkFrom, &s.from},
		{"call_from", s.CallFrom, checkNumber, &s.callFrom},
		{"endpoint", s.Endpoint, checkEndpoint, &s.endpoint},
	} {
		expanded, err := clause.Expand(v.word, v.value, v.check)
		if err != nil {
			return err
		}
		*v.to = expanded
	}
	if s.endpoint == "" {
		s.endpoint = defaultEndpoint
	}
	s.endpoint = strings.TrimSuffix(s.endpoint, "/")
	if s.callFrom == "" && number.MatchString(s.from) {
		s.callFrom = s.from
	}
	timeout, err := clause.ExpandTimeout(s.Timeout)
	if err != nil {
		return err
	}
	s.client = gateway.NewClient(timeout)
	return nil
}

// Validate refuses what is incomplete.
func (s *Sender) Validate() error {
	if s.sid == "" || s.token == "" || s.from == "" {
		return errors.New("phone twilio needs account_sid, auth_token and from")
	}
	return nil
}

// Methods names what can be sent: texts, and calls if there is a number for them to come from.
func (s *Sender) Methods() []string {
	methods := []string{string(policy.MethodText)}
	if s.callFrom != "" {
		methods = append(methods, string(policy.MethodCall))
	}
	return methods
}

// SendText has Twilio create a message. Twilio knows no key that would make a second try of the same text harmless.
func (s *Sender) SendText(ctx context.Context, t message.Text) error {
	form := url.Values{"To": {t.To}, "Body": {t.Body}}
	if messagingService.MatchString(s.from) {
		form.Set("MessagingServiceSid", s.from)
	} else {
		form.Set("From", s.from)
	}
	return s.create(ctx, "text", "Messages.json", form)
}

// SendCall has Twilio create a call that speaks c.
func (s *Sender) SendCall(ctx context.Context, c message.Call) error {
	if s.callFrom == "" {
		return fmt.Errorf("create call: calls are not configured (call_from): %w", message.ErrRefused)
	}
	form := url.Values{"To": {c.To}, "From": {s.callFrom}, "Twiml": {spoken(c)}}
	return s.create(ctx, "call", "Calls.json", form)
}

// Check asks for the account and so tries address, name and token.
func (s *Sender) Check(ctx context.Context) error {
	answer, err := s.ask(ctx, http.MethodGet, "/2010-04-01/Accounts/"+s.sid+".json", nil)
	if err != nil {
		return fmt.Errorf("check account: %w", err)
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("check account: %w", failure(answer))
	}
	var account struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(answer.Body, &account); err != nil || account.Status != "active" {
		return errors.New("check account: it is not active")
	}
	return nil
}

func (s *Sender) create(ctx context.Context, what, resource string, form url.Values) error {
	answer, err := s.ask(ctx, http.MethodPost, "/2010-04-01/Accounts/"+s.sid+"/"+resource, form)
	if err != nil {
		return fmt.Errorf("create %s: %w", what, err)
	}
	if answer.Status != http.StatusCreated {
		return fmt.Errorf("create %s: %w", what, failure(answer))
	}
	return nil
}

func (s *Sender) ask(ctx context.Context, method, path string, form url.Values) (gateway.Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.endpoint+path, strings.NewReader(form.Encode()))
	if err != nil {
		return gateway.Answer{}, errors.New("the endpoint is not an address")
	}
	r.SetBasicAuth(s.sid, s.token)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "application/json")
	return s.client.Do(ctx, r)
}

// failure adds Twilio's own number for what is wrong, which its documentation explains. Its text is left out: that often
// holds the phone number.
func failure(answer gateway.Answer) error {
	err := gateway.Failure(answer.Status)
	var told struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(answer.Body, &told) == nil && told.Code != 0 {
		return fmt.Errorf("error %d: %w", told.Code, err)
	}
	return err
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Sender)(nil)
	_ caddy.Validator       = (*Sender)(nil)
	_ caddyfile.Unmarshaler = (*Sender)(nil)
	_ message.PhoneSender   = (*Sender)(nil)
	_ message.Checker       = (*Sender)(nil)
)
