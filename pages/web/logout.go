package web

import (
	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
)

// clearSiteData takes from the browser what the session may have left there, also what dropForeign cannot see. Browsers
// listen to it over https only, and none is relied on to.
const clearSiteData = `"cache", "cookies", "storage"`

// logoutPage asks. Nothing ends by being opened: pages of others can make a browser open it.
func (v *visit) logoutPage() error {
	id, reason, token, err := v.identity(false)
	if err != nil {
		return err
	}
	if reason != policy.OK {
		v.redirect(v.Base + "/login")
		return nil
	}
	page, err := v.signedInPage(&id, token)
	if err != nil {
		return err
	}
	v.show(pages.Logout{Page: page, ContinueURL: v.start()})
	return nil
}

// signOut ends the session everywhere it is in use. Twice is safe.
func (v *visit) signOut() error {
	var m member
	_, worth, err := v.posted(func(form) (string, error) { // leaving is no activity
		id, reason, token, err := v.identity(false)
		if err != nil {
			return "", err
		}
		if reason != policy.OK {
			v.redirect(v.Base + "/login")
			return "", nil
		}
		m = member{id: id, token: token}
		return boundToSession(token), nil
	})
	if err != nil || worth == forged {
		return err
	}
	if worth == fits {
		return v.endOwnSession(m.token)
	}
	page, err := v.signedInPage(&m.id, m.token)
	if err != nil {
		return err
	}
	page.FormTooOld = true
	v.again(pages.Logout{Page: page, ContinueURL: v.start()}, worth)
	return nil
}

// endOwnSession ends the session this browser holds and forgets all it knows of it.
func (v *visit) endOwnSession(token string) error {
	if err := v.Gate.SignOut(v.ctx(), token, v.req.Client); err != nil {
		return err
	}
	v.clear(v.sessionCookie(v.req.Secure))
	v.dropFlow()
	v.dropForeign()
	if err := v.dropTyped(); err != nil {
		return err
	}
	location := v.Base + "/login?" + markSignedOut
	if v.req.Secure {
		v.w.Header().Set("Clear-Site-Data", clearSiteData)
		location = v.keepingLanguage(location)
	}
	v.redirect(location)
	return nil
}
