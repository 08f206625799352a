package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/store"
)

// HandleMessage does the queued work that is not a sending: requests of the forgot page, and contact changes whose
// time has come. It is safe to run twice: a request then leads to a second link for the same mail at most.
func (g *Gate) HandleMessage(ctx context.Context, m policy.Message) error {
	switch m.Kind {
	case policy.KindForgot:
		return g.handleForgot(ctx, m)
	case policy.KindContact:
		return g.handleContact(ctx, m)
	}
	return fmt.Errorf("handle message: unknown kind %q", m.Kind)
}

func (g *Gate) handleForgot(ctx context.Context, m policy.Message) error {
	var f forgotten
	if err := g.OpenPayload(ctx, m, &f); err != nil {
		return err
	}
	a, found, err := g.accountByEmail(ctx, f.Email)
	if err != nil {
		return err
	}
	if !found {
		g.event("reset.requested", "", f.Client, policy.Refused, "")
		return nil
	}
	token := RandomToken()
	var reason policy.Reason
	_, err = g.Store.UpdateAccount(ctx, a.ID, func(a *policy.Account) (store.Effects, error) {
		reason = g.Rules.CountResetMail(a, g.Now().UTC())
		switch reason {
		case policy.OK:
			return g.addLink(ctx, a, token, f.Client.Language)
		case policy.OnHold:
			return g.letterEnding(ctx, a, LetterOnHold, f.Client.Language, a.Change.EffectiveAt)
		case policy.NoPhone:
			return g.letterEnding(ctx, a, LetterNoPhone, f.Client.Language, time.Time{})
		}
		return store.Effects{}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return g.storeError("add link", err)
	}
	g.event("reset.requested", a.ID, f.Client, reason, "")
	g.Wake()
	return nil
}

// addLink gives the account a link with this token and writes the mail that brings it. asked is the language of whoever
// asked for it, for an account that has none.
func (g *Gate) addLink(ctx context.Context, a *policy.Account, token, asked string) (store.Effects, error) {
	link := g.Rules.AddLink(a, policy.LinkKey(hashToken(token)), g.Now().UTC())
	kind, page := LetterReset, "/reset"
	if link.Purpose == policy.PurposeInvitation {
		kind, page = LetterInvitation, "/setup"
	}
	origin := strings.TrimSuffix(g.URL(), "/")
	if origin == "" {
		return store.Effects{}, errors.New("write link: the public url is not known")
	}
	d := LetterData{
		Language: cmp.Or(a.Language, asked), Name: a.Name,
		Link: origin + g.Base + page + "?token=" + token, Ends: link.ExpiresAt, At: g.Now().UTC(),
	}
	m, err := g.letter(ctx, a.ID, a.Email, kind, d, link.ExpiresAt)
	return store.Effects{Messages: []policy.Message{m}}, err
}

func (g *Gate) handleContact(ctx context.Context, m policy.Message) error {
	applied := false
	_, err := g.Store.UpdateAccount(ctx, m.Account, func(a *policy.Account) (store.Effects, error) {
		d := LetterData{Language: a.Language, Name: a.Name, At: g.Now().UTC()}
		if c := a.Change; c != nil && c.Email != "" {
			d.NewEmail = address.MaskEmail(c.Email)
		}
		if c := a.Change; c != nil && c.Phone != "" {
			d.NewPhone = address.MaskPhone(c.Phone)
		}
		if applied = g.Rules.ApplyContact(a, g.Now().UTC()); !applied {
			return store.Effects{}, nil
		}
		told, err := g.letter(ctx, a.ID, a.Email, LetterContactNow, d, g.Now().Add(noticeLife))
		return store.Effects{Messages: []policy.Message{told}}, err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case errors.Is(err, store.ErrExists): // somebody else got the address meanwhile: the old one stays
		_, err = g.Store.UpdateAccount(ctx, m.Account, func(a *policy.Account) (store.Effects, error) {
			a.Change = nil
			return store.Effects{}, nil
		})
		g.event("contact.refused", m.Account, Client{}, policy.Refused, "address taken")
	}
	if err != nil {
		return g.storeError("apply contact change", err)
	}
	if applied {
		g.Wake()
		g.event("contact.changed", m.Account, Client{}, policy.OK, "")
	}
	return nil
}

// MessageSettled hears how a sending ended for good. A code that could not be sent is shown to the person who waits
// for it.
func (g *Gate) MessageSettled(ctx context.Context, m policy.Message, sent bool) {
	outcome := policy.OK
	if !sent {
		outcome = policy.Undelivered
	}
	g.event("message.settled", m.Account, Client{}, outcome, string(m.Kind))
	if m.Link == "" {
		return
	}
	_, err := g.Store.UpdateAccount(ctx, m.Account, func(a *policy.Account) (store.Effects, error) {
		policy.SettleSend(a, m.Link, m.ID, sent)
		return store.Effects{}, nil
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		g.Observer.StoreFailed("settle sending", err)
	}
}
