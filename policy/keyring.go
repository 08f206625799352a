package policy

import "time"

// Keyring holds the secrets from which cookie, form, code and sealing keys are derived, newest first. It lives in the
// store, so that every node has the same one.
type Keyring struct {
	Version int   `json:"v"`
	Keys    []Key `json:"keys"`
	// Revision is the store's: compare and set. Nobody else writes it.
	Revision uint64 `json:"revision"`
}

// Key is one 256-bit secret. A new key is used for signing only from UsableAt on, when every node has had time to
// read it; an old one is kept for checking what it signed.
type Key struct {
	ID        string    `json:"id"`
	Secret    []byte    `json:"secret"`
	CreatedAt time.Time `json:"created_at"`
	UsableAt  time.Time `json:"usable_at"`
}
