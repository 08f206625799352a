package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

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
}

// AccountChange is what is to be different; nil leaves a field as it is.
type AccountChange struct {
	Name   *string   `json:"name,omitempty"`
	Email  *string   `json:"email,omitempty"`
	Phone  *string   `json:"phone,omitempty"`
	Groups *[]string `json:"groups,omitempty"`
}

// AccountInfo is what an admin may see of an account: no password, hash, code or link, and of the phone two digits.
type AccountInfo struct {
	ID            policy.AccountID `json:"id"`
	Email         string           `json:"email"`
	Name          string           `json:"name"`
	Phone         string           `json:"phone"` // masked
	PhoneVerified bool             `json:"phone_verified"`
	Groups        []string         `json:"groups"`
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

// Bounds of what a name and groups may be: both go into headers.
const (
	MaxName   = 100 // code points
	MaxGroups = 64
	MaxGroup  = 64 // bytes
)

// AddAccount creates an account in state invited and sends the invitation. A *Refusal says what is wrong with n.
func (g *Gate) AddAccount(ctx context.Context, n NewAccount, c Client) (AccountInfo, error) {
	a := policy.Account{Version: policy.RecordVersion, ID: policy.AccountID(randomID()), CreatedAt: g.Now().UTC()}
	if n.Phone == "" {
		return AccountInfo{}, refuse("a phone number is needed: without it the person cannot set up a password; give it with --phone +1…")
	}
	if err := g.fill(&a, AccountChange{Name: &n.Name, Email: &n.Email, Phone: &n.Phone, Groups: &n.Groups}); err != nil {
		return AccountInfo{}, err
	}
	effects, err := g.addLink(ctx, &a, RandomToken())
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
	g.adminEvent("admin.account_added", a.ID, c)
	g.event("invitation.sent", a.ID, c, policy.OK, "")
	g.Wake()
	return g.info(ctx, &a)
}

// fill checks and normalises what an admin typed and puts it into a.
func (g *Gate) fill(a *policy.Account, ch AccountChange) error {
	if ch.Name != nil {
		if err := checkName(*ch.Name); err != nil {
			return err
		}
		a.Name = *ch.Name
	}
	if ch.Groups != nil {
		groups, err := checkGroups(*ch.Groups)
		if err != nil {
			return err
		}
		a.Groups = groups
	}
	if ch.Email != nil {
		email, err := address.Email(*ch.Email)
		if err != nil {
			return refuse("the email address cannot be used: %v", err)
		}
		a.Email = email
	}
	if ch.Phone != nil {
		number, err := address.Phone(*ch.Phone, g.Countries)
		if err != nil {
			return refuse("the phone number cannot be used: %v", err)
		}
		a.Phone = policy.Phone{Number: number}
	}
	return nil
}

func checkName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxName {
		return refuse("the name must be text of at most %d characters", MaxName)
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return refuse("the name holds a control character; write it in one plain line")
		}
	}
	return nil
}

// checkGroups makes groups a sorted set of words. A word may be of any script but holds nothing that separates
// words where the app reads them.
func checkGroups(groups []string) ([]string, error) {
	if len(groups) > MaxGroups {
		return nil, refuse("at most %d groups", MaxGroups)
	}
	for _, group := range groups {
		if group == "" || len(group) > MaxGroup || !utf8.ValidString(group) {
			return nil, refuse("a group is a word of at most %d bytes", MaxGroup)
		}
		for _, r := range group {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) && r != '-' && r != '_' && r != '.' && r != ':' && r != '/' && r != '@' {
				return nil, refuse("group %q: use letters, digits and - _ . : / @ only", group)
			}
		}
	}
	sorted := slices.Sorted(slices.Values(groups))
	return slices.Compact(sorted), nil
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

// SetAccount changes name and groups at once. A changed address or number counts after the holding time; the
// old address and the old number are told now.
func (g *Gate) SetAccount(ctx context.Context, email string, ch AccountChange, c Client) (AccountInfo, error) {
	if ch == (AccountChange{}) {
		return AccountInfo{}, refuse("nothing to change: give --name, --group, --phone or --email")
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
	g.adminEvent("admin.account_changed", a.ID, c)
	g.Wake()
	return g.info(ctx, &a)
}

// changeContact begins a contact change: it tells the old address and plans the moment when the change counts.
func (g *Gate) changeContact(ctx context.Context, a *policy.Account, email, phone string) (store.Effects, error) {
	old, setUp := a.Email, a.Password.Hash != ""
	if g.Rules.ChangeContact(a, email, phone, g.Now().UTC()) || !setUp {
		return store.Effects{}, nil
	}
	d := LetterData{Name: a.Name, At: g.Now().UTC(), Ends: a.Change.EffectiveAt}
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
		return g.addLink(ctx, a, RandomToken())
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
	g.adminEvent(event, a.ID, c)
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
	g.adminEvent("admin.account_removed", a.ID, c)
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
			g.adminEvent("admin.signed_out_all", "", c)
			return n, nil
		}
		after = accounts[len(accounts)-1].Email
	}
}

func (g *Gate) mustFind(ctx context.Context, typed string) (policy.Account, error) {
	email, err := address.Email(typed)
	if err != nil {
		return policy.Account{}, refuse("this is no email address: %v", err)
	}
	a, err := g.Store.AccountByEmail(ctx, email)
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

func normal(typed string) string {
	email, err := address.Email(typed)
	if err != nil {
		return ""
	}
	return email
}

func (g *Gate) info(ctx context.Context, a *policy.Account) (AccountInfo, error) {
	sessions, err := g.liveSessions(ctx, a)
	if err != nil {
		return AccountInfo{}, err
	}
	info := AccountInfo{
		ID: a.ID, Email: a.Email, Name: a.Name, Phone: address.MaskPhone(a.Phone.Number), PhoneVerified: !a.Phone.VerifiedAt.IsZero(),
		Groups: append([]string{}, a.Groups...), State: g.Rules.State(a, g.Now()), CreatedAt: a.CreatedAt,
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

func (g *Gate) adminEvent(name string, account policy.AccountID, c Client) {
	g.Observer.Event(Event{Name: name, Time: g.Now().UTC(), Account: account, Client: c, Outcome: policy.OK, Actor: "admin"})
}
