// Package smtp is the guest module login_wall.mail.smtp: mails handed to a mail server over SMTP (RFC 5321), encrypted
// unless the operator names the opposite.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/mail/eml"
	"github.com/loginwall/loginwall/policy/message"
)

// How the connection is encrypted.
const (
	tlsStartTLS = "starttls" // plain first, encrypted before anything is said
	tlsImplicit = "implicit" // encrypted from the first byte
	tlsOff      = "off"
)

// longest is how long one mail may take, from dialling to the server's word that it has taken the mail.
const longest = 30 * time.Second

// Sender hands each mail to one mail server, over a connection of its own: reset mails are few, and a connection that
// was kept is one that may have died unseen. Every value accepts placeholders such as {env.SMTP_PASSWORD}; they are
// expanded when the configuration is loaded and stay as they are in the configuration.
type Sender struct {
	// The mail server as host:port. Its certificate must be for this host.
	Address string `json:"address,omitempty"`

	// The sender people see, such as "SecureMail <no-reply@example.com>". Its address is also where a server would
	// return mail to. Required.
	From string `json:"from,omitempty"`

	// What to sign in to the server with. Both or neither.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`

	// starttls (the default): the server must offer encryption, and no mail is sent without. implicit: encrypted from
	// the first byte, as on port 465. off: not encrypted; whoever is on the way reads the links. With off, a username
	// is accepted for a loopback server alone.
	TLS string `json:"tls,omitempty"`

	// The name this machine greets the server with. Default: the machine's host name.
	Helo string `json:"helo,omitempty"`

	// A file with PEM certificates. With it, only these authorities may vouch for the server, not the system's.
	TrustedCA string `json:"trusted_ca,omitempty"`

	// as configured, with placeholders expanded
	host               string
	port               int
	from               netmail.Address
	username, password string
	tls                string
	helo               string
	tlsConfig          *tls.Config
}

// CaddyModule describes the module to Caddy.
func (Sender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "login_wall.mail.smtp",
		New: func() caddy.Module { return new(Sender) },
	}
}

// Provision expands placeholders and reads the certificates. It connects to nothing, so that a mail server that is down
// stops no configuration from loading.
func (s *Sender) Provision(caddy.Context) error {
	address, from, certificates := "", "", ""
	for _, v := range []struct {
		word, value string
		check       clause.Check
		to          *string
	}{
		{"address", s.Address, checkAddress, &address},
		{"from", s.From, checkSender, &from},
		{"username", s.Username, nil, &s.username},
		{"password", s.Password, nil, &s.password},
		{"tls", s.TLS, checkTLS, &s.tls},
		{"helo", s.Helo, checkHelo, &s.helo},
		{"trusted_ca", s.TrustedCA, nil, &certificates},
	} {
		expanded, err := clause.Expand(v.word, v.value, v.check)
		if err != nil {
			return err
		}
		*v.to = expanded
	}
	if address == "" {
		return errors.New("mail smtp needs the server's address, such as mail.example.com:587")
	}
	if from == "" {
		return errors.New(`mail smtp needs a sender: from "SecureMail <no-reply@example.com>"`)
	}
	if s.tls == "" {
		s.tls = tlsStartTLS
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	s.host = host
	if s.port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("read port: %w", err)
	}
	if s.from, err = eml.ParseSender(from); err != nil {
		return err
	}
	s.tlsConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if certificates != "" {
		pem, err := os.ReadFile(certificates)
		if err != nil {
			return fmt.Errorf("read trusted_ca: %w", err)
		}
		s.tlsConfig.RootCAs = x509.NewCertPool()
		if !s.tlsConfig.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read trusted_ca: no PEM certificate in %s", certificates)
		}
	}
	return nil
}

// Validate refuses what would not work or not be safe. It connects to nothing.
func (s *Sender) Validate() error {
	if (s.username == "") != (s.password == "") {
		return errors.New("mail smtp has only one of username and password: give both or neither")
	}
	if s.username != "" && s.tls == tlsOff && !clause.Loopback(s.host) {
		return errors.New("mail smtp would send its password unencrypted: use tls starttls or tls implicit, or leave out username and password")
	}
	if s.tlsConfig.RootCAs != nil && s.tls == tlsOff {
		return errors.New("mail smtp has trusted_ca but tls off: remove one of them")
	}
	return nil
}

// SendMail hands m to the server and returns once the server has taken it, or after 30 s. When the connection breaks
// between the end of the mail and the server's answer, nobody knows whether it was taken: that is an error which may
// be tried again, and the same Message-ID lets programs see two such mails as one.
func (s *Sender) SendMail(ctx context.Context, m message.Mail) error {
	raw, err := eml.Build(m, s.from, time.Now(), eml.Wire)
	if err != nil {
		return err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return c.deliver(s.from.Address, m.To, raw)
}

// Check signs in to the server and leaves again.
func (s *Sender) Check(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	return c.greet()
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Sender)(nil)
	_ caddy.Validator       = (*Sender)(nil)
	_ caddyfile.Unmarshaler = (*Sender)(nil)
	_ message.MailSender    = (*Sender)(nil)
	_ message.Checker       = (*Sender)(nil)
)
