package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// staleSessions is how long after its expiry a session is still listed, so that a node whose clock is ahead does not
// hide a session that another still accepts.
const staleSessions = time.Hour

// CreateSession is part of store.Sessions.
func (s *Store) CreateSession(ctx context.Context, session policy.Session, expires time.Time) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	raw, err := store.EncodeSession(session)
	if err != nil {
		return err
	}
	created, err := s.run(ctx, createSession,
		[]string{s.keys.session(session.Key), s.keys.sessions(session.Account)},
		raw, life(session.CreatedAt, expires), string(session.Key), score(expires), score(session.CreatedAt.Add(-staleSessions)))
	if err == nil && created == int64(0) {
		err = store.ErrExists // never two people in one session
	}
	return s.fail("create session", err)
}

// SessionWithAccount is part of store.Sessions.
func (s *Store) SessionWithAccount(ctx context.Context, key policy.SessionKey) (policy.Session, policy.Account, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	found, err := s.list(ctx, sessionWithAccount, []string{s.keys.session(key)}, s.keys.accountPrefix())
	if err != nil {
		return policy.Session{}, policy.Account{}, s.fail("read session", err)
	}
	session, err := store.DecodeSession([]byte(found[0]), key)
	if err != nil {
		return policy.Session{}, policy.Account{}, err
	}
	if len(found) < 2 {
		return policy.Session{}, policy.Account{}, s.fail("read account of session", store.ErrNotFound)
	}
	account, err := store.DecodeAccount([]byte(found[1]), session.Account)
	if err != nil {
		return policy.Session{}, policy.Account{}, err
	}
	return session, account, nil
}

// TouchSession is part of store.Sessions.
func (s *Store) TouchSession(ctx context.Context, key policy.SessionKey, seen time.Time) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	raw, err := s.read(ctx, s.keys.session(key))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return s.fail("touch session", err)
	}
	return s.fail("touch session", repeat(ctx, func() (bool, error) {
		session, err := store.DecodeSession([]byte(raw), key)
		if err != nil || !seen.After(session.SeenAt) {
			return true, err
		}
		session.SeenAt = seen
		next, err := store.EncodeSession(session)
		if err != nil {
			return false, err
		}
		reply, err := s.list(ctx, swap, []string{s.keys.session(key)}, raw, next)
		if err != nil || reply[0] != "changed" { // gone: it ended in the meantime
			return true, err
		}
		raw = reply[1]
		return false, nil
	}))
}

// EndSession is part of store.Sessions.
func (s *Store) EndSession(ctx context.Context, key policy.SessionKey) (bool, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ended, err := s.run(ctx, endSession, []string{s.keys.session(key)}, string(key), s.keys.sessions(""))
	if err != nil {
		return false, s.fail("end session", err)
	}
	return ended == int64(1), nil
}

// EndSessions is part of store.Sessions.
func (s *Store) EndSessions(ctx context.Context, account policy.AccountID, except policy.SessionKey) (int, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ended, err := s.run(ctx, endSessions, []string{s.keys.sessions(account)}, s.keys.sessionPrefix(), string(except))
	if err != nil {
		return 0, s.fail("end sessions", err)
	}
	n, _ := ended.(int64)
	return int(n), nil
}

// SessionsOf is part of store.Sessions. A session that cannot be read is left out.
func (s *Store) SessionsOf(ctx context.Context, account policy.AccountID) ([]policy.Session, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	reply, err := s.list(ctx, sessionsOf, []string{s.keys.sessions(account)}, s.keys.sessionPrefix())
	if err != nil {
		return nil, s.fail("list sessions", err)
	}
	var sessions []policy.Session
	for i := 0; i+1 < len(reply); i += 2 {
		session, err := store.DecodeSession([]byte(reply[i+1]), policy.SessionKey(reply[i]))
		if err == nil && session.Account == account {
			sessions = append(sessions, session)
		}
	}
	slices.SortStableFunc(sessions, func(a, b policy.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return sessions, nil
}
