package policy

import "time"

// Purpose says which mail a link came from, and so which address it is opened at.
type Purpose string

// The purposes of a link.
const (
	PurposeReset      Purpose = "reset"
	PurposeInvitation Purpose = "invitation"
)

// Method is how a code reaches the registered phone.
type Method string

// The methods a person can choose from.
const (
	MethodText Method = "text"
	MethodCall Method = "call"
)

// Delivery is how far the latest sending of a code has come.
type Delivery string

// The deliveries of a code.
const (
	DeliveryNone    Delivery = ""
	DeliverySending Delivery = "sending"
	DeliverySent    Delivery = "sent"
	DeliveryFailed  Delivery = "failed"
)

// Step is what a browser must do next in a reset or a set-up.
type Step string

// The steps, in order. A step is reached only by the proof before it.
const (
	StepMethod   Step = "method"
	StepCode     Step = "code"
	StepPassword Step = "password"
	StepDone     Step = "done"
)

// Reset is one emailed link of an account and what has been proved with it. The token itself is never stored, and
// neither is the code: it is derived from the token, which only the mail and the person's browser hold.
type Reset struct {
	Key       LinkKey   `json:"key"`
	Purpose   Purpose   `json:"purpose"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`

	Code       Code   `json:"code"`
	WrongCodes int    `json:"wrong_codes,omitempty"`
	Flows      []Flow `json:"flows,omitempty"` // browsers that have got somewhere with this link

	FinishedAt time.Time `json:"finished_at,omitzero"` // kept after success so that a double click still ends well
}

// Code is the secret code of a link. Number counts the codes the link has had; zero means none yet.
type Code struct {
	Number   int       `json:"number,omitempty"`
	KeyID    string    `json:"key_id,omitempty"` // the key it is derived with
	IssuedAt time.Time `json:"issued_at,omitzero"`
	SentAt   time.Time `json:"sent_at,omitzero"` // when a sending was last asked for
	Method   Method    `json:"method,omitempty"`
	Delivery Delivery  `json:"delivery,omitempty"`
	Sending  string    `json:"sending,omitempty"` // the message whose outcome Delivery waits for
	UsedAt   time.Time `json:"used_at,omitzero"`  // a code is accepted once
}

// Flow is one browser that opened a link. Key is the SHA-256 of the flow's random id, in hex.
type Flow struct {
	Key      string    `json:"key"`
	ChoseAt  time.Time `json:"chose_at"`
	ProvedAt time.Time `json:"proved_at,omitzero"` // the right code was entered in this browser
}

// CodeCounts are the account-wide counts that no new link and no new code resets.
type CodeCounts struct {
	Mails []time.Time `json:"mails,omitempty"` // links asked for by the forgot page, within the last hour
	Sends []Send      `json:"sends,omitempty"` // texts and calls, within the last day
	Wrong []time.Time `json:"wrong,omitempty"` // wrong codes, within the last day
}

// Send is one text or call that was asked for.
type Send struct {
	At     time.Time `json:"at"`
	Method Method    `json:"method"`
}
