package file

import (
	"bytes"
	"context"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// CreateSession is part of store.Sessions.
func (s *Store) CreateSession(ctx context.Context, session policy.Session, expires time.Time) error {
	raw, err := store.EncodeSession(session)
	if err != nil {
		return err
	}
	key, id := []byte(session.Key), []byte(session.Account)
	return s.write(ctx, "create session", func(tx *bolt.Tx) error {
		sessions := tx.Bucket(bucketSessions)
		if sessions.Get(key) != nil { // never two people in one session
			return untouched{fail("create session", store.ErrExists)}
		}
		if err := sessions.Put(key, raw); err != nil {
			return err
		}
		if err := tx.Bucket(bucketSignedIn).Put(join(id, []byte{0}, key), nil); err != nil {
			return err
		}
		return expire(tx, expires, kindSession, key, id)
	})
}

// SessionWithAccount is part of store.Sessions.
func (s *Store) SessionWithAccount(ctx context.Context, key policy.SessionKey) (policy.Session, policy.Account, error) {
	var found policy.Session
	var owner policy.Account
	err := s.read(ctx, "read session", func(tx *bolt.Tx) (err error) {
		if found, err = session(tx, key); err == nil {
			owner, err = account(tx, []byte(found.Account))
		}
		return err
	})
	if err != nil {
		return policy.Session{}, policy.Account{}, err
	}
	return found, owner, nil
}

// TouchSession is part of store.Sessions. A touch that changes nothing costs no writing.
func (s *Store) TouchSession(ctx context.Context, key policy.SessionKey, seen time.Time) error {
	s.passed(seen)
	due := false
	err := s.read(ctx, "touch session", func(tx *bolt.Tx) error {
		if tx.Bucket(bucketSessions).Get([]byte(key)) == nil {
			return nil
		}
		found, err := session(tx, key)
		due = err == nil && seen.After(found.SeenAt)
		return err
	})
	if err != nil || !due {
		return err
	}
	return s.write(ctx, "touch session", func(tx *bolt.Tx) error {
		found, err := session(tx, key)
		if err != nil || !seen.After(found.SeenAt) {
			return untouched{} // it ended, or another was faster
		}
		found.SeenAt = seen
		raw, err := store.EncodeSession(found)
		if err != nil {
			return untouched{err}
		}
		return tx.Bucket(bucketSessions).Put([]byte(key), raw)
	})
}

// EndSession is part of store.Sessions.
func (s *Store) EndSession(ctx context.Context, key policy.SessionKey) (ended bool, err error) {
	err = s.write(ctx, "end session", func(tx *bolt.Tx) error {
		ended = false
		sessions := tx.Bucket(bucketSessions)
		if sessions.Get([]byte(key)) == nil {
			return untouched{}
		}
		if found, err := session(tx, key); err == nil { // the entry of an unreadable one ends with its account
			if err := tx.Bucket(bucketSignedIn).Delete(join([]byte(found.Account), []byte{0}, []byte(key))); err != nil {
				return err
			}
		}
		ended = true
		return sessions.Delete([]byte(key))
	})
	return ended && err == nil, err
}

// EndSessions is part of store.Sessions.
func (s *Store) EndSessions(ctx context.Context, account policy.AccountID, except policy.SessionKey) (ended int, err error) {
	err = s.write(ctx, "end sessions", func(tx *bolt.Tx) (err error) {
		if ended, err = endSessions(tx, account, except); err == nil && ended == 0 {
			return untouched{}
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return ended, nil
}

// SessionsOf is part of store.Sessions. A session that cannot be read is left out.
func (s *Store) SessionsOf(ctx context.Context, account policy.AccountID) ([]policy.Session, error) {
	var sessions []policy.Session
	err := s.read(ctx, "list sessions", func(tx *bolt.Tx) error {
		for _, key := range signedIn(tx, account) {
			if found, err := session(tx, key); err == nil && found.Account == account {
				sessions = append(sessions, found)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sessions, func(a, b policy.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return sessions, nil
}

func session(tx *bolt.Tx, key policy.SessionKey) (policy.Session, error) {
	raw := tx.Bucket(bucketSessions).Get([]byte(key))
	if raw == nil {
		return policy.Session{}, store.ErrNotFound
	}
	return store.DecodeSession(raw, key)
}

// signedIn lists the keys of an account's sessions.
func signedIn(tx *bolt.Tx, account policy.AccountID) []policy.SessionKey {
	prefix := join([]byte(account), []byte{0})
	var keys []policy.SessionKey
	c := tx.Bucket(bucketSignedIn).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, policy.SessionKey(k[len(prefix):]))
	}
	return keys
}

func endSessions(tx *bolt.Tx, account policy.AccountID, except policy.SessionKey) (ended int, err error) {
	sessions, index := tx.Bucket(bucketSessions), tx.Bucket(bucketSignedIn)
	for _, key := range signedIn(tx, account) {
		if key == except {
			continue
		}
		if sessions.Get([]byte(key)) != nil {
			ended++
		}
		if err := sessions.Delete([]byte(key)); err != nil {
			return 0, err
		}
		if err := index.Delete(join([]byte(account), []byte{0}, []byte(key))); err != nil {
			return 0, err
		}
	}
	return ended, nil
}
