package pages

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Mail is a rendered mail. Subject is one line. Text and HTML say the same; neither loads anything.
type Mail struct {
	Subject string
	Text    string
	HTML    string
}

// Letter is a mail to be rendered. Only the structs of this package are letters.
type Letter interface {
	language() string
	content() content
}

// content is what every letter consists of. The link stands alone on its line.
type content struct {
	Subject  Phrase
	Greeting Phrase
	Before   []Phrase
	Link     string
	Action   Phrase // what the link does, for a button
	After    []Phrase
}

// Recipient is whom a letter goes to, as far as its words need to know.
type Recipient struct {
	Language string // one of Options.Languages, "" for the first
	Name     string // for the greeting, may be ""
}

func (r Recipient) language() string { return r.Language }

func (r Recipient) greeting() Phrase {
	if flat(r.Name) == "" {
		return say("mail.hello")
	}
	return say("mail.hello_name", "name", shorten(r.Name, 80))
}

// Origin is where something was done from, for the mail that tells of it. All of it may be missing.
type Origin struct {
	At      time.Time
	Address string
	Agent   string // User-Agent as received
}

func (o Origin) phrase() Phrase {
	if o.Address == "" {
		return say("mail.when", "time", o.At)
	}
	return say("mail.when_where", "time", o.At, "address", shorten(o.Address, 45))
}

// ResetMail brings the link of a reset. Link is absolute; it ends at EndsAt, Valid after it was made.
type ResetMail struct {
	Recipient
	Link   string
	Valid  time.Duration
	EndsAt time.Time
}

func (m ResetMail) content() content {
	return content{
		Subject: say("mail.reset.subject"), Greeting: m.greeting(), Link: m.Link, Action: say("mail.reset.action"),
		Before: []Phrase{say("mail.reset.why"), say("mail.reset.how")},
		After: []Phrase{
			say("mail.link.ends", "span", m.Valid, "time", m.EndsAt), say("mail.reset.not_you"),
		},
	}
}

// InvitationMail brings the link by which an account is set up.
type InvitationMail struct {
	Recipient
	Link   string
	Valid  time.Duration
	EndsAt time.Time
}

func (m InvitationMail) content() content {
	return content{
		Subject: say("mail.invitation.subject"), Greeting: m.greeting(), Link: m.Link, Action: say("mail.invitation.action"),
		Before: []Phrase{say("mail.invitation.why"), say("mail.invitation.how")},
		After: []Phrase{
			say("mail.link.ends", "span", m.Valid, "time", m.EndsAt), say("mail.invitation.not_you"),
		},
	}
}

// LockedMail tells the owner that too many wrong passwords have locked the account. Link leads to the forgot page.
type LockedMail struct {
	Recipient
	Origin Origin
	Link   string
}

func (m LockedMail) content() content {
	return content{
		Subject: say("mail.locked.subject"), Greeting: m.greeting(), Link: m.Link, Action: say("mail.locked.action"),
		Before: []Phrase{say("mail.locked.what"), m.Origin.phrase(), say("mail.locked.how")},
		After:  []Phrase{say("mail.locked.not_you")},
	}
}

// PasswordChangedMail tells the owner of a new password. Link leads to the forgot page.
type PasswordChangedMail struct {
	Recipient
	Origin Origin
	Link   string
}

func (m PasswordChangedMail) content() content {
	what := []Phrase{say("mail.changed.what"), m.Origin.phrase()}
	if m.Origin.Agent != "" {
		what = append(what, say("mail.changed.device", "device", device(m.Origin.Agent)))
	}
	return content{
		Subject: say("mail.changed.subject"), Greeting: m.greeting(), Link: m.Link, Action: say("mail.changed.action"),
		Before: append(what, say("mail.changed.not_you")),
	}
}

// ContactChangedMail goes to the old address when the address or the phone number of an account is changed. Email and
// Phone are the new ones, masked; "" for one that stays.
type ContactChangedMail struct {
	Recipient
	Email       string
	Phone       string
	EffectiveAt time.Time
}

func (m ContactChangedMail) content() content {
	before := []Phrase{say("mail.contact.what")}
	if m.Email != "" {
		before = append(before, say("mail.contact.email", "email", m.Email))
	}
	if m.Phone != "" {
		before = append(before, say("mail.contact.phone", "phone", m.Phone))
	}
	return content{
		Subject: say("mail.contact.subject"), Greeting: m.greeting(),
		Before: append(before, say("mail.contact.when", "time", m.EffectiveAt)),
		After:  []Phrase{say("mail.contact.not_you")},
	}
}

// ContactNowMail goes to the address that counts from now on, when a change of address or number takes effect. Email and
// Phone are masked; "" for one that stays.
type ContactNowMail struct {
	Recipient
	Email string
	Phone string
}

func (m ContactNowMail) content() content {
	c := content{Subject: say("mail.contact_now.subject"), Greeting: m.greeting(), After: []Phrase{say("mail.contact_now.not_you")}}
	if m.Email != "" {
		c.Before = append(c.Before, say("mail.contact_now.email"))
	}
	if m.Phone != "" {
		c.Before = append(c.Before, say("mail.contact_now.phone", "phone", m.Phone))
	}
	return c
}

// ResetOnHoldMail answers a request for a reset while a contact change waits: no link before Until.
type ResetOnHoldMail struct {
	Recipient
	Until time.Time
}

func (m ResetOnHoldMail) content() content {
	return content{
		Subject: say("mail.hold.subject"), Greeting: m.greeting(),
		Before: []Phrase{say("mail.hold.why"), say("mail.hold.when", "time", m.Until)},
		After:  []Phrase{say("mail.hold.not_you")},
	}
}

// NoPhoneMail answers a request for a reset of an account that has no phone number to send a code to.
type NoPhoneMail struct{ Recipient }

func (m NoPhoneMail) content() content {
	return content{
		Subject: say("mail.no_phone.subject"), Greeting: m.greeting(),
		Before: []Phrase{say("mail.no_phone.why"), say("mail.no_phone.how")},
		After:  []Phrase{say("mail.no_phone.not_you")},
	}
}

// CodesPausedMail tells the owner that too many wrong codes were entered, so that no code is sent until Until. Link leads
// to the forgot page.
type CodesPausedMail struct {
	Recipient
	Origin Origin
	Until  time.Time
	Link   string
}

func (m CodesPausedMail) content() content {
	return content{
		Subject: say("mail.codes.subject"), Greeting: m.greeting(), Link: m.Link, Action: say("mail.codes.action"),
		Before: []Phrase{say("mail.codes.what"), m.Origin.phrase(), say("mail.codes.when", "time", m.Until), say("mail.codes.how")},
		After:  []Phrase{say("mail.codes.not_you")},
	}
}

// ExpiringMail tells the owner that the password ends at EndsAt, Left from now. Link leads to the page on which it is
// changed.
type ExpiringMail struct {
	Recipient
	EndsAt time.Time
	Left   time.Duration
	Link   string
}

func (m ExpiringMail) content() content {
	return content{
		Action: say("mail.expiring.action"), Subject: say("mail.expiring.subject", "span", m.Left), Greeting: m.greeting(), Link: m.Link,
		Before: []Phrase{say("mail.expiring.what", "span", m.Left, "time", m.EndsAt), say("mail.expiring.how")},
		After:  []Phrase{say("mail.expiring.late")},
	}
}

// Mail renders l. An error means that the letter has no usable link or a template failed; it holds nothing of the
// letter.
func (r *Renderer) Mail(l Letter) (Mail, error) { return r.mail(r.edition(l.language()), l) }

func (r *Renderer) mail(e *edition, l Letter) (Mail, error) {
	c := l.content()
	if c.Link != "" {
		if err := checkLink(c.Link); err != nil {
			return Mail{}, err
		}
	}
	subject, err := e.words.plain(c.Subject)
	if err != nil {
		return Mail{}, fmt.Errorf("render mail: %w", err)
	}
	var text, html bytes.Buffer
	if err := e.mailText.Execute(&text, c); err != nil {
		return Mail{}, fmt.Errorf("render mail: %w", err)
	}
	if err := e.mailHTML.Execute(&html, c); err != nil {
		return Mail{}, fmt.Errorf("render mail: %w", err)
	}
	// A line end in a words file would reach the header as well as one in a name.
	return Mail{Subject: flat(subject), Text: text.String(), HTML: html.String()}, nil
}

// checkLink refuses a link that mail programs would not show as one piece: it stands in the text part as it is.
func checkLink(link string) error {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>`, r) }) {
		return fmt.Errorf("render mail: link is not an absolute http address")
	}
	return nil
}

// shorten cuts s to at most the given number of characters, so that a name cannot become the message.
func shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
