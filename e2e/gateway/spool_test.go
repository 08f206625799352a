package gateway

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Spool is where file senders write, for all gateways that share it.
type Spool struct {
	tb    testing.TB
	dir   string
	taken map[string]bool        // files whose link or code has been handed out
	link  func(to string) string // gives links instead, where mails go somewhere else
}

// Mail is a mail that would have been sent.
type Mail struct {
	File, To, Subject, Text string
}

// Text is a text or a call that would have been made.
type Text struct {
	File, To, Kind, Body string
}

// Mails are those written so far for an address, in the order of their names.
func (s *Spool) Mails(to string) []Mail {
	s.tb.Helper()
	var mails []Mail
	for path, raw := range s.files("mail", ".eml") {
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			s.tb.Fatalf("read %s: %v", path, err)
		}
		address, err := mail.ParseAddress(m.Header.Get("To"))
		if err != nil {
			s.tb.Fatalf("read recipient of %s: %v", path, err)
		}
		if address.Address != to {
			continue
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil {
			s.tb.Fatalf("read subject of %s: %v", path, err)
		}
		mails = append(mails, Mail{File: path, To: address.Address, Subject: subject, Text: s.firstPart(path, m)})
	}
	slices.SortFunc(mails, func(a, b Mail) int { return strings.Compare(a.File, b.File) })
	return mails
}

// firstPart is a mail's text.
func (s *Spool) firstPart(path string, m *mail.Message) string {
	s.tb.Helper()
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		s.tb.Fatalf("read type of %s: %v", path, err)
	}
	part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart() // decodes quoted-printable
	if err != nil {
		s.tb.Fatalf("read part of %s: %v", path, err)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		s.tb.Fatalf("read text of %s: %v", path, err)
	}
	return string(text)
}

// Texts are the texts and calls written so far for a number.
func (s *Spool) Texts(to string) []Text {
	s.tb.Helper()
	var texts []Text
	for path, raw := range s.files("phone", ".txt") {
		head, body, _ := strings.Cut(string(raw), "\n\n")
		t := Text{File: path, Body: body}
		for line := range strings.SplitSeq(head, "\n") {
			switch name, value, _ := strings.Cut(line, ": "); name {
			case "To":
				t.To = value
			case "Kind":
				t.Kind = value
			}
		}
		if t.To == to {
			texts = append(texts, t)
		}
	}
	slices.SortFunc(texts, func(a, b Text) int { return strings.Compare(a.File, b.File) })
	return texts
}

// files are the finished files of a kind.
func (s *Spool) files(kind, extension string) map[string][]byte {
	s.tb.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, kind, "*"+extension))
	if err != nil {
		s.tb.Fatal(err)
	}
	files := make(map[string][]byte, len(paths))
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			s.tb.Fatalf("read %s: %v", path, err)
		}
		files[path] = raw
	}
	return files
}

// linkPattern finds the address of a link with a token.
var linkPattern = regexp.MustCompile(`https?://\S+\?token=[A-Za-z0-9_-]+`)

// Link waits for a link that was mailed to an address and has not been handed out before.
func (s *Spool) Link(to string) string {
	s.tb.Helper()
	if s.link != nil {
		return s.link(to)
	}
	link := ""
	eventually(s.tb, "link in a mail to "+to, patience, func() bool {
		for _, m := range s.Mails(to) {
			if link = linkPattern.FindString(m.Text); link != "" && !s.taken[m.File] {
				s.taken[m.File] = true
				return true
			}
		}
		return false
	})
	return link
}

var codePattern = regexp.MustCompile(`\b[0-9]{6}\b`)

// Code waits for a code that was texted to a number and has not been handed out before.
func (s *Spool) Code(to string) string {
	s.tb.Helper()
	code := ""
	eventually(s.tb, "code in a text to "+to, patience, func() bool {
		for _, t := range s.Texts(to) {
			if code = codePattern.FindString(t.Body); code != "" && !s.taken[t.File] {
				s.taken[t.File] = true
				return true
			}
		}
		return false
	})
	return code
}
