package caddymodule

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy/gate"
)

// marked is a language whose texts are the English ones with a mark before them.
func marked(t *testing.T) []byte {
	t.Helper()
	english, err := os.ReadFile("../pages/words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(english, &texts); err != nil {
		t.Fatal(err)
	}
	for key, text := range texts {
		if s, ok := text.(string); ok && !strings.HasPrefix(key, "language.") {
			texts[key] = "XX " + s
		}
	}
	out, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Ensure every message is in the language the gate names, and in the first where it names none there is.
func TestLettersInTheLanguageNamed(t *testing.T) {
	renderer, err := pages.New(pages.Options{
		Languages: []string{"en", "nl"}, Overlay: fstest.MapFS{"words/nl.json": {Data: marked(t)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	l := letters{renderer, "/_auth", func() string { return "https://mail.example.test" }}
	const link = "https://mail.example.test/_auth/reset?token=x"
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for language, want := range map[string]string{"nl": "nl", "en": "en", "": "en", "gone": "en"} {
		wrote := map[string]string{}
		note := func(what, text string, err error) {
			if err != nil {
				t.Errorf("%s in %q: %v", what, language, err)
			}
			wrote[what] = text
		}
		for _, kind := range []gate.Letter{
			gate.LetterReset, gate.LetterInvitation, gate.LetterLocked, gate.LetterPasswordChanged, gate.LetterContactChange,
			gate.LetterContactNow, gate.LetterOnHold, gate.LetterNoPhone, gate.LetterCodesPaused,
		} {
			content, err := l.Mail(kind, gate.LetterData{Language: language, Link: link, At: at, Ends: at.Add(time.Hour)})
			note(string(kind), content.Subject, err)
		}
		text, err := l.CodeText(language, "123456")
		note("code", text, err)
		spoken, say, err := l.CodeCall(language, "123456")
		note("call", strings.Join(say, " "), err)
		text, err = l.PasswordChangedText(language)
		note("password changed", text, err)
		text, err = l.PhoneChangedText(language)
		note("phone changed", text, err)

		if spoken != want {
			t.Errorf("call in %q is spoken in %q, want %q", language, spoken, want)
		}
		for what, text := range wrote {
			if strings.HasPrefix(text, "XX ") != (want == "nl") {
				t.Errorf("%s in %q: %s", what, language, text)
			}
		}
	}
}
