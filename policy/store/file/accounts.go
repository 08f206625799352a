package file

import (
	"bytes"
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// CreateAccount is part of store.Accounts.
func (s *Store) CreateAccount(ctx context.Context, a policy.Account, e store.Effects) (policy.Account, error) {
	change, err := store.NewAccount(a, e)
	if err != nil {
		return policy.Account{}, err
	}
	err = s.write(ctx, "create account", func(tx *bolt.Tx) error {
		if tx.Bucket(bucketAccounts).Get([]byte(a.ID)) != nil {
			return untouched{fail("create account", store.ErrExists)}
		}
		return put(tx, "create account", &change)
	})
	if err != nil {
		return policy.Account{}, err
	}
	return change.After, nil
}

// Account is part of store.Accounts.
func (s *Store) Account(ctx context.Context, id policy.AccountID) (a policy.Account, err error) {
	err = s.read(ctx, "read account", func(tx *bolt.Tx) error {
		a, err = account(tx, []byte(id))
		return err
	})
	return a, err
}

// AccountByEmail is part of store.Accounts.
func (s *Store) AccountByEmail(ctx context.Context, email string) (a policy.Account, err error) {
	err = s.read(ctx, "read account by address", func(tx *bolt.Tx) error {
		if a, err = account(tx, tx.Bucket(bucketAddresses).Get([]byte(email))); err == nil && a.Email != email {
			a, err = policy.Account{}, store.ErrNotFound
		}
		return err
	})
	return a, err
}

// AccountByLink is part of store.Accounts.
func (s *Store) AccountByLink(ctx context.Context, key policy.LinkKey) (a policy.Account, err error) {
	err = s.read(ctx, "read account by link", func(tx *bolt.Tx) error {
		entry := tx.Bucket(bucketLinks).Get([]byte(key))
		if len(entry) < 8 {
			return store.ErrNotFound
		}
		if a, err = account(tx, entry[8:]); err == nil && !store.IndexedBy(a, key) {
			a, err = policy.Account{}, store.ErrNotFound
		}
		return err
	})
	return a, err
}

// UpdateAccount is part of store.Accounts. Changes are written one after the other, so that it never ends in
// store.ErrConflict.
func (s *Store) UpdateAccount(ctx context.Context, id policy.AccountID, fn func(*policy.Account) (store.Effects, error)) (policy.Account, error) {
	var stored policy.Account
	err := s.write(ctx, "update account", func(tx *bolt.Tx) error {
		stored = policy.Account{}
		raw := tx.Bucket(bucketAccounts).Get([]byte(id))
		if raw == nil {
			return untouched{fail("update account", store.ErrNotFound)}
		}
		change, err := store.ChangeAccount(raw, id, fn)
		if err != nil {
			return untouched{err}
		}
		if change.Raw == nil {
			stored = change.After
			return untouched{}
		}
		if err := put(tx, "update account", &change); err != nil {
			return err
		}
		stored = change.After
		return nil
	})
	if err != nil {
		return policy.Account{}, err
	}
	return stored, nil
}

// RemoveAccount is part of store.Accounts.
func (s *Store) RemoveAccount(ctx context.Context, id policy.AccountID, e store.Effects) error {
	messages, err := encodeMessages(e.Messages)
	if err != nil {
		return err
	}
	return s.write(ctx, "remove account", func(tx *bolt.Tx) error {
		a, err := account(tx, []byte(id))
		if err != nil {
			return untouched{fail("remove account", err)}
		}
		for link := range a.LinkKeys() {
			if err := tx.Bucket(bucketLinks).Delete([]byte(link)); err != nil {
				return err
			}
		}
		if a.Email != "" {
			if err := tx.Bucket(bucketAddresses).Delete([]byte(a.Email)); err != nil {
				return err
			}
		}
		if _, err := endSessions(tx, id, ""); err != nil {
			return err
		}
		if err := tx.Bucket(bucketAccounts).Delete([]byte(id)); err != nil {
			return err
		}
		return enqueue(tx, messages)
	})
}

// ListAccounts is part of store.Accounts.
func (s *Store) ListAccounts(ctx context.Context, after string, limit int) (accounts []policy.Account, unreadable int, err error) {
	err = s.read(ctx, "list accounts", func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketAddresses).Cursor()
		email, id := c.Seek([]byte(after))
		if bytes.Equal(email, []byte(after)) {
			email, id = c.Next()
		}
		for ; email != nil && len(accounts) < limit; email, id = c.Next() {
			a, err := account(tx, id)
			if err != nil || a.Email != string(email) {
				unreadable++
			} else {
				accounts = append(accounts, a)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return accounts, unreadable, nil
}

// account reads one account; id may be what an index answered, nil when it had nothing.
func account(tx *bolt.Tx, id []byte) (policy.Account, error) {
	if len(id) == 0 {
		return policy.Account{}, store.ErrNotFound
	}
	raw := tx.Bucket(bucketAccounts).Get(id)
	if raw == nil {
		return policy.Account{}, store.ErrNotFound
	}
	return store.DecodeAccount(raw, policy.AccountID(id))
}

// put writes an account, both indexes and the effects, or nothing when the address is taken.
func put(tx *bolt.Tx, action string, c *store.AccountChange) error {
	messages, err := encodeMessages(c.Messages)
	if err != nil {
		return untouched{err}
	}
	addresses, links := tx.Bucket(bucketAddresses), tx.Bucket(bucketLinks)
	id := []byte(c.After.ID)
	if c.Before.Email != c.After.Email {
		if c.After.Email != "" {
			if addresses.Get([]byte(c.After.Email)) != nil {
				return untouched{fail(action, store.ErrExists)}
			}
			if err := addresses.Put([]byte(c.After.Email), id); err != nil {
				return err
			}
		}
		if c.Before.Email != "" {
			if err := addresses.Delete([]byte(c.Before.Email)); err != nil {
				return err
			}
		}
	}
	for link, until := range c.NewLinks() {
		if err := links.Put([]byte(link), join(stamp(until), id)); err != nil {
			return err
		}
		if err := expire(tx, until, kindLink, []byte(link), nil); err != nil {
			return err
		}
	}
	for _, link := range c.OldLinks() {
		if err := links.Delete([]byte(link)); err != nil {
			return err
		}
	}
	if err := tx.Bucket(bucketAccounts).Put(id, c.Raw); err != nil {
		return err
	}
	return enqueue(tx, messages)
}
