package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/gate"
)

// maxBody is more than any form of ours can hold.
const maxBody = 64 << 10

// Fields that more than one form has.
const (
	fieldToken   = "csrf"
	fieldEmail   = "email"
	fieldNext    = "next"
	fieldNew     = "new_password"
	fieldConfirm = "confirm_password"
	fieldCurrent = "password"
)

// form holds the fields of a post that were asked for. Nothing else of a post is ever looked at.
type form map[string]string

// has tells whether the field was sent at all, be it empty.
func (f form) has(name string) bool { _, ok := f[name]; return ok }

// hasAll tells whether all of the fields were sent.
func (f form) hasAll(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !f.has(name) })
}

// form reads a post. When it is not one that our forms send, the refusal has been written and ok is false.
func (v *visit) form(names ...string) (f form, ok bool) {
	f, status := v.readForm(names)
	if status != 0 {
		v.show(pages.BadRequest{Page: v.page(), Code: status})
		return nil, false
	}
	return f, true
}

// readForm reads the named fields, or says with which status to refuse. The query is never read: it ends up in logs and
// histories. A field sent twice is refused, since servers differ in which of the two they believe.
func (v *visit) readForm(names []string) (form, int) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, http.StatusUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge): // our limit, or one that is set in front of us
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, http.StatusBadRequest
	}
	f := form{}
	for _, name := range names {
		switch values := sent[name]; {
		case len(values) == 1:
			f[name] = values[0]
		case len(values) > 1 && name != fieldNext: // a doubled next is dropped: it costs the way back, not the sign-in
			return nil, http.StatusBadRequest
		}
	}
	return f, 0
}

// typed is an address as it is printed again: what cannot be printed, or is far longer than an address can be, is cut.
func typed(email string) string {
	const most = 254 // RFC 5321, 4.5.3.1.3
	email = strings.ToValidUTF8(email, "\uFFFD")
	if len(email) > most {
		email = strings.ToValidUTF8(email[:most], "")
	}
	return email
}

// formState is what the form cookie holds for forms that nobody is signed in for: the random id that their tokens are
// bound to, and what is to be said on the page after a redirect.
type formState struct {
	ID     string       `json:"i"`
	Email  string       `json:"e,omitempty"` // as typed on the forgot page, or in a sign-in that failed
	Sent   bool         `json:"s,omitempty"` // a mail to Email was asked for
	Notice pages.Notice `json:"n,omitempty"` // to be shown once
}

// formState reads the form cookie. A browser without one gets a new one with the answer.
func (v *visit) formState() (formState, error) {
	var s formState
	ok, _, err := v.read(v.r, v.formCookie(), &s)
	if err != nil {
		return s, err
	}
	if ok && s.ID != "" {
		return s, nil
	}
	return v.renewFormState()
}

// renewFormState begins anew: tokens seen before, by whomever, fit no form after (session fixation by form).
func (v *visit) renewFormState() (formState, error) {
	s := formState{ID: gate.RandomToken()}
	return s, v.keepFormState(s)
}

// keepTyped remembers an address for the forgot page, where no mail was sent to it yet. What is no address may be a
// password in the wrong field, and is not kept for whoever sits down here next.
func (v *visit) keepTyped(s formState, email string) error {
	if _, err := address.Email(email); err != nil {
		email = ""
	}
	s.Email, s.Sent = email, false
	return v.keepFormState(s)
}

// dropTyped forgets the address that was typed, when there is one to be forgotten.
func (v *visit) dropTyped() error {
	var s formState
	ok, _, err := v.read(v.r, v.formCookie(), &s)
	if err != nil || !ok || s.Email == "" {
		return err
	}
	s.Email, s.Sent = "", false
	return v.keepFormState(s)
}

func (v *visit) keepFormState(s formState) error { return v.set(v.formCookie(), s) }

func (v *visit) formCookie() cookie { return hostCookie(formName, v.req.Secure, true) }

// openPage fills a page whose form is bound to the form cookie.
func (v *visit) openPage(s formState) (pages.Page, error) {
	page := v.page()
	var err error
	page.CSRF, err = v.formToken(boundToForm(s.ID))
	return page, err
}

// refuseForged answers a post without a token of ours.
func (v *visit) refuseForged() { v.showAs(pages.BadRequest{Page: v.page()}, http.StatusForbidden) }
