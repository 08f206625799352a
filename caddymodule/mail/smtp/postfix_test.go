package smtp

import (
	"errors"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/e2e/services"
	"github.com/loginwall/loginwall/policy/message"
)

// Ensure a real mail server takes the mails, in every way it can be reached, and is understood when it does not.
func TestPostfix(t *testing.T) {
	postfix := services.StartPostfix(t)
	for name, s := range map[string]Sender{
		"starttls": {Address: postfix.STARTTLS, TrustedCA: postfix.CAFile},
		"implicit": {Address: postfix.Implicit, TrustedCA: postfix.CAFile, TLS: "implicit"},
		"plain":    {Address: postfix.Plain, TLS: "off"},
		"login":    {Address: postfix.Login, TrustedCA: postfix.CAFile, Username: postfix.Username, Password: postfix.Password},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustSender(t, s)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			m := resetMail()
			m.To = name + "@example.org"
			m.Subject = "Grüße"
			m.Text = "x\n.\nMAIL FROM:<eve@example.net>\n"
			if err := s.SendMail(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := postfix.WaitForMail(m.To, 1)
			if got.Subject() != m.Subject || strings.TrimSpace(got.Text) != strings.TrimSpace(m.Text) {
				t.Errorf("mail is %q: %q", got.Subject(), got.Text)
			}
		})
	}

	s := mustSender(t, Sender{Address: postfix.STARTTLS, TrustedCA: postfix.CAFile})
	for to, refused := range map[string]bool{"nobody@example.org": true, "later@example.org": false} {
		m := resetMail()
		m.To = to
		err := s.SendMail(t.Context(), m)
		if err == nil || errors.Is(err, message.ErrRefused) != refused || strings.Contains(err.Error(), to) {
			t.Errorf("%s: got %v, want refused %v", to, err, refused)
		}
	}

	for name, s := range map[string]Sender{
		"encryption is not offered": {Address: postfix.Plain, TrustedCA: postfix.CAFile},
		"encryption is required":    {Address: postfix.STARTTLS, TLS: "off"},
		"unknown authority":         {Address: postfix.STARTTLS},
		"no password":               {Address: postfix.Login, TrustedCA: postfix.CAFile},
		"wrong password":            {Address: postfix.Login, TrustedCA: postfix.CAFile, Username: postfix.Username, Password: "wrong"},
	} {
		m := resetMail()
		m.To = "unsent@example.org"
		err := mustSender(t, s).SendMail(t.Context(), m)
		if err == nil || errors.Is(err, message.ErrRefused) {
			t.Errorf("%s: got %v, want an error that is no refusal", name, err)
		}
	}
	if mails := postfix.Mails("unsent@example.org"); len(mails) != 0 {
		t.Errorf("%d mails arrived that should not have been sent", len(mails))
	}
}
