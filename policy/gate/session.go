package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// Identity is a signed-in person and the session they are signed in by.
type Identity struct {
	Account policy.Account
	Session policy.Session
	// Touch says that the last-seen time is due to be written: call Gate.Touch when the answer is out.
	Touch bool
}

// SessionKeyOf returns the key a session's token is stored under.
func SessionKeyOf(token string) policy.SessionKey { return policy.SessionKey(hashToken(token)) }

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// CheckSession tells who holds a session token: OK with the identity, or why nobody does. It is the hot path and costs
// one round trip. active tells whether this request counts as activity.
func (g *Gate) CheckSession(ctx context.Context, token string, active bool) (Identity, policy.Reason, error) {
	return g.checkSession(ctx, SessionKeyOf(token), active)
}

func (g *Gate) checkSession(ctx context.Context, key policy.SessionKey, active bool) (Identity, policy.Reason, error) {
	s, a, err := g.Store.SessionWithAccount(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Identity{}, policy.NoSession, nil
	case errors.Is(err, store.ErrUnreadable):
		g.Observer.StoreFailed("read session", err)
		return Identity{}, policy.NoSession, nil // that session is refused; others are fine
	case err != nil:
		return Identity{}, policy.NoSession, g.storeError("read session", err)
	}
	now := g.Now()
	if reason := g.Rules.CheckSession(&s, &a, now); reason != policy.OK {
		g.dropSession(ctx, &s, reason)
		return Identity{}, reason, nil
	}
	return Identity{Account: a, Session: s, Touch: active && g.Rules.SessionTouchDue(&s, now)}, policy.OK, nil
}

// RecheckSession tells whether a session that was good when a long request began still is. It does not count as
// activity.
func (g *Gate) RecheckSession(ctx context.Context, key policy.SessionKey) (policy.Reason, error) {
	_, reason, err := g.checkSession(ctx, key, false)
	return reason, err
}

// dropSession removes a session that has ended by the rules, and tells of it once: whoever removes it.
func (g *Gate) dropSession(ctx context.Context, s *policy.Session, reason policy.Reason) {
	if was, err := g.Store.EndSession(ctx, s.Key); err == nil && was {
		g.event("session.ended", s.Account, Client{Address: s.Address, Agent: s.Agent}, reason, "")
	}
}

// Touch writes the last-seen time of a session. A store that does not answer costs the person some idle time, not the
// request that is already answered.
func (g *Gate) Touch(ctx context.Context, id Identity) {
	if err := g.Store.TouchSession(ctx, id.Session.Key, g.Now().UTC()); err != nil {
		g.Observer.StoreFailed("touch session", err)
	}
}

// startSession makes a session with a new token. The account's epoch was read before, so a sign-out everywhere in
// between leaves a session that is dead already.
func (g *Gate) startSession(ctx context.Context, a *policy.Account, c Client) (string, error) {
	token, now := RandomToken(), g.Now().UTC()
	s := policy.Session{
		Version: policy.RecordVersion, Key: SessionKeyOf(token), Account: a.ID, Epoch: a.Epoch,
		CreatedAt: now, SeenAt: now, Address: c.Address, Agent: c.Agent,
	}
	if err := g.Store.CreateSession(ctx, s, now.Add(g.Rules.Lifetime)); err != nil {
		return "", g.storeError("create session", err)
	}
	return token, nil
}

// SignOut ends the session of a token, on every node at once. A token without a session is no error.
func (g *Gate) SignOut(ctx context.Context, token string, c Client) error {
	key := SessionKeyOf(token)
	s, _, err := g.Store.SessionWithAccount(ctx, key)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnreadable) {
		s = policy.Session{}
	} else if err != nil {
		return g.storeError("read session", err)
	}
	was, err := g.Store.EndSession(ctx, key)
	if err != nil {
		return g.storeError("end session", err)
	}
	if was {
		g.event("session.ended", s.Account, c, policy.OK, "signed_out")
	}
	return nil
}

// SessionsOf lists a person's own live sessions, newest first.
func (g *Gate) SessionsOf(ctx context.Context, id Identity) ([]policy.Session, error) {
	return g.liveSessions(ctx, &id.Account)
}

func (g *Gate) liveSessions(ctx context.Context, a *policy.Account) ([]policy.Session, error) {
	all, err := g.Store.SessionsOf(ctx, a.ID)
	if err != nil {
		return nil, g.storeError("list sessions", err)
	}
	now := g.Now()
	return slices.DeleteFunc(all, func(s policy.Session) bool {
		return g.Rules.CheckSession(&s, a, now) != policy.OK
	}), nil
}

// EndSession ends one of a person's own sessions. A key that is not theirs is no error and changes nothing.
func (g *Gate) EndSession(ctx context.Context, id Identity, key policy.SessionKey, c Client) error {
	own, err := g.SessionsOf(ctx, id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(own, func(s policy.Session) bool { return s.Key == key }) {
		return nil
	}
	if _, err := g.Store.EndSession(ctx, key); err != nil {
		return g.storeError("end session", err)
	}
	g.event("session.ended", id.Account.ID, c, policy.OK, "signed_out_there")
	return nil
}

// EndOtherSessions ends all of a person's sessions but the one they ask from.
func (g *Gate) EndOtherSessions(ctx context.Context, id Identity, c Client) error {
	n, err := g.Store.EndSessions(ctx, id.Account.ID, id.Session.Key)
	if err != nil {
		return g.storeError("end sessions", err)
	}
	if n > 0 {
		g.event("session.ended", id.Account.ID, c, policy.OK, "signed_out_elsewhere")
	}
	return nil
}

// SessionLeft returns the time until a session ends idle and in all.
func (g *Gate) SessionLeft(id Identity) (idle, all time.Duration) {
	return g.Rules.SessionLeft(&id.Session, g.Now())
}
