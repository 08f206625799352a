package smtp

import (
	"fmt"
	"net"
	"regexp"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/mail/eml"
)

// UnmarshalCaddyfile sets up the sender from Caddyfile tokens. Syntax:
//
//	mail smtp <host:port> {
//		from       <"Name <address>">
//		username   <name>
//		password   <secret>
//		tls        starttls|implicit|off
//		helo       <name>
//		trusted_ca <file>
//	}
func (s *Sender) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "mail smtp", "mail.example.com:587", &s.Address, checkAddress); err != nil {
		return err
	}
	err := clause.Block(d, "mail smtp", clause.Words{
		"from":       clause.Value(&s.From, `"SecureMail <no-reply@example.com>"`, checkSender),
		"username":   clause.Value(&s.Username, "loginwall", nil),
		"password":   clause.Value(&s.Password, "{env.SMTP_PASSWORD}", nil),
		"tls":        clause.Value(&s.TLS, "starttls", checkTLS),
		"helo":       clause.Value(&s.Helo, "gateway.example.com", checkHelo),
		"trusted_ca": clause.Value(&s.TrustedCA, "/etc/loginwall/ca.pem", nil),
	})
	if err != nil {
		return err
	}
	if s.From == "" {
		return d.Err(`mail smtp needs a sender: from "SecureMail <no-reply@example.com>"`)
	}
	return nil
}

func checkAddress(v string) error {
	host, port, err := net.SplitHostPort(v)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || host == "" || n == 0 {
		return fmt.Errorf("%q is not a mail server: write host:port, such as mail.example.com:587", v)
	}
	return nil
}

func checkSender(v string) error {
	_, err := eml.ParseSender(v)
	return err
}

func checkTLS(v string) error {
	switch v {
	case tlsStartTLS, tlsImplicit, tlsOff:
		return nil
	}
	return fmt.Errorf("tls %q: it is starttls, implicit or off", v)
}

// heloName is a host name or an address literal (RFC 5321, 4.1.1.1).
var heloName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Za-z:.]+\])$`)

func checkHelo(v string) error {
	if !heloName.MatchString(v) {
		return fmt.Errorf("helo %q is not a host name: write it like gateway.example.com or [192.0.2.1]", v)
	}
	return nil
}
