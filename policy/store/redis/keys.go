package redis

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// keys names every key. The value is what all begin with, the hash tag and a colon. What a person typed is never part
// of a key: ids and link and session keys are ours, and the key of a limit is hashed.
type keys struct{ tag string }

func (k keys) accountPrefix() string                { return k.tag + "account:" }
func (k keys) account(id policy.AccountID) string   { return k.accountPrefix() + string(id) }
func (k keys) link(key policy.LinkKey) string       { return k.tag + "link:" + string(key) }
func (k keys) sessionPrefix() string                { return k.tag + "session:" }
func (k keys) session(key policy.SessionKey) string { return k.sessionPrefix() + string(key) }
func (k keys) sessions(id policy.AccountID) string  { return k.tag + "sessions:" + string(id) }
func (k keys) outbox() string                       { return k.tag + "outbox" }
func (k keys) messagePrefix() string                { return k.tag + "message:" }
func (k keys) message(id string) string             { return k.messagePrefix() + id }
func (k keys) keyring() string                      { return k.tag + "keyring" }
func (k keys) probe() string                        { return k.tag + "probe" }

// addresses is a sorted set of all accounts that have an address. All scores are 0, so that it is in the order of its
// members: the address, a zero byte and the account's id. It is the one index for finding, for uniqueness and for listing.
func (k keys) addresses() string { return k.tag + "addresses" }

// places are the two sorted sets of a limit, by the time each place was taken.
func (k keys) places(key string) (held, kept string) {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return k.tag + "held:" + name, k.tag + "kept:" + name
}

// member is an account's entry in addresses, "" when it has none.
func member(a policy.Account) string {
	if a.Email == "" {
		return ""
	}
	return a.Email + "\x00" + string(a.ID)
}

// memberRange is where the entries of one address are in addresses.
func memberRange(email string) (from, to string) { return "[" + email + "\x00", "(" + email + "\x01" }

// memberAddress is the address of an entry.
func memberAddress(member string) (email, id string) {
	email, id, _ = strings.Cut(member, "\x00")
	return email, id
}

// slack is added to every time to live. Redis's clock only frees space, so it may not be the one to decide.
const slack = time.Minute

// life is a time to live in milliseconds. It is counted from the writer's own time of the event and not to a moment in
// Redis's clock, so that clocks that differ shorten nothing.
func life(from, until time.Time) int64 {
	return max(until.Sub(from), 0).Milliseconds() + slack.Milliseconds()
}

// score orders times. Microseconds of any real date are exact in Redis's floating point.
func score(t time.Time) int64 { return t.UnixMicro() }
