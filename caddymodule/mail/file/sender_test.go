package file

import (
	"context"
	"errors"
	netmail "net/mail"
	"os"
	"path/filepath"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/policy/message"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	clausetest.Run(t, new(Sender), map[string]clausetest.Case{
		"directory alone": {In: "file ./mails", JSON: `{"directory":"./mails"}`},
		"all words": {
			In:   "file {env.MAILS} {\n from \"SecureMail <no-reply@example.com>\"\n print\n}",
			JSON: `{"directory":"{env.MAILS}","from":"SecureMail <no-reply@example.com>","print":true}`,
		},
		"no directory":    {In: "file", Error: "mail file needs an argument: write mail file /var/lib/loginwall/mails, at Testfile:1"},
		"two directories": {In: "file a b", Error: `unexpected argument "b"`},
		"unknown word":    {In: "file a {\n\n mode 0644\n}", Error: `unknown word "mode" in mail file: write one of from, print, at Testfile:3`},
		"value of print":  {In: "file a {\n print yes\n}", Error: `unexpected value "yes": print takes none, at Testfile:2`},
		"print twice":     {In: "file a {\n print\n print\n}", Error: `"print" is given twice in mail file: keep one, at Testfile:3`},
		"bad sender":      {In: "file a {\n from nobody\n}", Error: `"nobody" is not a sender`},
	})
}

func TestSendMail(t *testing.T) {
	t.Setenv("MAIL_FILE_TEST", filepath.Join(t.TempDir(), "mails"))
	s := &Sender{Directory: "{env.MAIL_FILE_TEST}"}
	clausetest.Provision(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m := message.Mail{ID: "k2", To: "jo@example.org", Subject: "Hi", Text: "a link", HTML: "<p>a link</p>"}
		if err := s.SendMail(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("MAIL_FILE_TEST"), "*Z-k2.eml"))
	if err != nil || len(files) != 1 {
		t.Fatalf("found %v (%v), want one file", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := netmail.ReadMessage(f)
	if err != nil || m.Header.Get("To") != "<jo@example.org>" || m.Header.Get("From") != `"Loginwall" <no-reply@loginwall.invalid>` {
		t.Errorf("mail is %v (%v)", m, err)
	}
}

func TestRefusals(t *testing.T) {
	s := &Sender{Directory: t.TempDir()}
	clausetest.Provision(t, s)
	if err := s.SendMail(t.Context(), message.Mail{ID: "k2", To: "jo"}); !errors.Is(err, message.ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SendMail(ended, message.Mail{ID: "k2", To: "jo@example.org"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	for _, bad := range []*Sender{{}, {Directory: "{env.MAIL_FILE_TEST_ABSENT}"}, {Directory: "/dev/null"}, {Directory: "x", From: "{nobody}"}} {
		if err := clausetest.Load(t, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
