// Package store is where all state lives: the interface that a back end implements, its errors, and how records are
// written. Back ends are in the packages below it; storetest runs one suite over each of them.
//
// Expiry is always decided against the now that is passed in; a back end's own time-to-live only frees space.
// Every method is safe for concurrent use, by several processes where the back end is shared.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// The errors a caller can tell apart. Any other error means that the store could not decide, and then nobody passes.
var (
	// ErrNotFound: there is no such record.
	ErrNotFound = errors.New("record not found")
	// ErrExists: the id or the email address is taken by another account.
	ErrExists = errors.New("record exists already")
	// ErrConflict: others were faster each time, until the context or the number of tries ended. Nothing was changed.
	ErrConflict = errors.New("record changed too often")
	// ErrUnreadable: the record is there and cannot be read, or is of a newer version. Other records are not affected.
	ErrUnreadable = errors.New("record unreadable")
	// ErrUnavailable: the store cannot be reached, or did not answer in time.
	ErrUnavailable = errors.New("store unavailable")
)

// Store keeps all state.
type Store interface {
	Accounts
	Sessions
	Limits
	Outbox
	Keys

	// Check asks whether the store can be read and written now. It returns nil or an error that wraps ErrUnavailable.
	Check(ctx context.Context) error
	// Close ends the store. It is safe while other calls run (they fail with ErrUnavailable) and twice.
	Close() error
}

// Effects are what an account update does besides changing the account. They are stored in the same atomic write, or
// not at all.
type Effects struct {
	Messages []policy.Message // added to the outbox
}

// Accounts keeps accounts, findable by id, by email address and by each live link (policy.Account.LinkKeys). The back
// end keeps both indexes in step with the record, in the same atomic write.
type Accounts interface {
	// CreateAccount stores a new account at revision 1 and returns it as stored. ErrExists when the id or the email
	// address is taken; an account whose email is "" is in no index and in no listing.
	CreateAccount(ctx context.Context, a policy.Account, e Effects) (policy.Account, error)

	// Account returns the account with this id, or ErrNotFound.
	Account(ctx context.Context, id policy.AccountID) (policy.Account, error)
	// AccountByEmail returns the account with this normalised address, in one round trip, or ErrNotFound.
	AccountByEmail(ctx context.Context, email string) (policy.Account, error)
	// AccountByLink returns the account that has this link, in one round trip, or ErrNotFound.
	AccountByLink(ctx context.Context, key policy.LinkKey) (policy.Account, error)

	// UpdateAccount applies fn to the latest record and stores the result, with its effects, only if nobody was
	// faster. fn may run more than once, each time on a fresh copy; it must be pure, and its error aborts the update
	// and is returned as it is. If fn changes nothing and has no effects, nothing is written. The account is returned
	// as stored. ErrNotFound when it is not there, ErrExists when its new email address is taken.
	UpdateAccount(ctx context.Context, id policy.AccountID, fn func(*policy.Account) (Effects, error)) (policy.Account, error)

	// RemoveAccount removes the account, its index entries and its sessions, in one atomic write. ErrNotFound when
	// it is not there.
	RemoveAccount(ctx context.Context, id policy.AccountID, e Effects) error

	// ListAccounts returns up to limit accounts in the order of their addresses, those after the address after ("" to
	// begin). A record that cannot be read is left out, counted in unreadable, and not counted for limit: fewer accounts
	// than limit mean that there are no more.
	ListAccounts(ctx context.Context, after string, limit int) (accounts []policy.Account, unreadable int, err error)
}

// Sessions keeps sessions, findable by key and by account.
type Sessions interface {
	// CreateSession stores a new session. It is kept at least until expires and may vanish after.
	CreateSession(ctx context.Context, s policy.Session, expires time.Time) error
	// SessionWithAccount is the hot path: one round trip for both records. ErrNotFound when either is missing.
	SessionWithAccount(ctx context.Context, key policy.SessionKey) (policy.Session, policy.Account, error)
	// TouchSession sets the time a session was last seen, if it is still there and seen is later than what is
	// stored; otherwise it does nothing. It never brings a session back and never lengthens its time to live.
	TouchSession(ctx context.Context, key policy.SessionKey, seen time.Time) error
	// EndSession removes a session. Twice is safe; it reports whether one was there.
	EndSession(ctx context.Context, key policy.SessionKey) (bool, error)
	// EndSessions removes all sessions of an account but the one with the key except ("" for none) and returns how many.
	EndSessions(ctx context.Context, account policy.AccountID, except policy.SessionKey) (int, error)
	// SessionsOf lists the sessions stored for an account, newest first. Some may have ended by the rules.
	SessionsOf(ctx context.Context, account policy.AccountID) ([]policy.Session, error)
}

// Taken is the answer of a limit.
type Taken struct {
	OK bool
	// Pending tells, when OK is false, that places are only held and not yet used up: asking again soon may succeed.
	Pending bool
	// RetryAfter is, when OK is false, the time until a place is free by itself.
	RetryAfter time.Duration
}

// Limits counts events by key in a sliding window. A place is held first and then kept or given back, so that no
// number of parallel callers on any number of nodes gets past the limit.
type Limits interface {
	// TakeLimit holds a place under key for the caller's id if fewer than limit are held or kept within the window
	// that ends at now. It is atomic. The places vanish when the window has passed.
	TakeLimit(ctx context.Context, key, id string, limit int, window time.Duration, now time.Time) (Taken, error)
	// SettleLimit makes the place of id count (keep) or gives it back. A place that is no longer there is no error.
	SettleLimit(ctx context.Context, key, id string, keep bool) error
}

// Outbox is a durable queue. An entry is claimed by one node at a time, for a lease.
type Outbox interface {
	// EnqueueMessages adds entries in one atomic write. An id that is there already is left as it is.
	EnqueueMessages(ctx context.Context, m ...policy.Message) error
	// ClaimMessages takes up to limit entries whose NotBefore is not after now, oldest NotBefore first, sets their
	// NotBefore to now+lease and raises Attempts, in one atomic step: two callers never get the same entry within a
	// lease. Entries that cannot be read are left out, and removed unless a newer build wrote them (ErrNewer).
	ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]policy.Message, error)
	// DelayMessage sets the NotBefore of an entry. An entry that is gone is no error.
	DelayMessage(ctx context.Context, id string, notBefore time.Time) error
	// RemoveMessage ends an entry. Twice is safe.
	RemoveMessage(ctx context.Context, id string) error
	// PendingMessages counts the entries and returns the NotBefore of the first (zero when there is none).
	PendingMessages(ctx context.Context) (count int, next time.Time, err error)
}

// Keys keeps the one keyring.
type Keys interface {
	// Keys returns the keyring; one without keys when there is none yet.
	Keys(ctx context.Context) (policy.Keyring, error)
	// UpdateKeys applies fn to the latest keyring and stores the result only if nobody was faster; see UpdateAccount.
	UpdateKeys(ctx context.Context, fn func(*policy.Keyring) error) (policy.Keyring, error)
}
