package web

import (
	"strings"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
)

// markSent marks the address of the page that says a mail is on its way.
const markSent = "sent"

// forgotPage asks for the address, with the one typed before filled in, or says that a mail was sent to it.
func (v *visit) forgotPage() error {
	state, err := v.formState()
	if err != nil {
		return err
	}
	page, err := v.openPage(state)
	if err != nil {
		return err
	}
	if v.query().Has(markSent) && state.Sent {
		v.show(pages.Sent{Page: page, Email: state.Email, Valid: v.Rules.ResetLink})
		return nil
	}
	v.show(pages.Forgot{Page: page, Email: state.Email})
	return nil
}

// forgot takes the address. The answer is one and the same for every address, also for what cannot be one.
func (v *visit) forgot() error {
	var state formState
	f, worth, err := v.posted(v.byForm(&state, fieldEmail), fieldEmail)
	if err != nil || worth == forged {
		return err
	}
	email := typed(f[fieldEmail])
	blank := strings.TrimSpace(email) == ""
	if worth != fits || blank {
		page, err := v.openPage(state)
		if err != nil {
			return err
		}
		page.FormTooOld = worth != fits
		v.again(pages.Forgot{Page: page, Email: email, BadAddress: blank}, worth)
		return nil
	}
	reason, wait, err := v.Gate.Forgot(v.ctx(), f[fieldEmail], v.req.Client)
	if err != nil {
		return err
	}
	if reason != policy.OK { // too many from here, for whichever addresses
		page, err := v.openPage(state)
		if err != nil {
			return err
		}
		v.show(pages.Forgot{Page: page, Email: email, RetryAfter: wait})
		return nil
	}
	state.Email, state.Sent = email, true
	if err := v.keepFormState(state); err != nil {
		return err
	}
	v.redirect(v.Base + "/forgot?" + markSent)
	return nil
}
