package web

import (
	"slices"
	"strings"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/gate"
)

// member is somebody signed in on one of the pages that need it.
type member struct {
	id    gate.Identity
	token string
}

// member finds out who is signed in. Somebody who is not has been answered, and ok is false.
func (v *visit) member() (m member, ok bool, err error) {
	id, reason, token, err := v.identity(true)
	if err != nil {
		return m, false, err
	}
	if reason == policy.OK {
		return member{id: id, token: token}, true, nil
	}
	if v.r.Method == "POST" { // only our own forms come here, and they cannot be sent again after a sign-in
		v.redirect(v.Base + "/login")
	} else {
		v.Refuse(v.w, v.r, v.req, v.req.Path)
	}
	return m, false, nil
}

// signedInPage fills a page whose forms are bound to the session.
func (v *visit) signedInPage(id *gate.Identity, token string) (pages.Page, error) {
	page := v.page()
	page.SignedInAs = nameOf(&id.Account)
	var err error
	page.CSRF, err = v.formToken(boundToSession(token))
	return page, err
}

// memberPage is the page for whoever is signed in, on the addresses that need it. Somebody who is not has been answered,
// and ok is false.
func (v *visit) memberPage() (m member, page pages.Page, ok bool, err error) {
	if m, ok, err = v.member(); err != nil || !ok {
		return m, page, false, err
	}
	page, err = v.signedInPage(&m.id, m.token)
	return m, page, err == nil, err
}

// accountPage shows what the wall knows of the person signed in.
func (v *visit) accountPage() error {
	m, page, ok, err := v.memberPage()
	if err != nil || !ok {
		return err
	}
	if page.Notice, err = v.takeNotice(); err != nil {
		return err
	}
	return v.showAccount(m, page, fits)
}

func (v *visit) showAccount(m member, page pages.Page, worth verdict) error {
	live, err := v.Gate.SessionsOf(v.ctx(), m.id)
	if err != nil {
		return err
	}
	a := &m.id.Account
	view := pages.Account{
		Page: page, Name: a.Name, Email: a.Email, Phone: address.MaskPhone(a.Phone.Number), Groups: a.Groups,
		Requirements: v.requirements(policy.PurposeReset), PasswordSetAt: a.Password.SetAt,
		Age: max(time.Minute, v.Gate.Now().Sub(a.Password.SetAt)), FailedSince: a.Failures.Failed,
	}
	view.Ends = v.endOf(a)
	if a.Change != nil {
		view.ChangeAt = a.Change.EffectiveAt
	}
	for _, s := range live {
		view.Sessions = append(view.Sessions, pages.Session{
			Reference: reference(s.Key), Agent: s.Agent, Address: s.Address, Near: v.near(s.Address),
			StartedAt: s.CreatedAt, SeenAt: s.SeenAt, Current: s.Key == m.id.Session.Key,
		})
	}
	for _, s := range slices.Backward(a.SignIns) {
		view.SignIns = append(view.SignIns, pages.SignIn{
			At: s.At, Agent: s.Agent, Address: s.Address, Near: v.near(s.Address), Failed: s.Failed,
		})
	}
	v.again(view, worth)
	return nil
}

// endOf tells when the password ends, and whether its owner is to be told.
func (v *visit) endOf(a *policy.Account) pages.PasswordEnd {
	now := v.Gate.Now()
	ends, does := v.Rules.PasswordEnds(a)
	if !does {
		return pages.PasswordEnd{}
	}
	return pages.PasswordEnd{At: ends, Left: max(0, ends.Sub(now)), Soon: v.Rules.PasswordEndsSoon(a, now)}
}

// near tells whether an address is in the network of whoever looks at the page.
func (v *visit) near(from string) bool {
	network, ok := address.Network(from)
	here, known := address.Network(v.req.Client.Address)
	return ok && known && network == here
}

// reference names a session on the page: enough of its key to tell a person's sessions apart, and nothing that could
// be sent as a cookie.
func reference(key policy.SessionKey) string { return string(key[:min(16, len(key))]) }

const fieldSession = "session"

// endSessions ends one of the person's sessions, or all but this one.
func (v *visit) endSessions() error {
	var m member
	f, worth, err := v.posted(v.byMember(&m), fieldSession)
	if err != nil || worth == forged {
		return err
	}
	if worth != fits {
		page, err := v.signedInPage(&m.id, m.token)
		if err != nil {
			return err
		}
		page.FormTooOld = true
		return v.showAccount(m, page, worth)
	}
	if f[fieldSession] == pages.AllOthers {
		if err := v.Gate.EndOtherSessions(v.ctx(), m.id, v.req.Client); err != nil {
			return err
		}
		return v.toAccount(pages.NoticeOthersEnded)
	}
	return v.endSession(m, f[fieldSession])
}

func (v *visit) endSession(m member, ref string) error {
	live, err := v.Gate.SessionsOf(v.ctx(), m.id)
	if err != nil {
		return err
	}
	for _, s := range live {
		switch {
		case reference(s.Key) != strings.ToLower(ref):
		case s.Key == m.id.Session.Key:
			return v.endOwnSession(m.token)
		default:
			if err := v.Gate.EndSession(v.ctx(), m.id, s.Key, v.req.Client); err != nil {
				return err
			}
			return v.toAccount(pages.NoticeOneEnded)
		}
	}
	return v.toAccount(pages.NoticeNone) // it has ended meanwhile
}

// toAccount leads to the account page, which says once what was done.
func (v *visit) toAccount(n pages.Notice) error {
	state, err := v.formState()
	if err != nil {
		return err
	}
	state.Notice = n
	if err := v.keepFormState(state); err != nil {
		return err
	}
	v.redirect(v.Base + "/account")
	return nil
}

// takeNotice returns what was to be said, and forgets it.
func (v *visit) takeNotice() (pages.Notice, error) {
	var state formState
	ok, _, err := v.read(v.r, v.formCookie(), &state)
	if err != nil || !ok || state.Notice == pages.NoticeNone {
		return pages.NoticeNone, err
	}
	n := state.Notice
	state.Notice = pages.NoticeNone
	return n, v.keepFormState(state)
}
