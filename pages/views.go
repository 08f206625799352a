package pages

import (
	"net/http"
	"time"
)

// View is one page to be shown. Only the structs of this package are views; each has its template in templates/pages.
// Views are plain values: filled by the caller, never changed here.
type View interface {
	// Status is the HTTP status the page is sent with.
	Status() int
	// Problems lists what was wrong with what was posted, in the order in which it should be read.
	Problems() []Problem
	// Focus names the field in which the cursor starts, or "".
	Focus() string

	progress() Progress     // how far a reset or set-up has come
	nonce() string          // lets the script of the page run
	file() string           // its template, without folder and ending
	language() string       // wanted language, "" for the first of Options.Languages
	referrer() string       // Referrer-Policy
	addHeaders(http.Header) // what this view alone adds
}

// Page is what every page knows of the visit. What is the same for the whole site (name, prefix, style sheet, help) is
// given to New.
type Page struct {
	// Here is the address to come back to after a choice of language: a path of this site. "" offers no choice.
	Here string
	// Nonce is new for each answer: the page's own script runs by it, and no other. "" is a page without a script.
	Nonce      string
	Language   string // one of Options.Languages, see Renderer.MatchLanguage; "" is the first of them
	CSRF       string // the hidden form token
	SignedInAs string // name or address of the person signed in, "" for nobody
	Notice     Notice // what has just been done, NoticeNone for nothing
	FormTooOld bool   // the form token was missing, too old or not this browser's: nothing was done, try again
	RequestID  string // printed on the error pages so that it can be found in the logs; may be ""
}

// Reference is the beginning of the request id, short enough to be read out and long enough to be found in the logs.
func (p Page) Reference() string { return p.RequestID[:min(8, len(p.RequestID))] }

// Status is 422 when a form has to be sent again because of its token, else 200.
func (p Page) Status() int { return statusOf(p.Problems()) }

// Problems tells of a form token that did not fit.
func (p Page) Problems() []Problem {
	if p.FormTooOld {
		return []Problem{{Phrase: say("form.too_old")}}
	}
	return nil
}

// Focus is nowhere.
func (Page) Focus() string { return "" }

func (Page) progress() Progress     { return Progress{} }
func (p Page) nonce() string        { return p.Nonce }
func (p Page) language() string     { return p.Language }
func (Page) referrer() string       { return "same-origin" }
func (Page) addHeaders(http.Header) {}

// Progress is the place of a page in a row of steps: step 2 of 4. The zero value is no row.
type Progress struct{ Step, Of int }

// Steps lists the numbers of all steps.
func (p Progress) Steps() []int {
	var all []int
	for n := range p.Of {
		all = append(all, n+1)
	}
	return all
}

// The row of a reset begins at the forgot page, that of a set-up with the link that was emailed.
const (
	stepsOfReset = 5 // address, mail, choice of method, code, password
	stepsOfSetup = 3
)

// Notice names what has just been done, shown once at the top of the next page.
type Notice string

// The notices.
const (
	NoticeNone            Notice = ""
	NoticeSignedOut       Notice = "signed_out"
	NoticeSessionEnded    Notice = "session_ended" // the session ran out or was ended elsewhere
	NoticePasswordChanged Notice = "password_changed"
	NoticeOthersEnded     Notice = "others_ended" // the person's other sessions are over
	NoticeOneEnded        Notice = "one_ended"    // one other session is over
)

// Problem is one thing wrong with what was posted. Field is the form field it belongs to, "" for the whole form.
// Points are read as a list after the phrase.
type Problem struct {
	Field  string
	Phrase Phrase
	Points []Phrase
}

func statusOf(problems []Problem) int {
	if len(problems) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// firstField is the first field with a problem, else otherwise.
func firstField(problems []Problem, otherwise string) string {
	for _, p := range problems {
		if p.Field != "" {
			return p.Field
		}
	}
	return otherwise
}

// Login is the sign-in form. Failure is the generic failure: one text for every cause. ContinueURL is where somebody
// who is signed in already (SignedInAs) can go on to; a path of this site.
type Login struct {
	Page
	Email       string // as typed
	Next        string // already checked: a path of this site, or ""
	Failure     bool
	RetryAfter  time.Duration // above 0: too many failures from this source, nothing was checked
	ContinueURL string
}

func (Login) file() string               { return "login" }
func (v Login) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// Status is 403 for the generic failure and 429 for a source that has to wait.
func (v Login) Status() int {
	switch {
	case v.RetryAfter > 0:
		return http.StatusTooManyRequests
	case v.Failure:
		return http.StatusForbidden
	}
	return v.Page.Status()
}

// Problems names the three possible reasons of a failure, always all of them, so that the page tells nobody which.
func (v Login) Problems() []Problem {
	problems := v.Page.Problems()
	switch {
	case v.RetryAfter > 0:
		problems = append(problems, Problem{Phrase: say("login.throttled", "span", v.RetryAfter)})
	case v.Failure:
		problems = append(problems,
			Problem{Phrase: say("login.failure"), Points: []Phrase{
				say("login.reason_wrong"), say("login.reason_locked"), say("login.reason_inactive"),
			}},
			Problem{Phrase: say("login.way_out")},
		)
	}
	return problems
}

// Focus is the first empty field: passwords are never printed again, so after a failure that is the password.
func (v Login) Focus() string {
	if v.Email != "" {
		return "password"
	}
	return "email"
}

// Forgot asks for the address a reset link goes to. BadAddress: what was typed cannot be an address at all.
type Forgot struct {
	Page
	Email      string
	BadAddress bool
	RetryAfter time.Duration // above 0: too many requests from this source
}

func (Forgot) file() string               { return "forgot" }
func (Forgot) progress() Progress         { return Progress{1, stepsOfReset} }
func (v Forgot) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// Status is 429 for a source that has to wait.
func (v Forgot) Status() int {
	if v.RetryAfter > 0 {
		return http.StatusTooManyRequests
	}
	return statusOf(v.Problems())
}

// Problems tells of an address that cannot be one. It says nothing about accounts.
func (v Forgot) Problems() []Problem {
	problems := v.Page.Problems()
	if v.RetryAfter > 0 {
		problems = append(problems, Problem{Phrase: say("form.throttled", "span", v.RetryAfter)})
	}
	if v.BadAddress {
		problems = append(problems, Problem{Field: "email", Phrase: say("forgot.bad_address")})
	}
	return problems
}

// Focus is the address.
func (Forgot) Focus() string { return "email" }

// Sent says that a mail is on its way, whoever asked. Email is printed as it was typed.
type Sent struct {
	Page
	Email string
	Valid time.Duration // how long the link in it works
}

func (Sent) file() string       { return "sent" }
func (Sent) progress() Progress { return Progress{2, stepsOfReset} }

// Expired tells the owner of an expired password, who has just typed the right one, that a new one is due. Its one
// button posts Email to the forgot page. No session exists at this point.
type Expired struct {
	Page
	Email string
}

func (Expired) file() string { return "expired" }

// Status is 403: the password was right and still does not open the door.
func (Expired) Status() int { return http.StatusForbidden }

// Logout asks whether to sign out; the POST does it.
type Logout struct {
	Page
	ContinueURL string // back to the app; a path of this site, or ""
}

func (Logout) file() string { return "logout" }
