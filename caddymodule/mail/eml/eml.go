// Package eml writes a mail in the form of the Internet Message Format (RFC 5322, MIME): what is handed to a mail
// server, or kept as a file.
package eml

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail"

	"github.com/loginwall/loginwall/policy/message"
)

// maxAddress is the longest address an SMTP server must take, in bytes (RFC 5321, 4.5.3.1.3).
const maxAddress = 254

// safeID is what may stand left of the @ of a Message-ID without quoting.
var safeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// Form is how the texts of a mail are written.
type Form mail.Encoding

// The forms of a mail.
const (
	// Wire survives every server on the way: quoted-printable.
	Wire = Form(mail.EncodingQP)
	// Plain can be read, searched and copied from as it is: links stay in one piece.
	Plain = Form(mail.NoEncoding)
)

// Build writes m as from's mail of the time at, with CRLF line ends, in the form Wire with no line over 998 bytes: text and HTML as
// alternatives of each other, the HTML left out when there is none. The Message-ID follows from m.ID and from alone, so
// it is the same on every try. Mail programs are asked not to answer (RFC 3834).
//
// A header value that could begin a header of its own is refused with [message.ErrRefused] rather than cleaned: a mail
// with somebody else's words in its headers must not be sent, and cleaning would hide where it came from.
func Build(m message.Mail, from netmail.Address, at time.Time, form Form) ([]byte, error) {
	if !safeID.MatchString(m.ID) {
		return nil, refuse("the id holds more than letters, digits, _ and -")
	}
	if err := CheckAddress(m.To); err != nil {
		return nil, refuse("the recipient's address is not one address")
	}
	if strings.ContainsFunc(m.Subject, unicode.IsControl) || !utf8.ValidString(m.Subject) {
		return nil, refuse("the subject holds control characters")
	}

	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.Encoding(form)))
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetDateWithValue(at.UTC())
	_, domain, _ := cutAddress(from.Address)
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}

	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	return out.Bytes(), nil
}

// CheckAddress says whether s is one bare address, such as jo@example.com, that fits on one line of a header or a
// command. It allows letters beyond ASCII left of the @ (RFC 6532). The error does not quote the address.
func CheckAddress(s string) error {
	if len(s) > maxAddress || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("address is too long or holds control characters")
	}
	// Parsing must give back the very same: then there are no second address, comment, name or quoting in it that a
	// server could read differently.
	if parsed, err := netmail.ParseAddress(s); err != nil || parsed.Name != "" || parsed.Address != s || strings.ContainsAny(s, "<> ") {
		return errors.New("not one address: write it like jo@example.com")
	}
	if _, domain, ok := cutAddress(s); !ok || !isASCII(domain) {
		return errors.New("the address's domain is not in ASCII form")
	}
	return nil
}

// ParseSender reads what people know as the sender of a mail, such as "SecureMail <no-reply@example.com>" or the
// address alone.
func ParseSender(s string) (netmail.Address, error) {
	parsed, err := netmail.ParseAddress(s)
	if err != nil || strings.ContainsFunc(s, unicode.IsControl) || CheckAddress(parsed.Address) != nil {
		return netmail.Address{}, fmt.Errorf(`%q is not a sender: write it like "SecureMail <no-reply@example.com>"`, s)
	}
	return *parsed, nil
}

func cutAddress(s string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", "", false
	}
	return s[:at], s[at+1:], true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func refuse(why string) error { return fmt.Errorf("write mail: %s: %w", why, message.ErrRefused) }
