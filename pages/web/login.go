package web

import (
	"net/http"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/gate"
)

// markSignedOut marks the address of the login page after a sign-out, whose answer may have taken every cookie away.
const markSignedOut = "signed_out"

// longestEmail is far more than an address may have; what is longer was not typed.
const longestEmail = 1024

// loginPage shows the form. Somebody who is signed in is told so and may go on, or sign in as somebody else.
func (v *visit) loginPage() error {
	id, reason, token, err := v.identity(false)
	if err != nil {
		return err
	}
	query := v.query()
	view := pages.Login{Next: v.next(only(query[fieldNext]))}
	state, err := v.formState()
	if err != nil {
		return err
	}
	if view.Page, err = v.openPage(state); err != nil {
		return err
	}
	switch {
	case reason == policy.OK:
		view.SignedInAs = nameOf(&id.Account)
		view.ContinueURL = v.orStart(view.Next)
	case token != "":
		v.clear(v.sessionCookie(v.req.Secure))
		view.Notice = pages.NoticeSessionEnded
	case query.Has(markSignedOut):
		view.Notice = pages.NoticeSignedOut
	}
	v.show(view)
	return nil
}

// signIn takes the form.
func (v *visit) signIn() error {
	var state formState
	f, worth, err := v.posted(v.byForm(&state, fieldEmail, fieldCurrent), fieldEmail, fieldCurrent, fieldNext)
	if err != nil || worth == forged {
		return err
	}
	if worth != fits {
		return v.loginAgain(f, state, worth)
	}
	held, _, err := v.SessionToken(v.r, v.req)
	if err != nil {
		return err
	}
	result, err := v.Gate.SignIn(v.ctx(), gate.SignInRequest{
		Email: f[fieldEmail], Password: f[fieldCurrent], Client: v.req.Client, Replaces: held,
	})
	if err != nil {
		return err
	}
	if result.Reason == policy.OK {
		return v.signedIn(result, v.next(f[fieldNext]))
	}
	return v.notSignedIn(f, state, result)
}

// signedIn hands out the session and leads on.
func (v *visit) signedIn(result gate.SignInResult, next string) error {
	if err := v.set(v.sessionCookie(v.req.Secure), []byte(result.Token)); err != nil {
		return err
	}
	if err := v.enter(result.Account); err != nil {
		return err
	}
	if _, err := v.renewFormState(); err != nil {
		return err
	}
	v.dropFlow()
	v.redirect(v.orStart(next))
	return nil
}

// notSignedIn shows why not, as far as the visitor may know. The typed address stays, the password never does. The forgot
// page will know it too, so that nobody has to type it twice.
func (v *visit) notSignedIn(f form, state formState, result gate.SignInResult) error {
	page, err := v.openPage(state)
	if err != nil {
		return err
	}
	page.Here = v.tokenless(v.loginPath(f[fieldNext]))
	switch result.Reason {
	case policy.Expired:
		v.show(pages.Expired{Page: page, Email: typed(f[fieldEmail])})
	case policy.Busy:
		v.busy(result.RetryAfter)
	default:
		email := typed(f[fieldEmail])
		if err := v.keepTyped(state, email); err != nil {
			return err
		}
		v.show(pages.Login{
			Page: page, Email: email, Next: v.next(f[fieldNext]),
			Failure: result.Reason != policy.Throttled, RetryAfter: result.RetryAfter,
		})
	}
	return nil
}

// loginAgain answers a form that lay open too long, or whose browser has signed in meanwhile in another tab: the
// same person just goes on, anybody else sees the form again. Nothing was checked.
func (v *visit) loginAgain(f form, state formState, worth verdict) error {
	id, reason, _, err := v.identity(false)
	if err != nil {
		return err
	}
	next := v.next(f[fieldNext])
	if email, err := address.Email(f[fieldEmail]); err == nil && reason == policy.OK && email == id.Account.Email {
		v.redirect(v.orStart(next))
		return nil
	}
	page, err := v.openPage(state)
	if err != nil {
		return err
	}
	page.Here, page.FormTooOld = v.tokenless(v.loginPath(f[fieldNext])), true
	if reason == policy.OK {
		page.SignedInAs = nameOf(&id.Account)
	}
	v.again(pages.Login{Page: page, Email: typed(f[fieldEmail]), Next: next}, worth)
	return nil
}

// again shows a form whose token was of no use. One of another browser or session is refused in so many words; a form
// that lay open too long is only asked for once more.
func (v *visit) again(view pages.View, worth verdict) {
	status := view.Status()
	if worth == foreign {
		status = http.StatusForbidden
	}
	v.showAs(view, status)
}
