package policy

import "time"

// MessageKind says what is to be done with a queued message.
type MessageKind string

// The kinds of queued message. Forgot and Contact are work that leads to mails and is queued with them: what a page
// would otherwise have to wait for, or what must happen later.
const (
	KindMail    MessageKind = "mail"
	KindText    MessageKind = "text"
	KindCall    MessageKind = "call"
	KindForgot  MessageKind = "forgot"
	KindContact MessageKind = "contact"
)

// Message is one entry of the outbox. Payload is sealed: it holds links, codes and addresses.
type Message struct {
	Version   int         `json:"v"`
	ID        string      `json:"id"` // 128 random bits, base32
	Kind      MessageKind `json:"kind"`
	Account   AccountID   `json:"account,omitempty"`
	Link      LinkKey     `json:"link,omitempty"` // the reset that is told how the sending ended
	Payload   []byte      `json:"payload,omitempty"`
	CreatedAt time.Time   `json:"created_at"`
	NotBefore time.Time   `json:"not_before"`
	ExpiresAt time.Time   `json:"expires_at"` // after this it makes no sense any more
	Attempts  int         `json:"attempts,omitempty"`
}
