package file

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

var keyringKey = []byte("keyring")

// Keys is part of store.Keys.
func (s *Store) Keys(ctx context.Context) (k policy.Keyring, err error) {
	err = s.read(ctx, "read keyring", func(tx *bolt.Tx) error {
		k, err = store.DecodeKeyring(tx.Bucket(bucketMeta).Get(keyringKey))
		return err
	})
	return k, err
}

// UpdateKeys is part of store.Keys.
func (s *Store) UpdateKeys(ctx context.Context, fn func(*policy.Keyring) error) (policy.Keyring, error) {
	var stored policy.Keyring
	err := s.write(ctx, "update keyring", func(tx *bolt.Tx) error {
		stored = policy.Keyring{}
		meta := tx.Bucket(bucketMeta)
		k, next, err := store.ChangeKeyring(meta.Get(keyringKey), fn)
		if err != nil {
			return untouched{err}
		}
		stored = k
		if next == nil {
			return untouched{}
		}
		return meta.Put(keyringKey, next)
	})
	if err != nil {
		return policy.Keyring{}, err
	}
	return stored, nil
}
