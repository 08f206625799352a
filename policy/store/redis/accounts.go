package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// CreateAccount is part of store.Accounts.
func (s *Store) CreateAccount(ctx context.Context, a policy.Account, e store.Effects) (policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	change, err := store.NewAccount(a, e)
	if err != nil {
		return policy.Account{}, err
	}
	status, _, err := s.write(ctx, "", change)
	if err == nil && status != "done" {
		err = store.ErrExists
	}
	if err != nil {
		return policy.Account{}, s.fail("create account", err)
	}
	return change.After, nil
}

// Account is part of store.Accounts.
func (s *Store) Account(ctx context.Context, id policy.AccountID) (policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	raw, err := s.read(ctx, s.keys.account(id))
	if err != nil {
		return policy.Account{}, s.fail("read account", err)
	}
	return store.DecodeAccount([]byte(raw), id)
}

// AccountByEmail is part of store.Accounts.
func (s *Store) AccountByEmail(ctx context.Context, email string) (policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	from, to := memberRange(email)
	found, err := s.list(ctx, accountByEmail, []string{s.keys.addresses()}, from, to, s.keys.accountPrefix())
	if err != nil {
		return policy.Account{}, s.fail("read account by address", err)
	}
	a, err := store.DecodeAccount([]byte(found[1]), policy.AccountID(found[0]))
	if err != nil {
		return policy.Account{}, err
	}
	if a.Email != email || email == "" {
		return policy.Account{}, s.fail("read account by address", store.ErrNotFound)
	}
	return a, nil
}

// AccountByLink is part of store.Accounts.
func (s *Store) AccountByLink(ctx context.Context, key policy.LinkKey) (policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.list(ctx, accountByLink, []string{s.keys.link(key)}, s.keys.accountPrefix())
	if err != nil {
		return policy.Account{}, s.fail("read account by link", err)
	}
	a, err := store.DecodeAccount([]byte(found[1]), policy.AccountID(found[0]))
	if err != nil {
		return policy.Account{}, err
	}
	if !store.IndexedBy(a, key) {
		return policy.Account{}, s.fail("read account by link", store.ErrNotFound)
	}
	return a, nil
}

// UpdateAccount is part of store.Accounts.
func (s *Store) UpdateAccount(ctx context.Context, id policy.AccountID, fn func(*policy.Account) (store.Effects, error)) (policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	done, err := s.turns.take(ctx, id)
	if err != nil {
		return policy.Account{}, s.fail("update account", err)
	}
	defer done()
	raw, err := s.read(ctx, s.keys.account(id))
	if err != nil {
		return policy.Account{}, s.fail("update account", err)
	}

	var stored policy.Account
	var own error // what fn or the record itself says is passed on as it is
	err = repeat(ctx, func() (bool, error) {
		var change store.AccountChange
		if change, own = store.ChangeAccount([]byte(raw), id, fn); own != nil || change.Raw == nil {
			stored = change.After
			return true, nil
		}
		status, now, err := s.write(ctx, raw, change)
		if err != nil {
			return false, err
		}
		switch status {
		case "exists":
			return false, store.ErrExists
		case "gone":
			return false, store.ErrNotFound
		case "changed":
			raw = now
			return false, nil
		}
		stored = change.After
		return true, nil
	})
	if err != nil {
		return policy.Account{}, s.fail("update account", err)
	}
	return stored, own
}

// RemoveAccount is part of store.Accounts.
func (s *Store) RemoveAccount(ctx context.Context, id policy.AccountID, e store.Effects) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	messages, err := messageArgs(e.Messages)
	if err != nil {
		return err
	}
	raw, err := s.read(ctx, s.keys.account(id))
	if err != nil {
		return s.fail("remove account", err)
	}
	return s.fail("remove account", repeat(ctx, func() (bool, error) {
		a, err := store.DecodeAccount([]byte(raw), id)
		if err != nil {
			return false, err
		}
		keys := []string{s.keys.account(id), s.keys.addresses(), s.keys.outbox(), s.keys.sessions(id)}
		for link := range a.LinkKeys() {
			keys = append(keys, s.keys.link(link))
		}
		args := append([]any{raw, member(a), s.keys.messagePrefix(), s.keys.sessionPrefix()}, messages...)
		reply, err := s.list(ctx, removeAccount, keys, args...)
		if err != nil {
			return false, err
		}
		switch reply[0] {
		case "gone":
			return false, store.ErrNotFound
		case "changed":
			raw = reply[1]
			return false, nil
		}
		return true, nil
	}))
}

// maxPage bounds what one script reads, so that Redis stays free for others.
const maxPage = 500

// ListAccounts is part of store.Accounts. One page may take several round trips.
func (s *Store) ListAccounts(ctx context.Context, after string, limit int) (accounts []policy.Account, unreadable int, err error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	for from := listFrom(after); len(accounts) < limit; {
		ask := min(limit-len(accounts), maxPage)
		reply, err := s.list(ctx, listAccounts, []string{s.keys.addresses()}, from, ask, s.keys.accountPrefix())
		if err != nil {
			return nil, 0, s.fail("list accounts", err)
		}
		for i := 0; i+1 < len(reply); i += 2 {
			email, id := memberAddress(reply[i])
			a, err := store.DecodeAccount([]byte(reply[i+1]), policy.AccountID(id))
			if err != nil || a.Email != email {
				unreadable++
			} else {
				accounts = append(accounts, a)
			}
			from = "(" + reply[i]
		}
		if len(reply) < 2*ask {
			break
		}
	}
	return accounts, unreadable, nil
}

func listFrom(after string) string {
	if after == "" {
		return "-"
	}
	return "(" + after + "\x01"
}

// read returns the value of a key, or store.ErrNotFound.
func (s *Store) read(ctx context.Context, key string) (string, error) {
	reply, err := s.run(ctx, get, []string{key})
	if err != nil {
		return "", err
	}
	value, ok := reply.(string)
	if !ok {
		return "", fmt.Errorf("unexpected reply: %T", reply)
	}
	return value, nil
}

// write runs writeAccount and returns its status: done, exists, gone, or changed with the record that is there now.
func (s *Store) write(ctx context.Context, expected string, c store.AccountChange) (status, now string, err error) {
	messages, err := messageArgs(c.Messages)
	if err != nil {
		return "", "", err
	}
	keys := []string{s.keys.account(c.After.ID), s.keys.addresses(), s.keys.outbox()}
	added := c.NewLinks()
	from, to := memberRange(c.After.Email)
	args := []any{expected, c.Raw, member(c.Before), member(c.After), from, to, string(c.After.ID), s.keys.messagePrefix(), len(added)}
	for link, until := range added {
		keys = append(keys, s.keys.link(link))
		args = append(args, life(linkedAt(c.After, link), until))
	}
	for _, link := range c.OldLinks() {
		keys = append(keys, s.keys.link(link))
	}
	reply, err := s.list(ctx, writeAccount, keys, append(args, messages...)...)
	if err != nil {
		return "", "", err
	}
	if len(reply) > 1 {
		now = reply[1]
	}
	return reply[0], now, nil
}

// linkedAt is when the link was made: its life is counted from there.
func linkedAt(a policy.Account, key policy.LinkKey) time.Time {
	for _, r := range a.Resets {
		if r.Key == key {
			return r.CreatedAt
		}
	}
	return a.CreatedAt
}
