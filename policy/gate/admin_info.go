package gate

import (
	"context"
	"errors"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/store"
)

// AccountInfo is what an admin may see of an account: no password, hash, code or link, and of the phone two digits.
type AccountInfo struct {
	ID            policy.AccountID `json:"id"`
	Email         string           `json:"email"`
	Name          string           `json:"name"`
	Phone         string           `json:"phone"` // masked
	PhoneVerified bool             `json:"phone_verified"`
	Groups        []string         `json:"groups"`
	Language      string           `json:"language"` // last used, or set by an admin; "" when none is known
	State         policy.State     `json:"state"`
	CreatedAt     time.Time        `json:"created_at"`
	PasswordSetAt time.Time        `json:"password_set_at,omitzero"`
	PasswordEnds  time.Time        `json:"password_ends,omitzero"`
	WrongTries    int              `json:"wrong_tries"`
	LockedAt      time.Time        `json:"locked_at,omitzero"`
	LastSignIn    time.Time        `json:"last_sign_in,omitzero"`
	Sessions      int              `json:"sessions"`
	Change        *PendingChange   `json:"change,omitempty"`
}

// PendingChange is a contact change that waits for its holding time.
type PendingChange struct {
	Email       string    `json:"email,omitempty"`
	Phone       string    `json:"phone,omitempty"` // masked
	EffectiveAt time.Time `json:"effective_at"`
}

// ListAccounts lists up to limit accounts after an address; next is "" at the end. unreadable counts records that
// could not be read.
func (g *Gate) ListAccounts(ctx context.Context, after string, limit int) (infos []AccountInfo, next string, unreadable int, err error) {
	accounts, unreadable, err := g.Store.ListAccounts(ctx, after, limit)
	if err != nil {
		return nil, "", 0, g.storeError("list accounts", err)
	}
	infos = make([]AccountInfo, 0, len(accounts))
	for i := range accounts {
		info, err := g.info(ctx, &accounts[i])
		if err != nil {
			return nil, "", 0, err
		}
		infos = append(infos, info)
	}
	if n := len(accounts); n > 0 && n == limit {
		next = accounts[n-1].Email
	}
	return infos, next, unreadable, nil
}

// ShowAccount returns one account. A *Refusal says that there is none.
func (g *Gate) ShowAccount(ctx context.Context, email string) (AccountInfo, error) {
	a, err := g.mustFind(ctx, email)
	if err != nil {
		return AccountInfo{}, err
	}
	return g.info(ctx, &a)
}

// mustFind finds an account by its address, or by its id, which is what the audit trail names people by.
func (g *Gate) mustFind(ctx context.Context, typed string) (policy.Account, error) {
	var a policy.Account
	email, err := address.Email(typed)
	switch {
	case err == nil:
		a, err = g.Store.AccountByEmail(ctx, email)
	case accountID.MatchString(typed):
		a, err = g.Store.Account(ctx, policy.AccountID(typed))
	default:
		return policy.Account{}, refuse("this is no email address: %v", err)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a, refuse("there is no account with this address")
	case errors.Is(err, store.ErrUnreadable):
		return a, refuse("the record of this account cannot be read; restore it from a backup")
	case err != nil:
		return a, g.storeError("read account", err)
	}
	return a, nil
}

func (g *Gate) info(ctx context.Context, a *policy.Account) (AccountInfo, error) {
	sessions, err := g.liveSessions(ctx, a)
	if err != nil {
		return AccountInfo{}, err
	}
	info := AccountInfo{
		ID: a.ID, Email: a.Email, Name: a.Name, Phone: address.MaskPhone(a.Phone.Number), PhoneVerified: !a.Phone.VerifiedAt.IsZero(),
		Groups: append([]string{}, a.Groups...), Language: a.Language, State: g.Rules.State(a, g.Now()), CreatedAt: a.CreatedAt,
		PasswordSetAt: a.Password.SetAt, WrongTries: a.Failures.Failed, LockedAt: a.Failures.LockedAt, Sessions: len(sessions),
	}
	if ends, ok := g.Rules.PasswordEnds(a); ok {
		info.PasswordEnds = ends
	}
	if n := len(a.SignIns); n > 0 {
		info.LastSignIn = a.SignIns[n-1].At
	}
	if ch := a.Change; ch != nil {
		info.Change = &PendingChange{Email: ch.Email, EffectiveAt: ch.EffectiveAt}
		if ch.Phone != "" {
			info.Change.Phone = address.MaskPhone(ch.Phone)
		}
	}
	return info, nil
}
