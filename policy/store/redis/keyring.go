package redis

import (
	"context"
	"errors"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// Keys is part of store.Keys.
func (s *Store) Keys(ctx context.Context) (policy.Keyring, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	raw, err := s.readKeyring(ctx)
	if err != nil {
		return policy.Keyring{}, s.fail("read keyring", err)
	}
	return store.DecodeKeyring(raw)
}

// UpdateKeys is part of store.Keys.
func (s *Store) UpdateKeys(ctx context.Context, fn func(*policy.Keyring) error) (policy.Keyring, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	raw, err := s.readKeyring(ctx)
	if err != nil {
		return policy.Keyring{}, s.fail("update keyring", err)
	}
	var stored policy.Keyring
	var own error // what fn or the record itself says is passed on as it is
	err = repeat(ctx, func() (bool, error) {
		var next []byte
		if stored, next, own = store.ChangeKeyring(raw, fn); own != nil || next == nil {
			return true, nil
		}
		reply, err := s.list(ctx, swap, []string{s.keys.keyring()}, raw, next)
		if err != nil || reply[0] == "done" {
			return true, err
		}
		raw = nil
		if reply[0] == "changed" {
			raw = []byte(reply[1])
		}
		return false, nil
	})
	if err != nil {
		return policy.Keyring{}, s.fail("update keyring", err)
	}
	return stored, own
}

// readKeyring returns nil when there is no keyring yet.
func (s *Store) readKeyring(ctx context.Context) ([]byte, error) {
	raw, err := s.read(ctx, s.keys.keyring())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return []byte(raw), err
}
