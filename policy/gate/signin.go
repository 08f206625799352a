package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strconv"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
)

// SignInRequest is what a login form holds.
type SignInRequest struct {
	Email, Password string // as typed
	Client          Client
	// Replaces is the session token this browser holds already, or "". That session ends when somebody signs in, so
	// that two people on one browser are never mixed.
	Replaces string
}

// SignInResult is how a sign-in ended. Reason is OK (with Token), Expired, Throttled or Busy (with RetryAfter), or Refused
// for everything else: why is for the audit trail, not for the visitor.
type SignInResult struct {
	Reason     policy.Reason
	Token      string
	RetryAfter time.Duration
	Account    policy.AccountID
}

// checkTime bounds a check once it has been counted. It goes on when the visitor hangs up, so that a guess cannot be
// taken back by closing the connection, and an honest one is not held against its owner. signInTime bounds the whole,
// with the waits before.
const (
	checkTime  = policy.CheckLife / 2
	signInTime = checkTime + 2*maxWait
)

// SignIn checks an email address and a password. The guess is counted before it is checked. Addresses without an
// account, and accounts nobody may sign in to, go the same way with a decoy: as many store round trips, one hash.
func (g *Gate) SignIn(ctx context.Context, r SignInRequest) (SignInResult, error) {
	password, err := passhash.Prepare(r.Password)
	if err != nil { // too long or not text: it cannot be right, and hashing it would be a gift to an attacker
		g.event("login.failed", "", r.Client, policy.Refused, "unusable_password")
		return SignInResult{Reason: policy.Refused}, nil
	}
	id := randomID()
	reason, wait, err := g.holdSource(ctx, r.Client, id)
	if err != nil {
		return SignInResult{}, err
	}
	if reason != policy.OK {
		g.event("login.throttled", "", r.Client, reason, "")
		return SignInResult{Reason: reason, RetryAfter: wait}, nil
	}
	// From here on it no longer matters whether the visitor is still there: hanging up must neither give the place back
	// nor tell, by the places that are left, whether there was an account to check.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), signInTime)
	defer cancel()
	result, err := g.signIn(ctx, r, password, id)
	g.settleSource(ctx, r.Client, id, err == nil && result.Reason == policy.Refused)
	return result, err
}

func (g *Gate) signIn(ctx context.Context, r SignInRequest, password, id string) (SignInResult, error) {
	a, found, err := g.accountByEmail(ctx, r.Email)
	if err != nil {
		return SignInResult{}, err
	}
	if !found {
		return g.refuse(ctx, r, "", policy.Refused, password)
	}
	switch g.Rules.State(&a, g.Now()) {
	case policy.StateDisabled:
		return g.refuse(ctx, r, a.ID, policy.Disabled, password)
	case policy.StateInvited:
		return g.refuse(ctx, r, a.ID, policy.Invited, password)
	case policy.StateLocked:
		if !a.Failures.LockedAt.IsZero() {
			return g.refuse(ctx, r, a.ID, policy.Locked, password)
		} // else the lock is written, and told, with this guess
	}
	check, err := g.checkPassword(ctx, a.ID, password, id, r.Client)
	if err != nil {
		return SignInResult{}, err
	}
	switch {
	case check.reason == policy.OK:
	case check.reason == policy.Expired:
		g.event("password.expired", a.ID, r.Client, policy.Expired, "")
		return SignInResult{Reason: policy.Expired, Account: a.ID}, nil
	case check.reason == policy.Busy:
		return SignInResult{Reason: policy.Busy, RetryAfter: busyRetry}, nil
	case !check.ran: // locked, or gone, since it was read: whoever guesses in parallel must not see it by the time
		return g.refuse(ctx, r, a.ID, check.reason, password)
	default:
		g.event("login.failed", a.ID, r.Client, check.reason, "")
		return SignInResult{Reason: policy.Refused}, nil
	}
	if r.Replaces != "" {
		if err := g.SignOut(ctx, r.Replaces, r.Client); err != nil {
			return SignInResult{}, err
		}
	}
	token, err := g.startSession(ctx, &check.account, r.Client)
	if err != nil {
		return SignInResult{}, err
	}
	g.event("login.succeeded", a.ID, r.Client, policy.OK, "")
	return SignInResult{Reason: policy.OK, Token: token, Account: a.ID}, nil
}

// accountByEmail finds an account by an address as it was typed. What is no address, has no account, or has a record
// that cannot be read is not found.
func (g *Gate) accountByEmail(ctx context.Context, typed string) (policy.Account, bool, error) {
	email, err := address.Email(typed)
	if err != nil {
		email = "" // in no index: looked up all the same, for the time it takes
	}
	a, err := g.Store.AccountByEmail(ctx, email)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return policy.Account{}, false, nil
	case errors.Is(err, store.ErrUnreadable):
		g.Observer.StoreFailed("read account", err)
		return policy.Account{}, false, nil
	case err != nil:
		return policy.Account{}, false, g.storeError("read account", err)
	}
	return a, true, nil
}

// refuse takes the way of a wrong password without checking one. reason is for the audit trail.
func (g *Gate) refuse(ctx context.Context, r SignInRequest, id policy.AccountID, reason policy.Reason, password string) (SignInResult, error) {
	if err := g.touchDecoy(ctx); err != nil {
		return SignInResult{}, err
	}
	g.Observer.PasswordDecoy()
	if err := g.Hasher.Decoy(ctx, password); errors.Is(err, passhash.ErrBusy) {
		return SignInResult{Reason: policy.Busy, RetryAfter: busyRetry}, nil
	} else if err != nil {
		return SignInResult{}, err
	}
	if err := g.touchDecoy(ctx); err != nil {
		return SignInResult{}, err
	}
	g.event("login.failed", id, r.Client, reason, "")
	return SignInResult{Reason: policy.Refused}, nil
}

// decoys is how many records stand in for accounts that do not exist: few enough to cost nothing, enough to keep
// guesses at invented addresses from waiting for each other.
const decoys = 256

// touchDecoy changes a decoy record, as an attempt changes an account.
func (g *Gate) touchDecoy(ctx context.Context) error {
	n, err := rand.Int(rand.Reader, big.NewInt(decoys))
	if err != nil {
		return err
	}
	id := policy.AccountID("decoy-" + n.String())
	touch := func(a *policy.Account) (store.Effects, error) {
		a.Failures.Failed ^= 1
		return store.Effects{}, nil
	}
	_, err = g.Store.UpdateAccount(ctx, id, touch)
	if errors.Is(err, store.ErrNotFound) {
		_, err = g.Store.CreateAccount(ctx, policy.Account{Version: policy.RecordVersion, ID: id, Disabled: true}, store.Effects{})
		if errors.Is(err, store.ErrExists) {
			err = nil
		}
	}
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return g.storeError("write decoy", err)
	}
	return nil
}

// check is the outcome of one counted password check.
type check struct {
	reason  policy.Reason // OK, Expired, Busy, or why the password was not accepted
	ran     bool          // a hash was computed
	account policy.Account
	failed  int // wrong passwords before this one
}

// checkPassword counts a guess, checks it, and settles the count.
func (g *Gate) checkPassword(ctx context.Context, id policy.AccountID, password, attempt string, c Client) (check, error) {
	reserved, reason, err := g.reserve(ctx, id, attempt)
	if err != nil || reason != policy.OK {
		return check{reason: reason, account: reserved}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	hash := reserved.Password.Hash
	matched, err := g.Hasher.Verify(ctx, hash, password)
	if err != nil {
		g.withdraw(ctx, id, attempt)
		if errors.Is(err, passhash.ErrBusy) {
			return check{reason: policy.Busy}, nil
		}
		// A hash that cannot be read refuses this account and no other.
		g.Observer.PasswordCheck(CheckError)
		g.Observer.StoreFailed("verify password", err)
		return check{reason: policy.Refused}, nil
	}
	renewed := ""
	if matched {
		g.Observer.PasswordCheck(CheckMatch)
		if g.Hasher.NeedsRehash(hash) {
			renewed, _ = g.Hasher.Hash(ctx, password) // when the lane is full, the next sign-in will do it
		}
	} else {
		g.Observer.PasswordCheck(CheckMismatch)
	}
	return g.settle(ctx, id, attempt, hash, renewed, matched, c)
}

// reserve counts a guess, waiting for a place while all of them are held by checks still running.
func (g *Gate) reserve(ctx context.Context, id policy.AccountID, attempt string) (policy.Account, policy.Reason, error) {
	for w := newWait(); ; {
		var reason policy.Reason
		a, err := g.Store.UpdateAccount(ctx, id, func(a *policy.Account) (store.Effects, error) {
			reason = g.Rules.ReserveAttempt(a, attempt, g.Now().UTC())
			if reason == policy.JustLocked {
				return g.letters(ctx, a, LetterLocked)
			}
			return store.Effects{}, nil
		})
		switch {
		case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnreadable):
			return a, policy.Refused, nil // removed since it was read
		case errors.Is(err, store.ErrConflict):
			reason = policy.Busy
		case err != nil:
			return a, "", g.storeError("count attempt", err)
		}
		if reason == policy.JustLocked {
			g.locked(id, Client{})
		}
		if reason != policy.Busy {
			return a, reason, nil
		}
		if more, err := w.pause(ctx); err != nil {
			return a, "", err
		} else if !more {
			return a, policy.Busy, nil
		}
	}
}

func (g *Gate) settle(ctx context.Context, id policy.AccountID, attempt, hash, renewed string, matched bool, c Client) (check, error) {
	var out check
	a, err := g.Store.UpdateAccount(ctx, id, func(a *policy.Account) (store.Effects, error) {
		now := g.Now().UTC()
		out.reason, out.failed = g.Rules.SettleAttempt(a, attempt, hash, matched, now)
		switch out.reason {
		case policy.OK:
			policy.RecordSignIn(a, now, c.Address, c.Agent, out.failed)
			policy.RememberLanguage(a, c.Language)
			if renewed != "" {
				a.Password.Hash = renewed
			}
		case policy.JustLocked:
			return g.letters(ctx, a, LetterLocked)
		}
		return store.Effects{}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return check{reason: policy.Refused, ran: true}, nil
	}
	if err != nil {
		return check{}, g.storeError("settle attempt", err)
	}
	out.account, out.ran = a, true
	if out.reason == policy.JustLocked {
		g.locked(id, c)
	}
	return out, nil
}

// withdraw gives a place back; if that fails the guess counts as wrong in the end.
func (g *Gate) withdraw(ctx context.Context, id policy.AccountID, attempt string) {
	_, err := g.Store.UpdateAccount(ctx, id, func(a *policy.Account) (store.Effects, error) {
		g.Rules.WithdrawAttempt(a, attempt)
		return store.Effects{}, nil
	})
	if err != nil {
		g.Observer.StoreFailed("withdraw attempt", err)
	}
}

func (g *Gate) locked(id policy.AccountID, c Client) {
	g.event("account.locked", id, c, policy.Locked, "after "+strconv.Itoa(g.Rules.Lockout+1))
	g.Wake()
}
