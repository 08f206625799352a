package gate

import (
	"context"
	"errors"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
)

// ChangeRequest is the form of a person who changes their own password.
type ChangeRequest struct {
	Current, New, Confirm string // as typed
	Client                Client
}

// ChangeResult is how a change ended. OK comes with the token of a new session, since all old ones end. The other
// reasons: WrongPassword (it counts like a wrong one at sign-in), Locked, Mismatch, Violations, Busy (with RetryAfter).
type ChangeResult struct {
	Reason     policy.Reason
	Violations []policy.Violation
	Token      string
	RetryAfter time.Duration
}

// ChangePassword sets a new password for somebody who is signed in and knows the current one.
func (g *Gate) ChangePassword(ctx context.Context, id Identity, r ChangeRequest) (ChangeResult, error) {
	if r.New != r.Confirm {
		return ChangeResult{Reason: policy.Mismatch}, nil
	}
	current, err := passhash.Prepare(r.Current)
	if err != nil {
		return ChangeResult{Reason: policy.WrongPassword}, nil
	}
	check, err := g.checkPassword(ctx, id.Account.ID, current, randomID(), r.Client)
	if err != nil {
		return ChangeResult{}, err
	}
	switch check.reason {
	case policy.OK, policy.Expired:
	case policy.Busy:
		return ChangeResult{Reason: policy.Busy, RetryAfter: busyRetry}, nil
	case policy.Locked, policy.JustLocked:
		g.event("password.change_failed", id.Account.ID, r.Client, policy.Locked, "")
		return ChangeResult{Reason: policy.Locked}, nil
	default:
		g.event("password.change_failed", id.Account.ID, r.Client, policy.WrongPassword, "")
		return ChangeResult{Reason: policy.WrongPassword}, nil
	}
	hash, violations, err := g.newPassword(ctx, &check.account, r.New)
	switch {
	case errors.Is(err, passhash.ErrBusy):
		return ChangeResult{Reason: policy.Busy, RetryAfter: busyRetry}, nil
	case err != nil:
		return ChangeResult{}, err
	case len(violations) > 0:
		return ChangeResult{Reason: policy.Violations, Violations: violations}, nil
	}
	reason := policy.OK
	a, err := g.Store.UpdateAccount(ctx, id.Account.ID, func(a *policy.Account) (store.Effects, error) {
		reason = policy.OK
		if a.Disabled || a.Password.Hash != check.account.Password.Hash {
			reason = policy.WrongPassword // changed by somebody else since it was checked
			return store.Effects{}, nil
		}
		if g.Rules.State(a, g.Now()) == policy.StateLocked {
			reason = policy.Locked // since it was checked; only a reset unlocks
			return store.Effects{}, nil
		}
		g.Rules.SetPassword(a, hash, g.Now().UTC())
		policy.RememberLanguage(a, r.Client.Language)
		return g.letters(ctx, a, LetterPasswordChanged)
	})
	if errors.Is(err, store.ErrNotFound) {
		return ChangeResult{Reason: policy.WrongPassword}, nil // removed meanwhile
	}
	if err != nil {
		return ChangeResult{}, g.storeError("change password", err)
	}
	if reason != policy.OK {
		return ChangeResult{Reason: reason}, nil
	}
	g.passwordChanged(ctx, &a, r.Client, "changed")
	token, err := g.startSession(ctx, &a, r.Client)
	if err != nil {
		return ChangeResult{}, err
	}
	return ChangeResult{Reason: policy.OK, Token: token}, nil
}

// passwordChanged does what follows a new password. The sessions are dead already, by the epoch; removing them frees
// their space.
func (g *Gate) passwordChanged(ctx context.Context, a *policy.Account, c Client, how string) {
	if _, err := g.Store.EndSessions(ctx, a.ID, ""); err != nil {
		g.Observer.StoreFailed("end sessions", err)
	}
	g.event("password.changed", a.ID, c, policy.OK, how)
	g.Wake()
}

// newPassword judges a new password and hashes it. Violations come back all at once.
func (g *Gate) newPassword(ctx context.Context, a *policy.Account, typed string) (hash string, violations []policy.Violation, err error) {
	password, err := passhash.Prepare(typed)
	if err != nil {
		return "", unusable(typed, err), nil
	}
	var broken error
	used := func(hash string) bool {
		matched, err := g.Hasher.Verify(ctx, hash, password)
		if errors.Is(err, passhash.ErrBusy) || ctx.Err() != nil {
			broken = err
		}
		return matched // a hash that cannot be read can be no reason against a new password
	}
	violations = g.Passwords.CheckPassword(password, *a, used)
	if broken != nil {
		return "", nil, broken
	}
	if len(violations) > 0 {
		return "", violations, nil
	}
	hash, err = g.Hasher.Hash(ctx, password)
	return hash, nil, err
}

// Requirements lists what a new password must meet, to be shown before typing.
func (g *Gate) Requirements() []policy.Requirement { return g.Passwords.Requirements() }
