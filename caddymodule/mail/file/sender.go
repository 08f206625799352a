// Package file is the guest module login_wall.mail.file: mails written as files instead of being sent, for trying
// things out.
package file

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/mail/eml"
	"github.com/loginwall/loginwall/caddymodule/spool"
	"github.com/loginwall/loginwall/policy/message"
)

// defaultFrom is the sender where none is named. The domain is one that no mail can come from (RFC 2606).
const defaultFrom = "Loginwall <no-reply@loginwall.invalid>"

// Sender writes each mail to a file of its own, TIME-ID.eml, which mail programs open. The files hold links that work:
// directory and files are for their owner alone. The same mail tried twice is one file. Every value accepts
// placeholders.
type Sender struct {
	// Where the files go. It is made when the first mail is written. Required.
	Directory string `json:"directory,omitempty"`

	// The sender people see. Default: Loginwall <no-reply@loginwall.invalid>.
	From string `json:"from,omitempty"`

	// Also print each mail's text to standard error.
	Print bool `json:"print,omitempty"`

	from  netmail.Address
	spool *spool.Directory
}

// CaddyModule describes the module to Caddy.
func (Sender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "login_wall.mail.file",
		New: func() caddy.Module { return new(Sender) },
	}
}

// UnmarshalCaddyfile sets up the sender from Caddyfile tokens. Syntax:
//
//	mail file <directory> {
//		from <"Name <address>">
//		print
//	}
func (s *Sender) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "mail file", "/var/lib/loginwall/mails", &s.Directory, nil); err != nil {
		return err
	}
	return clause.Block(d, "mail file", clause.Words{
		"from":  clause.Value(&s.From, `"SecureMail <no-reply@example.com>"`, checkSender),
		"print": clause.Flag(&s.Print),
	})
}

// Provision expands placeholders. It makes no directory: a configuration that is only looked at leaves no trace.
func (s *Sender) Provision(caddy.Context) error {
	directory, err := clause.Expand("directory", s.Directory, nil)
	if err != nil {
		return err
	}
	if directory == "" {
		return errors.New("mail file needs a directory")
	}
	if directory, err = filepath.Abs(directory); err != nil {
		return fmt.Errorf("find directory: %w", err)
	}
	s.spool = &spool.Directory{Path: directory}
	if s.Print {
		s.spool.Echo = os.Stderr
	}
	from, err := clause.Expand("from", s.From, checkSender)
	if err != nil {
		return err
	}
	if from == "" {
		from = defaultFrom
	}
	s.from, err = eml.ParseSender(from)
	return err
}

// Validate refuses a directory that is something else.
func (s *Sender) Validate() error { return s.spool.Validate() }

// SendMail writes m to its file. It does not wait for anything, so ctx only matters when it has already ended.
func (s *Sender) SendMail(ctx context.Context, m message.Mail) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	now := time.Now()
	raw, err := eml.Build(m, s.from, now, eml.Plain)
	if err != nil {
		return err
	}
	return s.spool.Write(spool.File{
		ID: m.ID, Extension: ".eml", At: now, Content: raw,
		Readable: fmt.Sprintf("To: %s\nSubject: %s\n\n%s", m.To, m.Subject, m.Text),
	})
}

// Check says whether the directory can be written to.
func (s *Sender) Check(context.Context) error { return s.spool.Check() }

func checkSender(v string) error {
	_, err := eml.ParseSender(v)
	return err
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Sender)(nil)
	_ caddy.Validator       = (*Sender)(nil)
	_ caddyfile.Unmarshaler = (*Sender)(nil)
	_ message.MailSender    = (*Sender)(nil)
	_ message.Checker       = (*Sender)(nil)
)
