package caddymodule

import (
	"fmt"
	"net/netip"
	"net/url"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy/gate"
)

// letters lets the gate write with the words of the pages.
type letters struct {
	pages  *pages.Renderer
	base   string
	origin func() string
}

// Mail writes a letter. Letters that have no link of their own lead to the forgot page, where its reader goes on.
func (l letters) Mail(kind gate.Letter, d gate.LetterData) (gate.Content, error) {
	letter, err := l.letter(kind, d)
	if err != nil {
		return gate.Content{}, err
	}
	m, err := l.pages.Mail(letter)
	if err != nil {
		return gate.Content{}, err
	}
	return gate.Content{Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
}

func (l letters) letter(kind gate.Letter, d gate.LetterData) (pages.Letter, error) {
	to := pages.Recipient{Language: d.Language, Name: d.Name}
	from := pages.Origin{At: d.At}
	forgot := l.origin() + l.base + "/forgot"
	switch kind {
	case gate.LetterReset:
		return pages.ResetMail{Recipient: to, Link: d.Link, Valid: d.Ends.Sub(d.At), EndsAt: d.Ends}, nil
	case gate.LetterInvitation:
		return pages.InvitationMail{Recipient: to, Link: d.Link, Valid: d.Ends.Sub(d.At), EndsAt: d.Ends}, nil
	case gate.LetterLocked:
		return pages.LockedMail{Recipient: to, Origin: from, Link: forgot}, nil
	case gate.LetterPasswordChanged:
		return pages.PasswordChangedMail{Recipient: to, Origin: from, Link: forgot}, nil
	case gate.LetterContactChange:
		return pages.ContactChangedMail{Recipient: to, Email: d.NewEmail, Phone: d.NewPhone, EffectiveAt: d.Ends}, nil
	case gate.LetterContactNow:
		return pages.ContactNowMail{Recipient: to, Email: d.NewEmail, Phone: d.NewPhone}, nil
	case gate.LetterOnHold:
		return pages.ResetOnHoldMail{Recipient: to, Until: d.Ends}, nil
	case gate.LetterNoPhone:
		return pages.NoPhoneMail{Recipient: to}, nil
	case gate.LetterCodesPaused:
		return pages.CodesPausedMail{Recipient: to, Origin: from, Until: d.Ends, Link: forgot}, nil
	case gate.LetterExpiring:
		change := l.origin() + l.base + "/account/password"
		return pages.ExpiringMail{Recipient: to, EndsAt: d.Ends, Left: d.Ends.Sub(d.At), Link: change}, nil
	}
	return nil, fmt.Errorf("write letter: unknown kind %q", kind)
}

// CodeText writes the text with a code. Phones fill the code in only on the host it names, which cannot be an address.
func (l letters) CodeText(language, code string) (string, error) {
	host := ""
	if u, err := url.Parse(l.origin()); err == nil {
		host = u.Hostname()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		host = ""
	}
	return l.pages.CodeText(pages.CodeText{Language: language, Code: code, Host: host})
}

// CodeCall writes what a voice call says, and names the language it came out in.
func (l letters) CodeCall(language, code string) (string, []string, error) {
	say, err := l.pages.CodeCall(pages.CodeCall{Language: language, Code: code})
	return l.pages.CallLanguage(language), say, err
}

// PasswordChangedText writes the text that tells of a new password.
func (l letters) PasswordChangedText(language string) (string, error) {
	return l.pages.PasswordChangedText(language)
}

// PhoneChangedText writes the text that tells an old number that it is being replaced.
func (l letters) PhoneChangedText(language string) (string, error) {
	return l.pages.PhoneChangedText(language)
}

var _ gate.Words = letters{}
