package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// AccountID names an account for ever: 128 random bits in lower-case base32, never the address and never used again.
type AccountID string

// RecordVersion is the version of the records this build writes. A store refuses a record with a higher one
// rather than misread it.
const RecordVersion = 1

// Account is one person's account: all that decides whether a sign-in, a session or a reset may go on, in one record,
// so that every decision is one compare-and-set.
type Account struct {
	Version   int       `json:"v"`
	ID        AccountID `json:"id"`
	Email     string    `json:"email"` // normalised (see package address); unique; "" only for decoys
	Name      string    `json:"name,omitempty"`
	Phone     Phone     `json:"phone"`
	Groups    []string  `json:"groups,omitempty"`
	Language  string    `json:"language,omitempty"` // last used: a BCP 47 tag of the operator's list; "": none known yet
	Disabled  bool      `json:"disabled,omitempty"`
	CreatedAt time.Time `json:"created_at"`

	Password Credential     `json:"password"`
	Failures Failures       `json:"failures"`
	Resets   []Reset        `json:"resets,omitempty"` // live links, oldest first; at most MaxResets
	Codes    CodeCounts     `json:"codes"`
	Change   *ContactChange `json:"change,omitempty"` // a contact change that waits for its holding time
	// MustReset makes the password count as expired, whatever its age: a new address was registered, and nobody has yet
	// shown that it and the phone belong to the same person.
	MustReset bool     `json:"must_reset,omitempty"`
	SignIns   []SignIn `json:"sign_ins,omitempty"`

	// Epoch is raised by whatever must end every session: reset, change of password, disable, sign-out everywhere.
	Epoch uint64 `json:"epoch"`
	// Revision is the store's: compare and set. Nobody else writes it.
	Revision uint64 `json:"revision"`
}

// RememberLanguage notes the language the owner uses now, for the letters to come; "" changes nothing.
func RememberLanguage(a *Account, language string) {
	if language != "" {
		a.Language = language
	}
}

// Phone is a number in E.164 form and when a code sent to it was last entered (zero: never).
type Phone struct {
	Number     string    `json:"number,omitempty"`
	VerifiedAt time.Time `json:"verified_at,omitzero"`
}

// Credential is a password as it is kept: a PHC string, when it was set, and the hashes before it, newest first. Warned
// is what its owner was last told of its end; a new password begins without it.
type Credential struct {
	Hash     string    `json:"hash,omitempty"` // "" until the account is set up
	SetAt    time.Time `json:"set_at,omitzero"`
	Previous []string  `json:"previous,omitempty"`
	Warned   Warning   `json:"warned,omitzero"`
}

// Failures counts wrong passwords since the last right one. Guesses that are being checked right now are held in
// Checking, so that parallel guesses are counted before they are checked.
type Failures struct {
	Failed   int       `json:"failed,omitempty"`
	Checking []Attempt `json:"checking,omitempty"`
	LockedAt time.Time `json:"locked_at,omitzero"` // zero: not locked
}

// Sane tells whether the record holds nothing that no build has ever written. A count below zero would be a stock of free
// guesses.
func (a *Account) Sane() bool {
	sane := a.Failures.Failed >= 0
	for i := range a.Resets {
		sane = sane && a.Resets[i].WrongCodes >= 0 && a.Resets[i].Code.Number >= 0
	}
	return sane
}

// UnmarshalJSON reads failures that are there in full: a null would read as no failures at all, and open a lock.
func (f *Failures) UnmarshalJSON(b []byte) error {
	if bytes.Contains(b, []byte("null")) {
		return errors.New("failures hold a null")
	}
	type plain Failures // without this method
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(f))
}

// Attempt is one check of a password that has begun and not yet ended.
type Attempt struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// SignIn is one successful sign-in, for the account page. Failed is the number of wrong passwords since the one before.
type SignIn struct {
	At      time.Time `json:"at"`
	Address string    `json:"address,omitempty"`
	Agent   string    `json:"agent,omitempty"`
	Failed  int       `json:"failed,omitempty"`
}

// ContactChange is a changed email address or phone number that does not count before EffectiveAt (contact_hold).
// An empty field is not changed. While one waits, no reset goes out.
type ContactChange struct {
	Email       string    `json:"email,omitempty"`
	Phone       string    `json:"phone,omitempty"`
	AskedAt     time.Time `json:"asked_at"`
	EffectiveAt time.Time `json:"effective_at"`
}

// State is what an account is at one moment. Disabled wins over locked, locked over expired.
type State string

// The states, of which an account is in exactly one at any time.
const (
	StateInvited  State = "invited"
	StateActive   State = "active"
	StateLocked   State = "locked"
	StateExpired  State = "expired"
	StateDisabled State = "disabled"
)

// LinkKey is the SHA-256 of a link's token, in hex: what is stored in its place.
type LinkKey string

// LinkKeys lists the links by which the account can be found; a store keeps an index of them. The second value is when
// the index entry is no longer needed.
func (a *Account) LinkKeys() map[LinkKey]time.Time {
	keys := make(map[LinkKey]time.Time, len(a.Resets))
	for _, r := range a.Resets {
		keys[r.Key] = r.ExpiresAt.Add(ProofLife)
	}
	return keys
}
