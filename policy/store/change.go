package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// AccountChange is what a back end must write, in one atomic step, when it creates or updates an account.
type AccountChange struct {
	Before policy.Account // zero when the account is new
	After  policy.Account // as it will be read back
	Raw    []byte         // After, encoded; nil when nothing is to be written
	Effects
}

// NewAccount prepares the first record of an account.
func NewAccount(a policy.Account, e Effects) (AccountChange, error) {
	a.Revision = 1
	raw, err := EncodeAccount(a)
	if err != nil {
		return AccountChange{}, err
	}
	after, err := DecodeAccount(raw, a.ID)
	if err != nil {
		return AccountChange{}, err
	}
	return AccountChange{After: after, Raw: raw, Effects: e}, nil
}

// ChangeAccount applies fn to the stored record raw of the account id. An error of fn comes back as it is, others wrap
// ErrUnreadable or tell of a record that cannot be written.
func ChangeAccount(raw []byte, id policy.AccountID, fn func(*policy.Account) (Effects, error)) (AccountChange, error) {
	before, err := DecodeAccount(raw, id)
	if err != nil {
		return AccountChange{}, err
	}
	// Read twice rather than copied: fn may write into slices, and Before must stay what the indexes are built on.
	after, err := DecodeAccount(raw, id)
	if err != nil {
		return AccountChange{}, err
	}
	effects, err := fn(&after)
	if err != nil {
		return AccountChange{}, err
	}
	if after.ID != id {
		return AccountChange{}, errors.New("update account: its id was changed")
	}

	after.Revision = before.Revision
	same, err := EncodeAccount(after)
	if err != nil {
		return AccountChange{}, err
	}
	if bytes.Equal(same, raw) && len(effects.Messages) == 0 {
		return AccountChange{Before: before, After: before}, nil
	}
	after.Revision++
	next, err := EncodeAccount(after)
	if err != nil {
		return AccountChange{}, err
	}
	if after, err = DecodeAccount(next, id); err != nil {
		return AccountChange{}, err
	}
	return AccountChange{Before: before, After: after, Raw: next, Effects: effects}, nil
}

// NewLinks are the links that become findable with this change, and when each is no longer needed.
func (c *AccountChange) NewLinks() map[policy.LinkKey]time.Time {
	links, old := c.After.LinkKeys(), c.Before.LinkKeys()
	for key, until := range links {
		if was, ok := old[key]; ok && was.Equal(until) {
			delete(links, key)
		}
	}
	return links
}

// OldLinks are the links that are no longer findable after this change.
func (c *AccountChange) OldLinks() []policy.LinkKey {
	now := c.After.LinkKeys()
	var gone []policy.LinkKey
	for key := range c.Before.LinkKeys() {
		if _, ok := now[key]; !ok {
			gone = append(gone, key)
		}
	}
	return gone
}

// ChangeKeyring applies fn to the stored keyring raw (none: nil). The second value is what to write, nil for nothing.
func ChangeKeyring(raw []byte, fn func(*policy.Keyring) error) (policy.Keyring, []byte, error) {
	k, err := DecodeKeyring(raw)
	if err != nil {
		return policy.Keyring{}, nil, err
	}
	revision := k.Revision
	if err := fn(&k); err != nil {
		return policy.Keyring{}, nil, err
	}
	k.Revision = revision
	same, err := EncodeKeyring(k)
	if err != nil {
		return policy.Keyring{}, nil, err
	}
	if bytes.Equal(same, raw) || (raw == nil && len(k.Keys) == 0) {
		k, err = DecodeKeyring(raw)
		return k, nil, err
	}
	k.Revision++
	next, err := EncodeKeyring(k)
	if err != nil {
		return policy.Keyring{}, nil, err
	}
	if k, err = DecodeKeyring(next); err != nil {
		return policy.Keyring{}, nil, err
	}
	return k, next, nil
}

// Unavailable wraps why a back end could not be asked, so that both ErrUnavailable and the cause (a context's end, for
// one) can be told.
func Unavailable(action string, cause error) error {
	return fmt.Errorf("%s: %w: %w", action, ErrUnavailable, cause)
}
