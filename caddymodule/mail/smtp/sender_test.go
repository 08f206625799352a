package smtp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/policy/message"
)

func resetMail() message.Mail {
	return message.Mail{ID: "k2a4", To: "jo@example.org", Subject: "Your link", Text: "https://mail.example.com/x\n", HTML: "<p>link</p>"}
}

func mustSender(t *testing.T, s Sender) *Sender {
	t.Helper()
	if s.From == "" {
		s.From = "SecureMail <no-reply@example.com>"
	}
	clausetest.Provision(t, &s)
	return &s
}

// mustBeTemporary fails unless the mail was not sent and will be tried again, and the error tells nothing it must not.
func mustBeTemporary(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, message.ErrRefused) {
		t.Fatalf("got %v, want an error that is no refusal", err)
	}
	mustBeDiscreet(t, err)
}

func mustBeDiscreet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"jo@", "example.org", "Your link", "right", "wrong"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error %q holds %q", err, secret)
		}
	}
}

func TestSendMail(t *testing.T) {
	ca := newAuthority(t)
	certificate := ca.sign(t, "127.0.0.1", time.Now().Add(time.Hour))
	for name, tt := range map[string]struct {
		server *server
		sender Sender
		user   string
	}{
		"starttls by default": {mustServe(t, certificate, false), Sender{TrustedCA: ca.file(t), Username: "u", Password: "right"}, "u"},
		"implicit":            {mustServe(t, certificate, true), Sender{TrustedCA: ca.file(t), Username: "u", Password: "right", TLS: "implicit"}, "u"},
		"without sign-in":     {mustServe(t, certificate, false), Sender{TrustedCA: ca.file(t), Helo: "gateway.test"}, ""},
		"off, to loopback":    {mustServe(t, nil, false), Sender{Username: "u", Password: "right", TLS: "off"}, "u"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.sender.Address = tt.server.address
			s := mustSender(t, tt.sender)
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.SendMail(t.Context(), resetMail()); err != nil {
				t.Fatal(err)
			}
			mails := tt.server.taken()
			if len(mails) != 1 {
				t.Fatalf("server took %d mails, want 1", len(mails))
			}
			got := mails[0]
			if got.from != "no-reply@example.com" || got.to != "jo@example.org" || got.user != tt.user || got.encrypted != (s.tls != "off") {
				t.Errorf("server took %+v", got)
			}
			parsed, err := netmail.ReadMessage(strings.NewReader(got.data))
			if err != nil || parsed.Header.Get("Message-Id") != "<k2a4@example.com>" {
				t.Errorf("mail is %q (%v)", got.data, err)
			}
		})
	}
}

func TestXS06_MailEndsWhereItEnds(t *testing.T) {
	srv := mustServe(t, nil, false)
	m := resetMail()
	m.Text = "x\r\n.\r\nMAIL FROM:<eve@example.net>\r\n\n.\n\r.\r"
	if err := mustSender(t, Sender{Address: srv.address, TLS: "off"}).SendMail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mails := srv.taken()
	if len(mails) != 1 || !strings.Contains(mails[0].data, "\r\n.\r\nMAIL FROM:<eve@example.net>\r\n") {
		t.Errorf("server took %+v, want one mail with the text in it", mails)
	}
}

func TestXS05_RecipientCannotAddCommands(t *testing.T) {
	srv := mustServe(t, nil, false)
	m := resetMail()
	m.To = "jo@example.org>\r\nRCPT TO:<eve@example.net"
	err := mustSender(t, Sender{Address: srv.address, TLS: "off"}).SendMail(t.Context(), m)
	if !errors.Is(err, message.ErrRefused) || len(srv.taken()) != 0 {
		t.Errorf("got %v and %d mails, want a refusal", err, len(srv.taken()))
	}
}

func TestDL04_NothingIsSentUnencrypted(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	soon := time.Now().Add(time.Hour)
	for name, tt := range map[string]struct {
		server *server
		why    string // in the error, for the operator
	}{
		"STARTTLS removed":  {mustServe(t, nil, false), "does not support STARTTLS"},
		"unknown authority": {mustServe(t, stranger.sign(t, "127.0.0.1", soon), false), "unknown authority"},
		"other host":        {mustServe(t, ca.sign(t, "mail.example.net", soon), false), "doesn't contain any IP SANs"},
		"certificate over":  {mustServe(t, ca.sign(t, "127.0.0.1", time.Now().Add(-time.Hour)), false), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := tt.server
			s := mustSender(t, Sender{Address: srv.address, TrustedCA: ca.file(t), Username: "u", Password: "right"})
			err := s.SendMail(t.Context(), resetMail())
			mustBeTemporary(t, err)
			if !strings.Contains(err.Error(), tt.why) {
				t.Errorf("got %v, want it to say %q", err, tt.why)
			}
			mustBeTemporary(t, s.Check(t.Context()))
			if len(srv.taken()) != 0 || len(srv.passwords()) != 0 {
				t.Errorf("server took %d mails and saw passwords %q, want none", len(srv.taken()), srv.passwords())
			}
		})
	}
	t.Run("system authorities", func(t *testing.T) { // a test authority is none of them
		srv := mustServe(t, ca.sign(t, "127.0.0.1", soon), true)
		mustBeTemporary(t, mustSender(t, Sender{Address: srv.address, TLS: "implicit"}).SendMail(t.Context(), resetMail()))
	})
}

func TestDL03_GreylistedMailArrivesOnceWithItsID(t *testing.T) {
	srv := mustServe(t, nil, false)
	var tries atomic.Int32
	srv.onRcpt = func() error {
		if tries.Add(1) < 3 {
			return &gosmtp.SMTPError{Code: 451, EnhancedCode: gosmtp.EnhancedCode{4, 7, 1}, Message: "<jo@example.org>: greylisted"}
		}
		return nil
	}
	s := mustSender(t, Sender{Address: srv.address, TLS: "off"})
	for range 2 {
		mustBeTemporary(t, s.SendMail(t.Context(), resetMail()))
	}
	if err := s.SendMail(t.Context(), resetMail()); err != nil {
		t.Fatal(err)
	}
	if mails := srv.taken(); len(mails) != 1 || !strings.Contains(mails[0].data, "Message-ID: <k2a4@example.com>") {
		t.Errorf("server took %+v, want the mail once", mails)
	}
}

func TestDL05_ServerAnswers(t *testing.T) {
	for _, tt := range []struct {
		step     string
		code     int
		enhanced gosmtp.EnhancedCode
		refused  bool
	}{
		{"rcpt", 550, gosmtp.EnhancedCode{5, 1, 1}, true}, // no such mailbox
		{"rcpt", 501, gosmtp.EnhancedCode{5, 1, 3}, true}, // address not understood
		{"rcpt", 552, gosmtp.EnhancedCode{5, 2, 2}, true}, // mailbox full, for good
		{"rcpt", 550, gosmtp.NoEnhancedCode, true},
		{"rcpt", 554, gosmtp.EnhancedCode{5, 7, 1}, false}, // relay access denied
		{"rcpt", 530, gosmtp.EnhancedCode{5, 7, 0}, false}, // sign in first
		{"rcpt", 450, gosmtp.EnhancedCode{4, 2, 0}, false},
		{"rcpt", 421, gosmtp.EnhancedCode{4, 3, 2}, false},
		{"mail", 550, gosmtp.EnhancedCode{5, 1, 8}, false}, // our sender's domain is bad: configuration
		{"data", 554, gosmtp.EnhancedCode{5, 7, 1}, true},  // content refused
		{"data", 552, gosmtp.EnhancedCode{5, 3, 4}, true},  // too big
		{"data", 530, gosmtp.EnhancedCode{5, 7, 0}, false},
		{"data", 452, gosmtp.EnhancedCode{4, 3, 1}, false}, // disk full
	} {
		srv := mustServe(t, nil, false)
		no := func() error {
			return &gosmtp.SMTPError{Code: tt.code, EnhancedCode: tt.enhanced, Message: "<jo@example.org>: no"}
		}
		switch tt.step {
		case "mail":
			srv.onMail = no
		case "rcpt":
			srv.onRcpt = no
		case "data":
			srv.onData = no
		}
		err := mustSender(t, Sender{Address: srv.address, TLS: "off"}).SendMail(t.Context(), resetMail())
		if err == nil || errors.Is(err, message.ErrRefused) != tt.refused {
			t.Errorf("%s %d %v: got %v, want refused %v", tt.step, tt.code, tt.enhanced, err, tt.refused)
			continue
		}
		mustBeDiscreet(t, err)
	}
}

func TestWrongPasswordIsTheOperatorsToPutRight(t *testing.T) {
	srv := mustServe(t, nil, false)
	s := mustSender(t, Sender{Address: srv.address, TLS: "off", Username: "u", Password: "wrong"})
	for _, err := range []error{s.SendMail(t.Context(), resetMail()), s.Check(t.Context())} {
		mustBeTemporary(t, err)
		if want := "sign in to mail server: the server answered 535 5.7.8"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestDL01_ServerDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	mustBeTemporary(t, mustSender(t, Sender{Address: address}).SendMail(t.Context(), resetMail()))
}

func TestDL02_SlowServerIsLeft(t *testing.T) {
	for name, script := range map[string]func(net.Conn, *bufio.Reader){
		"says nothing": func(_ net.Conn, lines *bufio.Reader) { _, _ = lines.ReadByte() },
		"never ends its greeting": func(conn net.Conn, _ *bufio.Reader) {
			for {
				if _, err := io.WriteString(conn, "220-wait\r\n"); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		},
		"stops after the mail": func(conn net.Conn, lines *bufio.Reader) {
			replies(map[string]string{"EHLO": "250 mail.test", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250-wait"})(conn, lines)
			_, _ = io.Copy(io.Discard, lines)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustSender(t, Sender{Address: mustScript(t, script), TLS: "off"})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			began := time.Now()
			err := s.SendMail(ctx, resetMail())
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s, want little more than the 200 ms given", took)
			}
			mustBeTemporary(t, err)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want one that names the time", err)
			}
		})
	}
}

// Ensure that what the server has taken is not sent again because of how it says goodbye, and that what it has not
// taken is.
func TestConnectionBreaks(t *testing.T) {
	takes := map[string]string{"EHLO": "250 mail.test", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 taken"}
	s := mustSender(t, Sender{Address: mustScript(t, replies(takes)), TLS: "off"}) // breaks off at QUIT
	if err := s.SendMail(t.Context(), resetMail()); err != nil {
		t.Errorf("got %v, want none: the mail was taken", err)
	}
	for _, at := range []string{"EHLO", "MAIL", "RCPT", "DATA", "."} {
		answers := map[string]string{}
		for word, answer := range takes {
			if word != at {
				answers[word] = answer
			}
		}
		s := mustSender(t, Sender{Address: mustScript(t, replies(answers)), TLS: "off"})
		mustBeTemporary(t, s.SendMail(t.Context(), resetMail()))
	}
}

func TestServerWithoutUTF8Addresses(t *testing.T) {
	m := resetMail()
	m.To = "jö@example.org"
	srv := mustServe(t, nil, false)
	if err := mustSender(t, Sender{Address: srv.address, TLS: "off"}).SendMail(t.Context(), m); err != nil || srv.taken()[0].to != m.To {
		t.Errorf("got %v and %+v, want it sent", err, srv.taken())
	}
	srv = mustServe(t, nil, false)
	srv.EnableSMTPUTF8 = false
	err := mustSender(t, Sender{Address: srv.address, TLS: "off"}).SendMail(t.Context(), m)
	if !errors.Is(err, message.ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
}
