// Package gate holds the use cases of the login wall: sign in, stay signed in, reset, set up, administer. It joins the
// rules (policy), the store, the hashing lane and the outbox, and knows neither HTTP nor Caddy.
//
// Expected outcomes are policy.Reasons. An error means that the gate could not decide, most often because the store is
// out of reach; then nothing was counted, nobody passes, and the visitor is asked to try again.
package gate

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// Hasher checks and makes password hashes. It bounds how many run at once; passhash.ErrBusy says that no place became
// free in time. Package passhash has the one used.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, phc, password string) (bool, error)
	NeedsRehash(phc string) bool
	// Decoy takes as long as Verify and tells nothing.
	Decoy(ctx context.Context, password string) error
}

// Config is what a gate is built from. Store, Hasher, Words and Observer are required.
type Config struct {
	Rules     policy.Rules
	Passwords policy.PasswordRules
	// Countries are the ISO 3166 codes of the countries whose numbers may be texted or called; empty means any.
	Countries []string
	// Methods are the ways the phone sender has; empty means all.
	Methods []policy.Method
	// SourceLimit failed sign-ins from one source within SourceWindow are answered; 0 switches the limit off.
	SourceLimit  int
	SourceWindow time.Duration
	// Base is the address prefix of the pages, such as "/_auth".
	Base string
	// Languages are those of pages and messages, as BCP 47 tags, the first for whoever asks for none of them; empty means en.
	Languages []string
	// URL gives the public origin for links, without a slash at the end.
	URL func() string

	// Secret is the operator's own, mixed into every key, so that a copy of the store alone opens nothing; all nodes need
	// the same. Empty: the keys in the store are all there is.
	Secret []byte

	Store    store.Store
	Hasher   Hasher
	Words    Words
	Observer Observer
	// Wake is called after messages were queued. May be nil.
	Wake func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Gate is safe for concurrent use. Its settings never change; a reload builds a new one on the same store.
type Gate struct {
	Config
	keys *Keys
}

// New builds a gate. It does no I/O.
func New(c Config) *Gate {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wake == nil {
		c.Wake = func() {}
	}
	if len(c.Languages) == 0 {
		c.Languages = []string{"en"}
	}
	return &Gate{Config: c, keys: newKeys(c.Store, c.Now, c.Secret)}
}

// Keys are the secrets of the realm; the pages derive their cookie and form keys from them.
func (g *Gate) Keys() *Keys { return g.keys }

// Client is who is asking, for limits, for the audit trail and for what is written to them.
type Client struct {
	Address   string // IP address as text, unmapped; "" when unknown
	Agent     string // User-Agent, shortened by the caller to 256 bytes
	RequestID string
	Language  string // of the pages they see, one of Config.Languages; "" where there are none
}

// Event is one line of the audit trail. It never holds a secret, and names people by account ids.
type Event struct {
	Name    string // such as "login.succeeded"
	Time    time.Time
	Account policy.AccountID // "" when none is known
	Client  Client
	Outcome policy.Reason
	Actor   string // who, when it was not the owner: "admin"
	Detail  string // a few words more: the method of a code, what an admin changed, the masked address of an account added or removed
}

// Observer hears of everything that happens. Its methods must not block.
type Observer interface {
	Event(e Event)
	// PasswordCheck counts one hash verification that was run against an account's password.
	PasswordCheck(result CheckResult)
	// PasswordDecoy counts one hash that was computed for nothing but the time it takes.
	PasswordDecoy()
	// StoreFailed hears of an operation that the store did not answer.
	StoreFailed(operation string, err error)
}

// CheckResult is the label of the password check metric.
type CheckResult string

// The results of a password check.
const (
	CheckMatch    CheckResult = "match"
	CheckMismatch CheckResult = "mismatch"
	CheckError    CheckResult = "error"
)

// Letter says which mail is written.
type Letter string

// The letters.
const (
	LetterReset           Letter = "reset"
	LetterInvitation      Letter = "invitation"
	LetterLocked          Letter = "locked"
	LetterPasswordChanged Letter = "password_changed"
	LetterContactChange   Letter = "contact_change" // to the old address, when a change was asked for
	LetterContactNow      Letter = "contact_now"    // to the address that counts from now on
	LetterOnHold          Letter = "on_hold"        // a reset was asked for while a contact change waits
	LetterNoPhone         Letter = "no_phone"       // a reset was asked for and no phone is registered
	LetterCodesPaused     Letter = "codes_paused"   // too many wrong codes in a day
	LetterExpiring        Letter = "expiring"       // the password ends soon, at Ends
)

// LetterData is what letters are filled with. Link and Ends are empty where the letter has no link.
type LetterData struct {
	Language string // as in Words
	Name     string
	Link     string
	Ends     time.Time // when the link, the holding time or the password ends
	At       time.Time // when it happened
	// What of a contact change: the new values, masked.
	NewEmail, NewPhone string
}

// Content is a mail as the pages write it.
type Content struct{ Subject, Text, HTML string }

// Words writes what goes out. A language is a BCP 47 tag; "", and one that there is no more, mean the first of
// Config.Languages. Errors mean a fault in a template.
type Words interface {
	Mail(kind Letter, d LetterData) (Content, error)
	// CodeText is the text message with a code.
	CodeText(language, code string) (string, error)
	// CodeCall is what a voice call says, sentence by sentence, and the language it is in.
	CodeCall(language, code string) (spoken string, say []string, err error)
	// PasswordChangedText tells of a new password, without any secret.
	PasswordChangedText(language string) (string, error)
	// PhoneChangedText tells an old number that it is being replaced.
	PhoneChangedText(language string) (string, error)
}

func (g *Gate) event(name string, account policy.AccountID, c Client, outcome policy.Reason, detail string) {
	g.Observer.Event(Event{Name: name, Time: g.Now().UTC(), Account: account, Client: c, Outcome: outcome, Detail: detail})
}

// storeError reports an error of the store and passes it on with the operation's name.
func (g *Gate) storeError(operation string, err error) error {
	g.Observer.StoreFailed(operation, err)
	return fmt.Errorf("%s: %w", operation, err)
}

// randomID returns 128 random bits in lower-case base32.
func randomID() string {
	var b [16]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// RandomToken returns 256 random bits in unpadded base64url, 43 characters: a session id, a link token, a flow id.
func RandomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
