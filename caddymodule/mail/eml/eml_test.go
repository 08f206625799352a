package eml

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/message"
)

var (
	sender = netmail.Address{Name: "Sécure Mail", Address: "no-reply@example.com"}
	at     = time.Date(2026, 11, 25, 22, 15, 30, 0, time.UTC)
)

func good() message.Mail {
	return message.Mail{
		ID: "k2a4", To: "jo@example.org", Subject: "Your link ✓",
		Text: "Hello Jö,\n\nhttps://mail.example.com/_auth/reset?token=" + strings.Repeat("a", 120) + "\n",
		HTML: "<p>Hello Jö</p>",
	}
}

// Ensure a reader of mail finds in it exactly what was put in, once.
func TestBuild(t *testing.T) {
	m := good()
	parsed := mustParse(t, m)
	header := parsed.Header
	for name, want := range map[string]string{
		"Message-ID":     "<k2a4@example.com>",
		"Auto-Submitted": "auto-generated",
		"To":             "<jo@example.org>",
		"Date":           "Wed, 25 Nov 2026 22:15:30 +0000",
	} {
		if got := header[netHeader(name)]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q once", name, got, want)
		}
	}
	for _, absent := range []string{"Bcc", "Cc", "User-Agent", "X-Mailer"} {
		if header.Get(absent) != "" {
			t.Errorf("%s is %q, want none", absent, header.Get(absent))
		}
	}
	from, err := header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != sender {
		t.Errorf("From is %v (%v), want %v", from, err, sender)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("Subject is %q (%v), want %q", subject, err, m.Subject)
	}

	parts := mustParts(t, parsed)
	if len(parts) != 2 || parts[0].kind != "text/plain" || parts[1].kind != "text/html" {
		t.Fatalf("parts are %v, want text/plain, then text/html, which programs prefer", parts)
	}
	if parts[0].body != strings.ReplaceAll(m.Text, "\n", "\r\n") || parts[1].body != m.HTML {
		t.Errorf("bodies are %q, want what was put in", parts)
	}
}

func TestBuildWithoutHTML(t *testing.T) {
	m := good()
	m.HTML = ""
	kind, _, err := mime.ParseMediaType(mustParse(t, m).Header.Get("Content-Type"))
	if err != nil || kind != "text/plain" {
		t.Errorf("content type is %q (%v), want text/plain", kind, err)
	}
}

func TestXS05_HeaderInjectionIsRefused(t *testing.T) {
	for name, change := range map[string]func(*message.Mail){
		"line end in address":     func(m *message.Mail) { m.To = "jo@example.org\r\nBcc: eve@example.net" },
		"line feed in address":    func(m *message.Mail) { m.To = "jo@example.org\nBcc: eve@example.net" },
		"line end in quoted part": func(m *message.Mail) { m.To = "\"jo\r\nBcc: eve@example.net\"@example.org" },
		"two addresses":           func(m *message.Mail) { m.To = "jo@example.org, eve@example.net" },
		"name before address":     func(m *message.Mail) { m.To = "Jo <jo@example.org>" },
		"angle brackets":          func(m *message.Mail) { m.To = "<jo@example.org>" },
		"command parameter":       func(m *message.Mail) { m.To = "jo@example.org> SIZE=1" },
		"comment":                 func(m *message.Mail) { m.To = "jo@example.org (x)" },
		"local part of 300 bytes": func(m *message.Mail) { m.To = strings.Repeat("a", 300) + "@example.org" },
		"domain beyond ASCII":     func(m *message.Mail) { m.To = "jo@exämple.org" },
		"no domain":               func(m *message.Mail) { m.To = "jo" },
		"no address":              func(m *message.Mail) { m.To = "" },
		"line end in subject":     func(m *message.Mail) { m.Subject = "Hi\r\nBcc: eve@example.net" },
		"line separator":          func(m *message.Mail) { m.Subject = "Hi\u0085Bcc: eve@example.net" },
		"zero byte":               func(m *message.Mail) { m.Subject = "Hi\x00" },
		"broken text":             func(m *message.Mail) { m.Subject = "Hi\xff" },
		"line end in id":          func(m *message.Mail) { m.ID = "k\r\nBcc: eve@example.net" },
		"id closes early":         func(m *message.Mail) { m.ID = "k@x> <y" },
		"no id":                   func(m *message.Mail) { m.ID = "" },
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			change(&m)
			out, err := Build(m, sender, at, Wire)
			if !errors.Is(err, message.ErrRefused) || out != nil {
				t.Fatalf("got %d bytes and %v, want a refusal", len(out), err)
			}
			if strings.Contains(err.Error(), "eve@") || strings.Contains(err.Error(), "jo@") {
				t.Errorf("error %q holds an address", err)
			}
		})
	}
}

func TestXS05_EncodedTextStaysText(t *testing.T) {
	for _, subject := range []string{"%0d%0aBcc: eve@example.net", "=?utf-8?q?a=0D=0ABcc:_eve@example.net?=", strings.Repeat("lang ", 150), strings.Repeat("ä", 400)} {
		m := good()
		m.Subject = subject
		parsed := mustParse(t, m)
		if parsed.Header.Get("Bcc") != "" {
			t.Errorf("subject %q made a Bcc", subject)
		}
		if raw := parsed.Header["Subject"]; len(raw) != 1 {
			t.Errorf("subject %q became %d headers", subject, len(raw))
		}
	}
}

func FuzzXS06_NoLineEndOfItsOwn(f *testing.F) {
	f.Add("Hi", "x\r\n.\r\nMAIL FROM:<eve@example.net>\r\n", "<p>\n.\n</p>")
	f.Add("Hi", "x\n.\ny\r.\rz", strings.Repeat("a", 5000))
	f.Add(strings.Repeat("word ", 300), "", "\r")
	f.Fuzz(func(t *testing.T, subject, text, html string) {
		out, err := Build(message.Mail{ID: "k", To: "jo@example.org", Subject: subject, Text: text, HTML: html}, sender, at, Wire)
		if err != nil {
			if !errors.Is(err, message.ErrRefused) {
				t.Fatal(err)
			}
			return
		}
		lines := bytes.Split(out, []byte("\r\n"))
		for _, line := range lines {
			if bytes.ContainsAny(line, "\r\n\x00") || len(line) > 998 {
				t.Fatalf("line %q ends in other than CRLF or is too long", line)
			}
		}
		if _, err := netmail.ReadMessage(bytes.NewReader(out)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestParseSender(t *testing.T) {
	for s, want := range map[string]netmail.Address{
		"SecureMail <no-reply@example.com>":     {Name: "SecureMail", Address: "no-reply@example.com"},
		`"Mail, Inc." <no-reply@example.com>`:   {Name: "Mail, Inc.", Address: "no-reply@example.com"},
		"no-reply@example.com":                  {Address: "no-reply@example.com"},
		"Praxis Dr. Müller <post@praxis.test>":  {Name: "Praxis Dr. Müller", Address: "post@praxis.test"},
		"example.com":                           {},
		"":                                      {},
		"A <a@example.com>, B <b@example.com>":  {},
		"A <a@example.com>\r\nBcc: b@evil.test": {},
	} {
		got, err := ParseSender(s)
		if (err != nil) != (want == netmail.Address{}) || got != want {
			t.Errorf("ParseSender(%q) is %v and %v, want %v", s, got, err, want)
		}
	}
}

type part struct{ kind, body string }

func mustParse(t *testing.T, m message.Mail) *netmail.Message {
	t.Helper()
	out, err := Build(m, sender, at, Wire)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return parsed
}

func mustParts(t *testing.T, parsed *netmail.Message) (parts []part) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type is %q (%v), want multipart/alternative", kind, err)
	}
	for r := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part is %v (%v), want quoted-printable UTF-8", p.Header, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{kind, string(body)})
	}
}

func netHeader(name string) string {
	if name == "Message-ID" {
		return "Message-Id" // as net/mail spells its keys
	}
	return name
}

// Ensure a mail in a file can be read as it is, with its link in one piece.
func TestBuildPlain(t *testing.T) {
	link := "https://mail.example.com/_auth/reset?token=" + strings.Repeat("x", 43)
	out, err := Build(message.Mail{ID: "k", To: "jo@example.org", Subject: "s", Text: "Hello Jörg,\n\n" + link + "\n", HTML: "<p>" + link + "</p>"}, sender, at, Plain)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(out); strings.Count(text, link) != 2 || !strings.Contains(text, "Jörg") || !strings.Contains(text, "8bit") {
		t.Errorf("%s", text)
	}
}
