package policy

import "time"

// SessionKey is the SHA-256 of a session's random 256-bit id, in hex: what is stored in its place.
type SessionKey string

// Session is one signed-in browser. It lives only while its account is there, not disabled and at the same epoch.
type Session struct {
	Version   int        `json:"v"`
	Key       SessionKey `json:"key"`
	Account   AccountID  `json:"account"`
	Epoch     uint64     `json:"epoch"`
	CreatedAt time.Time  `json:"created_at"`
	SeenAt    time.Time  `json:"seen_at"`
	Address   string     `json:"address,omitempty"`
	Agent     string     `json:"agent,omitempty"`
}
