package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/message"
	"github.com/loginwall/loginwall/policy/store"
)

// How long a message may still be sent. A person waits in front of the page for a code: if the provider cannot take it
// by then, they are told, and choose again.
const (
	noticeLife   = 48 * time.Hour
	codeSendLife = 20 * time.Second
)

// letters makes the effects of an account update that tells its owner of something.
func (g *Gate) letters(ctx context.Context, a *policy.Account, kind Letter) (store.Effects, error) {
	return g.letterEnding(ctx, a, kind, "", time.Time{})
}

// letterEnding is letters for those that name a time at which something ends, and for those that answer somebody who
// asked in a language ("" for nobody).
func (g *Gate) letterEnding(ctx context.Context, a *policy.Account, kind Letter, asked string, ends time.Time) (store.Effects, error) {
	d := LetterData{Language: cmp.Or(a.Language, asked), Name: a.Name, At: g.Now().UTC(), Ends: ends}
	m, err := g.letter(ctx, a.ID, a.Email, kind, d, g.Now().Add(noticeLife))
	if err != nil {
		return store.Effects{}, err
	}
	return store.Effects{Messages: []policy.Message{m}}, nil
}

// letter writes a mail and seals it for the outbox.
func (g *Gate) letter(ctx context.Context, id policy.AccountID, to string, kind Letter, d LetterData, until time.Time) (policy.Message, error) {
	content, err := g.Words.Mail(kind, d)
	if err != nil {
		return policy.Message{}, fmt.Errorf("write letter %s: %w", kind, err)
	}
	m := g.message(policy.KindMail, id, until)
	return g.sealed(ctx, m, message.Mail{ID: m.ID, To: to, Subject: content.Subject, Text: content.Text, HTML: content.HTML})
}

// codeMessage writes the text or call with a code and seals it. It is in the language of the page in front of which
// somebody waits for it; the account's may be one of long ago.
func (g *Gate) codeMessage(ctx context.Context, a *policy.Account, link policy.LinkKey, id string, method policy.Method, code string, c Client) (policy.Message, error) {
	language := cmp.Or(c.Language, a.Language)
	kind := policy.KindText
	if method == policy.MethodCall {
		kind = policy.KindCall
	}
	m := g.message(kind, a.ID, g.Now().Add(codeSendLife))
	m.ID, m.Link = id, link
	if method == policy.MethodCall {
		spoken, say, err := g.Words.CodeCall(language, code)
		if err != nil {
			return m, fmt.Errorf("write call: %w", err)
		}
		return g.sealed(ctx, m, message.Call{ID: m.ID, To: a.Phone.Number, Language: spoken, Say: say})
	}
	body, err := g.Words.CodeText(language, code)
	if err != nil {
		return m, fmt.Errorf("write text: %w", err)
	}
	return g.sealed(ctx, m, message.Text{ID: m.ID, To: a.Phone.Number, Body: body})
}

// changedNotices tells the owner of a reset by mail and by text, so that whoever holds only one of the two cannot
// hide it.
func (g *Gate) changedNotices(ctx context.Context, a *policy.Account, purpose policy.Purpose) (store.Effects, error) {
	effects, err := g.letters(ctx, a, LetterPasswordChanged)
	if err != nil || purpose == policy.PurposeInvitation || !g.mayReach(a.Phone.Number) {
		return effects, err
	}
	m, err := g.noticeText(ctx, a, g.Words.PasswordChangedText)
	effects.Messages = append(effects.Messages, m)
	return effects, err
}

// noticeText writes a text to the registered number that holds no secret.
func (g *Gate) noticeText(ctx context.Context, a *policy.Account, write func(language string) (string, error)) (policy.Message, error) {
	body, err := write(a.Language)
	if err != nil {
		return policy.Message{}, fmt.Errorf("write text: %w", err)
	}
	m := g.message(policy.KindText, a.ID, g.Now().Add(noticeLife))
	return g.sealed(ctx, m, message.Text{ID: m.ID, To: a.Phone.Number, Body: body})
}

func (g *Gate) message(kind policy.MessageKind, account policy.AccountID, until time.Time) policy.Message {
	now := g.Now().UTC()
	return policy.Message{
		Version: policy.RecordVersion, ID: randomID(), Kind: kind, Account: account,
		CreatedAt: now, NotBefore: now, ExpiresAt: until.UTC(),
	}
}

func (g *Gate) sealed(ctx context.Context, m policy.Message, payload any) (policy.Message, error) {
	plain, err := json.Marshal(payload)
	if err != nil {
		return m, fmt.Errorf("encode message: %w", err)
	}
	m.Payload, err = g.keys.seal(ctx, plain, m.ID)
	return m, err
}

// OpenPayload reads the sealed payload of a queued message.
func (g *Gate) OpenPayload(ctx context.Context, m policy.Message, into any) error {
	plain, err := g.keys.open(ctx, m.Payload, m.ID)
	if err != nil {
		return fmt.Errorf("open message: %w", err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	return nil
}

// mayReach tells whether a number may be texted and called, by the operator's list of countries.
func (g *Gate) mayReach(number string) bool {
	if number == "" {
		return false
	}
	_, err := address.Phone(number, g.Countries)
	return err == nil
}
