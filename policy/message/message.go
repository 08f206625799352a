// Package message sends mails, texts and calls: what they are, what a sender must do, and the durable outbox that
// all of them go through, so that no page ever waits for a server.
package message

import (
	"context"
	"errors"
)

// Mail is one mail to one person. Text and HTML say the same.
type Mail struct {
	ID      string `json:"id"` // the same on every try: becomes the Message-ID, so that a doubled mail can be seen as one
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Text is one text message. To is E.164; Body is sent to the letter, nothing may be added after its last line.
type Text struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	Body string `json:"body"`
}

// Call is one voice call. To is E.164. Say holds sentences to be spoken in order with a pause between them; digits are
// already spaced out and repeated. Language is a BCP 47 tag.
type Call struct {
	ID       string   `json:"id"`
	To       string   `json:"to"`
	Language string   `json:"language"`
	Say      []string `json:"say"`
}

// ErrRefused is wrapped by a sender's error when the message will not go through however often it is tried: a bad
// number, a mailbox that does not exist, a rejected template. All other errors are tried again.
var ErrRefused = errors.New("message refused")

// MailSender hands a mail to a server. It blocks until the server has taken it, at most until ctx ends; nil means the
// server has taken responsibility. Calling it twice sends twice. Errors hold no address, subject or body.
type MailSender interface {
	SendMail(ctx context.Context, m Mail) error
}

// PhoneSender hands texts and calls to a provider, under the same terms as MailSender.
type PhoneSender interface {
	SendText(ctx context.Context, t Text) error
	SendCall(ctx context.Context, c Call) error
}

// Checker is an optional ability of a sender: to say whether it could send now, without sending anything.
type Checker interface {
	Check(ctx context.Context) error
}
