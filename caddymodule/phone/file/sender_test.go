package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/policy/message"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	clausetest.Run(t, new(Sender), map[string]clausetest.Case{
		"directory alone": {In: "file ./texts", JSON: `{"directory":"./texts"}`},
		"printed":         {In: "file ./texts {\n print\n}", JSON: `{"directory":"./texts","print":true}`},
		"no directory":    {In: "file {\n print\n}", Error: "phone file needs an argument: write phone file /var/lib/loginwall/texts, at Testfile:1"},
		"two directories": {In: "file a b", Error: `unexpected argument "b"`},
		"unknown word":    {In: "file a {\n from x\n}", Error: `unknown word "from" in phone file: write one of print, at Testfile:2`},
	})
}

func TestSend(t *testing.T) {
	s := &Sender{Directory: filepath.Join(t.TempDir(), "texts")}
	clausetest.Provision(t, s)
	if got := s.Methods(); !reflect.DeepEqual(got, []string{"text", "call"}) {
		t.Errorf("methods are %v", got)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := message.Text{ID: "t1", To: "+15550100", Body: "Your code is 123456.\n\n@mail.example.com #123456"}
	call := message.Call{ID: "c1", To: "+15550101", Language: "es", Say: []string{"Su código es", "1, 2, 3"}}
	for range 2 {
		if err := errors.Join(s.SendText(t.Context(), text), s.SendCall(t.Context(), call)); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{
		"*Z-t1.txt": "To: +15550100\nKind: text\n\nYour code is 123456.\n\n@mail.example.com #123456",
		"*Z-c1.txt": "To: +15550101\nKind: call\nLanguage: es\n\nSu código es\n1, 2, 3",
	} {
		names, err := filepath.Glob(filepath.Join(s.Directory, pattern))
		if err != nil || len(names) != 1 {
			t.Fatalf("%s: found %v (%v), want one file", pattern, names, err)
		}
		if got, err := os.ReadFile(names[0]); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %q", pattern, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := &Sender{Directory: t.TempDir()}
	clausetest.Provision(t, s)
	if err := s.SendText(t.Context(), message.Text{ID: "../x"}); !errors.Is(err, message.ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.SendCall(ended, message.Call{ID: "c1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	for _, bad := range []*Sender{{}, {Directory: "{env.PHONE_FILE_TEST_ABSENT}"}, {Directory: "/dev/null"}} {
		if err := clausetest.Load(t, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}
