package web

import (
	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// passwordPage is the form for a change of password, on a page of its own for password managers.
func (v *visit) passwordPage() error {
	m, ok, err := v.member()
	if err != nil || !ok {
		return err
	}
	return v.showPassword(m, pages.ChangePassword{}, fits)
}

func (v *visit) showPassword(m member, view pages.ChangePassword, worth verdict) error {
	page, err := v.signedInPage(&m.id, m.token)
	if err != nil {
		return err
	}
	page.FormTooOld = worth != fits
	view.Page, view.Email, view.Requirements = page, m.id.Account.Email, v.requirements(policy.PurposeReset)
	v.again(view, worth)
	return nil
}

// changePassword takes the form. The session goes on under a new value; all others have ended.
func (v *visit) changePassword() error {
	var m member
	f, worth, err := v.posted(v.byMember(&m), fieldCurrent, fieldNew, fieldConfirm)
	if err != nil || worth == forged {
		return err
	}
	if worth != fits {
		return v.showPassword(m, pages.ChangePassword{}, worth)
	}
	result, err := v.Gate.ChangePassword(v.ctx(), m.id, gate.ChangeRequest{
		Current: f[fieldCurrent], New: f[fieldNew], Confirm: f[fieldConfirm], Client: v.req.Client,
	})
	if err != nil {
		return err
	}
	switch result.Reason {
	case policy.OK:
		if err := v.set(v.sessionCookie(v.req.Secure), []byte(result.Token)); err != nil {
			return err
		}
		return v.toAccount(pages.NoticePasswordChanged)
	case policy.Busy:
		v.busy(result.RetryAfter)
		return nil
	}
	// A locked account is not told from a wrong password: whoever found a browser open must not learn more here.
	return v.showPassword(m, pages.ChangePassword{
		WrongCurrent: result.Reason == policy.WrongPassword || result.Reason == policy.Locked,
		Mismatch:     result.Reason == policy.Mismatch,
		Violations:   violations(result.Violations),
	}, fits)
}
