package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/passhash"
	"github.com/loginwall/loginwall/policy/store"
)

// Link is what a browser holds of an emailed link, in its flow cookie: the link's token, and a random id of its own
// (RandomToken), so that what one browser has proved counts in no other.
type Link struct{ Token, Flow string }

func (l Link) key() policy.LinkKey { return policy.LinkKey(hashToken(l.Token)) }
func (l Link) flow() string        { return hashToken(l.Flow) }

// FlowState is where a browser stands in a reset or a set-up. With Reason LinkDead all else is empty.
type FlowState struct {
	Reason  policy.Reason
	Step    policy.Step
	Purpose policy.Purpose

	Name, Email              string
	MaskedEmail, MaskedPhone string
	NoPhone                  bool
	HoldEnds                 time.Time // when a contact change counts; zero: none waits
	CodesPausedUntil         time.Time // zero: they are not

	// Of the latest sending of a code.
	Method      policy.Method
	Delivery    policy.Delivery
	SentAt      time.Time
	CodeEnds    time.Time     // zero: no code is alive
	ResendAfter time.Duration // zero: now
	TriesLeft   int
}

// Flow tells where the browser with this link stands. It changes nothing: mail scanners open links.
func (g *Gate) Flow(ctx context.Context, l Link) (FlowState, error) {
	a, err := g.accountByLink(ctx, l)
	if err != nil {
		return FlowState{}, err
	}
	now := g.Now()
	link, reason := g.Rules.Link(&a, l.key(), l.flow(), now)
	if reason != policy.OK {
		return FlowState{Reason: policy.LinkDead}, nil
	}
	s := FlowState{
		Reason: policy.OK, Step: g.Rules.StepOf(link, l.flow(), now), Purpose: link.Purpose,
		Name: a.Name, Email: a.Email, MaskedEmail: address.MaskEmail(a.Email), MaskedPhone: address.MaskPhone(a.Phone.Number),
		NoPhone: !g.mayReach(a.Phone.Number),
		Method:  link.Code.Method, Delivery: link.Code.Delivery, SentAt: link.Code.SentAt,
		ResendAfter: max(0, link.Code.SentAt.Add(policy.SendPause).Sub(now)),
		TriesLeft:   max(0, policy.MaxWrongCodes-link.WrongCodes),
	}
	if ends, alive := g.Rules.CodeEnds(link, now); alive {
		s.CodeEnds = ends
	}
	if a.Change != nil {
		s.HoldEnds = a.Change.EffectiveAt
	}
	s.CodesPausedUntil, _ = g.Rules.CodesPausedUntil(&a, now)
	return s, nil
}

// accountByLink finds the account of a link; one without id when there is none.
func (g *Gate) accountByLink(ctx context.Context, l Link) (policy.Account, error) {
	a, err := g.Store.AccountByLink(ctx, l.key())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return policy.Account{}, nil
	case errors.Is(err, store.ErrUnreadable):
		g.Observer.StoreFailed("read account", err)
		return policy.Account{}, nil
	case err != nil:
		return policy.Account{}, g.storeError("read account", err)
	}
	return a, nil
}

// Sends tells whether codes can be sent by a method here.
func (g *Gate) Sends(method policy.Method) bool {
	known := method == policy.MethodText || method == policy.MethodCall
	return known && (len(g.Methods) == 0 || slices.Contains(g.Methods, method))
}

// SendCode sends the code of a link to the registered phone: OK, TooSoon (nothing was sent, the last one is on its
// way), SendLimit or CodesPaused with the time to wait, CodeLimit, NoPhone, OnHold or LinkDead. WrongStep: not by this method.
func (g *Gate) SendCode(ctx context.Context, l Link, method policy.Method, c Client) (policy.Reason, time.Duration, error) {
	if !g.Sends(method) {
		return policy.WrongStep, 0, nil
	}
	a, err := g.accountByLink(ctx, l)
	if err != nil || a.ID == "" {
		return policy.LinkDead, 0, err
	}
	keys, err := g.keys.Derive(ctx, "code")
	if err != nil {
		return "", 0, g.storeError("read keys", err)
	}
	sending := randomID()
	wait, err := g.takeBudget(ctx, "sends", policy.SourceSends, policy.RealmSends, sending, c)
	if err != nil {
		return "", 0, err
	}
	if wait > 0 {
		g.event("code.refused", a.ID, c, policy.SourceLimit, string(method))
		return policy.SendLimit, wait, nil
	}
	var reason policy.Reason
	_, err = g.Store.UpdateAccount(ctx, a.ID, func(a *policy.Account) (store.Effects, error) {
		if a.Phone.Number != "" && !g.mayReach(a.Phone.Number) {
			reason = policy.NoPhone
			return store.Effects{}, nil
		}
		g.dropLostCode(ctx, a, l)
		reason, wait = g.Rules.SendCode(a, l.key(), l.flow(), method, sending, keys[0].ID, g.Now().UTC())
		if reason != policy.OK {
			return store.Effects{}, nil
		}
		link, _ := g.Rules.Link(a, l.key(), l.flow(), g.Now())
		code, err := g.codeOf(ctx, l.Token, link.Code)
		if err != nil {
			return store.Effects{}, err
		}
		m, err := g.codeMessage(ctx, a, l.key(), sending, method, code, c)
		return store.Effects{Messages: []policy.Message{m}}, err
	})
	if errors.Is(err, store.ErrNotFound) {
		return policy.LinkDead, 0, nil
	}
	if err != nil {
		return "", 0, g.storeError("send code", err)
	}
	if reason != policy.OK {
		g.returnBudget(ctx, "sends", sending, c)
	}
	switch reason {
	case policy.OK:
		g.event("code.sent", a.ID, c, reason, string(method))
		g.Wake()
	case policy.TooSoon:
	default:
		g.event("code.refused", a.ID, c, reason, string(method))
	}
	return reason, wait, nil
}

// codeOf derives the code of a link: six digits from the link's token and the code's number, under a key of the realm. The
// store holds neither the token nor the code, so a copy of it does not give the code away.
func (g *Gate) codeOf(ctx context.Context, token string, c policy.Code) (string, error) {
	d, err := g.keys.secret(ctx, "code", c.KeyID)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, d.Secret[:])
	fmt.Fprintf(mac, "%s %d", token, c.Number)
	// 64 bits reduced to 10^6: the bias is below 10^-13.
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac.Sum(nil))%1_000_000), nil
}

// dropLostCode makes the code of a link too old if the key it is derived with has been rotated out.
func (g *Gate) dropLostCode(ctx context.Context, a *policy.Account, l Link) {
	link, reason := g.Rules.Link(a, l.key(), l.flow(), g.Now())
	if reason != policy.OK || link.Code.Number == 0 {
		return
	}
	if _, err := g.keys.secret(ctx, "code", link.Code.KeyID); errors.Is(err, errNoKey) {
		link.Code.IssuedAt = time.Time{}
	}
}

// EnterCode judges a code as it was typed: OK, WrongCode with the tries left, MalformedCode (not counted), CodeExpired,
// CodeLimit, CodesPaused, WrongStep or LinkDead.
func (g *Gate) EnterCode(ctx context.Context, l Link, typed string, c Client) (policy.Reason, int, error) {
	code, ok := readCode(typed)
	if !ok {
		return policy.MalformedCode, 0, nil
	}
	a, err := g.accountByLink(ctx, l)
	if err != nil || a.ID == "" {
		return policy.LinkDead, 0, err
	}
	var reason policy.Reason
	var left int
	paused := false
	_, err = g.Store.UpdateAccount(ctx, a.ID, func(a *policy.Account) (store.Effects, error) {
		var broken error
		before := len(a.Codes.Wrong)
		g.dropLostCode(ctx, a, l)
		reason, left = g.Rules.EnterCode(a, l.key(), l.flow(), func(c policy.Code) bool {
			want, err := g.codeOf(ctx, l.Token, c)
			broken = err
			return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1
		}, g.Now().UTC())
		if broken != nil {
			return store.Effects{}, broken
		}
		paused = len(a.Codes.Wrong) > before && len(a.Codes.Wrong) == policy.MaxWrongCodesDay
		if paused {
			return g.letterEnding(ctx, a, LetterCodesPaused, "", a.Codes.Wrong[0].Add(policy.Day))
		}
		return store.Effects{}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return policy.LinkDead, 0, nil
	}
	if err != nil {
		return "", 0, g.storeError("enter code", err)
	}
	if paused {
		g.Wake()
	}
	if reason == policy.OK {
		g.event("code.accepted", a.ID, c, reason, "")
	} else {
		g.event("code.failed", a.ID, c, reason, "")
	}
	return reason, left, nil
}

// NewPasswordResult is how the last step ended: OK, Mismatch, Violations, WrongStep, LinkDead, or Busy.
type NewPasswordResult struct {
	Reason     policy.Reason
	Violations []policy.Violation
}

// FinishReset sets the new password of a reset or a set-up, in one atomic write with all that follows from it.
func (g *Gate) FinishReset(ctx context.Context, l Link, typed, confirm string, c Client) (NewPasswordResult, error) {
	a, err := g.accountByLink(ctx, l)
	if err != nil {
		return NewPasswordResult{}, err
	}
	link, reason := g.Rules.Link(&a, l.key(), l.flow(), g.Now())
	if reason != policy.OK {
		return NewPasswordResult{Reason: policy.LinkDead}, nil
	}
	switch g.Rules.StepOf(link, l.flow(), g.Now()) {
	case policy.StepPassword:
	case policy.StepDone:
		return NewPasswordResult{Reason: policy.OK}, nil // the same form sent twice
	default:
		return NewPasswordResult{Reason: policy.WrongStep}, nil
	}
	if typed != confirm {
		return NewPasswordResult{Reason: policy.Mismatch}, nil
	}
	hash, violations, err := g.newPassword(ctx, &a, typed)
	switch {
	case errors.Is(err, passhash.ErrBusy):
		return NewPasswordResult{Reason: policy.Busy}, nil
	case err != nil:
		return NewPasswordResult{}, err
	case len(violations) > 0:
		return NewPasswordResult{Reason: policy.Violations, Violations: violations}, nil
	}
	purpose, judged := link.Purpose, a.Password.Hash
	a, err = g.Store.UpdateAccount(ctx, a.ID, func(a *policy.Account) (store.Effects, error) {
		if a.Password.Hash != judged { // the history it was judged by has changed: another reset was faster
			reason = policy.LinkDead
			return store.Effects{}, nil
		}
		reason = g.Rules.FinishReset(a, l.key(), l.flow(), hash, g.Now().UTC())
		if reason != policy.OK {
			return store.Effects{}, nil
		}
		policy.RememberLanguage(a, c.Language)
		return g.changedNotices(ctx, a, purpose)
	})
	if errors.Is(err, store.ErrNotFound) {
		return NewPasswordResult{Reason: policy.LinkDead}, nil
	}
	if err != nil {
		return NewPasswordResult{}, g.storeError("finish reset", err)
	}
	if reason == policy.OK {
		how := "reset"
		if purpose == policy.PurposeInvitation {
			how = "set_up"
		}
		g.passwordChanged(ctx, &a, c, how)
	} else if finished, again := g.Rules.Link(&a, l.key(), l.flow(), g.Now()); again == policy.OK && g.Rules.StepOf(finished, l.flow(), g.Now()) == policy.StepDone {
		reason = policy.OK
	}
	return NewPasswordResult{Reason: reason}, nil
}
