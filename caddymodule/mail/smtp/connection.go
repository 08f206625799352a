package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

// connection is a mail server that has been greeted, encrypted to and signed in to.
type connection struct {
	client *gosmtp.Client
	raw    net.Conn
	ctx    context.Context
	stop   func() // ends the time limit
}

// connect dials, encrypts and signs in. None of its errors is a refusal of the mail, whatever code the server gives:
// a wrong password or a blocked address is put right by the operator, and the mails that wait go out then.
func (s *Sender) connect(ctx context.Context) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	c := &connection{ctx: ctx, stop: cancel}
	auth := &credentials{username: s.username, password: s.password, host: s.host, loopback: clause.Loopback(s.host)}
	client, err := mail.NewClient(s.host, s.options(c, auth)...)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("set up mail client: %w", err)
	}
	c.client, err = client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		return c, nil
	}
	if auth.used {
		err = c.fail("sign in to mail server", withoutText(err))
	} else {
		err = c.fail("connect to mail server", err)
	}
	c.close()
	return nil, err
}

func (s *Sender) options(c *connection, auth *credentials) []mail.Option {
	options := []mail.Option{
		mail.WithPort(s.port),
		mail.WithTimeout(longest),
		mail.WithTLSConfig(s.tlsConfig.Clone()),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			c.bind(raw)
			if s.tls != tlsImplicit {
				return raw, nil
			}
			encrypted := tls.Client(raw, s.tlsConfig)
			if err := encrypted.HandshakeContext(ctx); err != nil {
				return nil, err
			}
			return encrypted, nil
		}),
	}
	switch s.tls {
	case tlsImplicit:
		options = append(options, mail.WithSSL())
	case tlsOff:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		// Whoever is on the way can remove the offer of STARTTLS: without the offer, nothing is sent.
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.helo != "" {
		options = append(options, mail.WithHELO(s.helo))
	}
	if s.username != "" {
		options = append(options, mail.WithSMTPAuthCustom(auth))
	}
	return options
}

// bind makes the connection end with the time limit: the mail client begins its own anew with every command, so a slow
// server could hold the outbox for as long as it likes.
func (c *connection) bind(raw net.Conn) {
	c.raw = raw
	unhook := context.AfterFunc(c.ctx, func() { _ = raw.Close() })
	cancel := c.stop
	c.stop = func() { unhook(); cancel() }
}

// close takes leave if the time is not yet over, and frees everything.
func (c *connection) close() {
	if c.client != nil {
		_ = c.raw.SetDeadline(time.Now().Add(time.Second)) // the mail is taken or not; the farewell decides nothing
		_ = c.client.Quit()
	}
	c.stop()
	if c.raw != nil {
		_ = c.raw.Close()
	}
}

// credentials sign in with the way both sides know.
type credentials struct {
	username, password, host string
	loopback                 bool
	used                     bool // the server has been shown something of them
	chosen                   gosmtp.Auth
}

// Start chooses among what the server offers. The plain ways come first because they always work: a server often
// offers SCRAM for accounts it holds no SCRAM verifier of, and the connection is encrypted, or goes to this machine.
func (c *credentials) Start(server *gosmtp.ServerInfo) (string, []byte, error) {
	offers := func(name string) bool {
		return slices.ContainsFunc(server.Auth, func(offer string) bool { return strings.EqualFold(offer, name) })
	}
	switch {
	case offers("PLAIN"):
		c.chosen = gosmtp.PlainAuth("", c.username, c.password, c.host, c.loopback)
	case offers("LOGIN"):
		c.chosen = gosmtp.LoginAuth(c.username, c.password, c.host, c.loopback)
	case offers("SCRAM-SHA-256"):
		c.chosen = gosmtp.ScramSHA256Auth(c.username, c.password)
	default:
		return "", nil, errors.New("the server offers none of PLAIN, LOGIN and SCRAM-SHA-256")
	}
	mechanism, first, err := c.chosen.Start(server)
	c.used = err == nil
	return mechanism, first, err
}

func (c *credentials) Next(challenge []byte, more bool) ([]byte, error) {
	return c.chosen.Next(challenge, more)
}
