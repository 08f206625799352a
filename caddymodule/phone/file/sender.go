// Package file is the guest module login_wall.phone.file: texts and calls written as files instead of being sent, for
// trying things out.
package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/spool"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/message"
)

// Sender writes each text and each call to a file of its own, TIME-ID.txt: lines "To: …", "Kind: text" or "Kind: call",
// for a call "Language: …", an empty line, and the text or what would be spoken, one sentence a line. The files hold
// codes that work: directory and files are for their owner alone. The same message tried twice is one file. Every value
// accepts placeholders.
type Sender struct {
	// Where the files go. It is made when the first message is written. Required.
	Directory string `json:"directory,omitempty"`

	// Also print each message to standard error.
	Print bool `json:"print,omitempty"`

	spool *spool.Directory
}

// CaddyModule describes the module to Caddy.
func (Sender) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "login_wall.phone.file",
		New: func() caddy.Module { return new(Sender) },
	}
}

// UnmarshalCaddyfile sets up the sender from Caddyfile tokens. Syntax:
//
//	phone file <directory> {
//		print
//	}
func (s *Sender) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "phone file", "/var/lib/loginwall/texts", &s.Directory, nil); err != nil {
		return err
	}
	return clause.Block(d, "phone file", clause.Words{"print": clause.Flag(&s.Print)})
}

// Provision expands placeholders. It makes no directory: a configuration that is only looked at leaves no trace.
func (s *Sender) Provision(caddy.Context) error {
	directory, err := clause.Expand("directory", s.Directory, nil)
	if err != nil {
		return err
	}
	if directory == "" {
		return errors.New("phone file needs a directory")
	}
	if directory, err = filepath.Abs(directory); err != nil {
		return fmt.Errorf("find directory: %w", err)
	}
	s.spool = &spool.Directory{Path: directory}
	if s.Print {
		s.spool.Echo = os.Stderr
	}
	return nil
}

// Validate refuses a directory that is something else.
func (s *Sender) Validate() error { return s.spool.Validate() }

// Methods names what can be sent: both.
func (s *Sender) Methods() []string {
	return []string{string(policy.MethodText), string(policy.MethodCall)}
}

// SendText writes t to its file, its body to the letter.
func (s *Sender) SendText(ctx context.Context, t message.Text) error {
	return s.write(ctx, t.ID, fmt.Sprintf("To: %s\nKind: text\n\n%s", t.To, t.Body))
}

// SendCall writes c to its file.
func (s *Sender) SendCall(ctx context.Context, c message.Call) error {
	return s.write(ctx, c.ID, fmt.Sprintf("To: %s\nKind: call\nLanguage: %s\n\n%s", c.To, c.Language, strings.Join(c.Say, "\n")))
}

// Check says whether the directory can be written to.
func (s *Sender) Check(context.Context) error { return s.spool.Check() }

func (s *Sender) write(ctx context.Context, id, content string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	return s.spool.Write(spool.File{
		ID: id, Extension: ".txt", At: time.Now(), Content: []byte(content), Readable: content,
	})
}

// Interface guards
var (
	_ caddy.Provisioner     = (*Sender)(nil)
	_ caddy.Validator       = (*Sender)(nil)
	_ caddyfile.Unmarshaler = (*Sender)(nil)
	_ message.PhoneSender   = (*Sender)(nil)
	_ message.Checker       = (*Sender)(nil)
)
