package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/store"
)

// Refusal is the error for what an admin asked for and may not have, with a sentence that says why and what to do.
type Refusal struct{ Message string }

func (r *Refusal) Error() string { return r.Message }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// NewAccount is what an account begins with. Phone is in international form.
type NewAccount struct {
	Email  string   `json:"email"`
	Phone  string   `json:"phone"`
	Name   string   `json:"name,omitempty"`
	Groups []string `json:"groups,omitempty"`
	// Language is what the invitation is written in, a tag of Config.Languages; "" leaves it to the first.
	Language string `json:"language,omitempty"`
}

// AccountChange is what is to be different; nil leaves a field as it is. The language "" forgets the one there is.
type AccountChange struct {
	Name     *string   `json:"name,omitempty"`
	Email    *string   `json:"email,omitempty"`
	Phone    *string   `json:"phone,omitempty"`
	Groups   *[]string `json:"groups,omitempty"`
	Language *string   `json:"language,omitempty"`
}

// AddAccount creates an account in state invited and sends the invitation. A *Refusal says what is wrong with n.
func (g *Gate) AddAccount(ctx context.Context, n NewAccount, c Client) (AccountInfo, error) {
	a := policy.Account{Version: policy.RecordVersion, ID: policy.AccountID(randomID()), CreatedAt: g.Now().UTC()}
	if n.Phone == "" {
		return AccountInfo{}, refuse("a phone number is needed: without it the person cannot set up a password; give it with --phone +1…")
	}
	given := AccountChange{Name: &n.Name, Email: &n.Email, Phone: &n.Phone, Groups: &n.Groups, Language: &n.Language}
	if err := g.fill(&a, given); err != nil {
		return AccountInfo{}, err
	}
	effects, err := g.addLink(ctx, &a, RandomToken(), "")
	if err != nil {
		return AccountInfo{}, err
	}
	a, err = g.Store.CreateAccount(ctx, a, effects)
	if errors.Is(err, store.ErrExists) {
		return AccountInfo{}, refuse("there is an account with this address already; see it with: user show")
	}
	if err != nil {
		return AccountInfo{}, g.storeError("create account", err)
	}
	g.adminEvent("admin.account_added", a.ID, c, address.MaskEmail(a.Email))
	g.event("invitation.sent", a.ID, c, policy.OK, "")
	g.Wake()
	return g.info(ctx, &a)
}

// SetAccount changes name, groups and language at once. A changed address or number counts after the holding time; the
// old address and the old number are told now.
func (g *Gate) SetAccount(ctx context.Context, email string, ch AccountChange, c Client) (AccountInfo, error) {
	if ch == (AccountChange{}) {
		return AccountInfo{}, refuse("nothing to change: give --name, --group, --language, --phone or --email")
	}
	var wanted policy.Account
	if err := g.fill(&wanted, ch); err != nil {
		return AccountInfo{}, err
	}
	if ch.Email != nil {
		if other, err := g.Store.AccountByEmail(ctx, wanted.Email); err == nil && other.Email != normal(email) {
			return AccountInfo{}, refuse("the new address belongs to another account")
		}
	}
	before, err := g.mustFind(ctx, email)
	if err != nil {
		return AccountInfo{}, err
	}
	a, err := g.Store.UpdateAccount(ctx, before.ID, func(a *policy.Account) (store.Effects, error) {
		if ch.Name != nil {
			a.Name = wanted.Name
		}
		if ch.Groups != nil {
			a.Groups = wanted.Groups
		}
		if ch.Language != nil {
			a.Language = wanted.Language
		}
		if ch.Email == nil && ch.Phone == nil {
			return store.Effects{}, nil
		}
		return g.changeContact(ctx, a, wanted.Email, wanted.Phone.Number)
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return AccountInfo{}, refuse("the new address belongs to another account")
	case errors.Is(err, store.ErrNotFound):
		return AccountInfo{}, refuse("there is no account with this address")
	case err != nil:
		return AccountInfo{}, g.storeError("change account", err)
	}
	g.adminEvent("admin.account_changed", a.ID, c, changes(&before, ch))
	g.Wake()
	return g.info(ctx, &a)
}

// changeContact begins a contact change: it tells the old address and plans the moment when the change counts.
func (g *Gate) changeContact(ctx context.Context, a *policy.Account, email, phone string) (store.Effects, error) {
	old, setUp := a.Email, a.Password.Hash != ""
	if g.Rules.ChangeContact(a, email, phone, g.Now().UTC()) || !setUp {
		return store.Effects{}, nil
	}
	d := LetterData{Language: a.Language, Name: a.Name, At: g.Now().UTC(), Ends: a.Change.EffectiveAt}
	if a.Change.Email != "" {
		d.NewEmail = address.MaskEmail(a.Change.Email)
	}
	if a.Change.Phone != "" {
		d.NewPhone = address.MaskPhone(a.Change.Phone)
	}
	told, err := g.letter(ctx, a.ID, old, LetterContactChange, d, g.Now().Add(noticeLife))
	if err != nil {
		return store.Effects{}, err
	}
	effects := store.Effects{Messages: []policy.Message{told}}
	if a.Change.Phone != "" && g.mayReach(a.Phone.Number) {
		text, err := g.noticeText(ctx, a, g.Words.PhoneChangedText)
		if err != nil {
			return store.Effects{}, err
		}
		effects.Messages = append(effects.Messages, text)
	}
	due := g.message(policy.KindContact, a.ID, a.Change.EffectiveAt.Add(30*policy.Day))
	due.NotBefore = a.Change.EffectiveAt
	effects.Messages = append(effects.Messages, due)
	return effects, nil
}

// DisableAccount ends an account's sessions, links and codes and keeps it from signing in.
func (g *Gate) DisableAccount(ctx context.Context, email string, c Client) (AccountInfo, error) {
	return g.update(ctx, email, "admin.account_disabled", c, func(a *policy.Account) (store.Effects, error) {
		policy.Disable(a)
		return store.Effects{}, nil
	})
}

// EnableAccount brings back the state before DisableAccount. It does not unlock.
func (g *Gate) EnableAccount(ctx context.Context, email string, c Client) (AccountInfo, error) {
	return g.update(ctx, email, "admin.account_enabled", c, func(a *policy.Account) (store.Effects, error) {
		policy.Enable(a)
		return store.Effects{}, nil
	})
}

// SignOutAccount ends all sessions of an account.
func (g *Gate) SignOutAccount(ctx context.Context, email string, c Client) (AccountInfo, error) {
	return g.update(ctx, email, "admin.signed_out", c, func(a *policy.Account) (store.Effects, error) {
		policy.SignOutEverywhere(a)
		return store.Effects{}, nil
	})
}

// InviteAccount sends the invitation again. An account that is set up already is refused and not changed.
func (g *Gate) InviteAccount(ctx context.Context, email string, c Client) (AccountInfo, error) {
	info, err := g.update(ctx, email, "invitation.sent", c, func(a *policy.Account) (store.Effects, error) {
		switch {
		case a.Disabled:
			return store.Effects{}, refuse("the account is disabled; enable it first")
		case a.Password.Hash != "":
			return store.Effects{}, refuse("the account is set up already; its owner can use Forgot Password")
		}
		return g.addLink(ctx, a, RandomToken(), "")
	})
	g.Wake()
	return info, err
}

func (g *Gate) update(ctx context.Context, email, event string, c Client, fn func(*policy.Account) (store.Effects, error)) (AccountInfo, error) {
	a, err := g.mustFind(ctx, email)
	if err != nil {
		return AccountInfo{}, err
	}
	epoch := a.Epoch
	a, err = g.Store.UpdateAccount(ctx, a.ID, fn)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return AccountInfo{}, err
	case errors.Is(err, store.ErrNotFound):
		return AccountInfo{}, refuse("there is no account with this address")
	case err != nil:
		return AccountInfo{}, g.storeError("change account", err)
	}
	if a.Epoch != epoch {
		if _, err := g.Store.EndSessions(ctx, a.ID, ""); err != nil {
			g.Observer.StoreFailed("end sessions", err) // they are dead by the epoch
		}
	}
	g.adminEvent(event, a.ID, c, "")
	return g.info(ctx, &a)
}

// RemoveAccount removes an account for good. Its id is never used again.
func (g *Gate) RemoveAccount(ctx context.Context, email string, c Client) error {
	a, err := g.mustFind(ctx, email)
	if err != nil {
		return err
	}
	err = g.Store.RemoveAccount(ctx, a.ID, store.Effects{})
	if errors.Is(err, store.ErrNotFound) {
		return refuse("there is no account with this address")
	}
	if err != nil {
		return g.storeError("remove account", err)
	}
	g.adminEvent("admin.account_removed", a.ID, c, address.MaskEmail(a.Email))
	return nil
}

// SignOutAll ends every session of every account and returns how many accounts there are.
func (g *Gate) SignOutAll(ctx context.Context, c Client) (int, error) {
	const page = 200
	n, after := 0, ""
	for {
		accounts, _, err := g.Store.ListAccounts(ctx, after, page)
		if err != nil {
			return n, g.storeError("list accounts", err)
		}
		for _, a := range accounts {
			_, err := g.Store.UpdateAccount(ctx, a.ID, func(a *policy.Account) (store.Effects, error) {
				policy.SignOutEverywhere(a)
				return store.Effects{}, nil
			})
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return n, g.storeError("sign out", err)
			}
			if _, err := g.Store.EndSessions(ctx, a.ID, ""); err != nil {
				g.Observer.StoreFailed("end sessions", err)
			}
			n++
		}
		if len(accounts) < page {
			g.adminEvent("admin.signed_out_all", "", c, "")
			return n, nil
		}
		after = accounts[len(accounts)-1].Email
	}
}

func (g *Gate) adminEvent(name string, account policy.AccountID, c Client, detail string) {
	g.Observer.Event(Event{Name: name, Time: g.Now().UTC(), Account: account, Client: c, Outcome: policy.OK, Actor: "admin", Detail: detail})
}

// changes says what an admin changes, for the audit trail: which fields, and of groups which come and go, since groups
// are rights.
func changes(before *policy.Account, ch AccountChange) string {
	var parts []string
	for _, field := range []struct {
		name    string
		changed bool
	}{{"name", ch.Name != nil}, {"email", ch.Email != nil}, {"phone", ch.Phone != nil}, {"language", ch.Language != nil}} {
		if field.changed {
			parts = append(parts, field.name)
		}
	}
	if ch.Groups != nil {
		for _, group := range *ch.Groups {
			if !slices.Contains(before.Groups, group) {
				parts = append(parts, "+"+group)
			}
		}
		for _, group := range before.Groups {
			if !slices.Contains(*ch.Groups, group) {
				parts = append(parts, "-"+group)
			}
		}
	}
	return strings.Join(parts, " ")
}
