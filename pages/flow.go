package pages

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Purpose says which mail a link came from: a reset or an invitation.
type Purpose string

// The purposes of a link; the same words as the rules use.
const (
	PurposeReset      Purpose = "reset"
	PurposeInvitation Purpose = "invitation"
)

// Method is how a code reaches the phone.
type Method string

// The methods; also the values of the form field `method` and of the button `resend`.
const (
	MethodText Method = "text"
	MethodCall Method = "call"
)

// Delivery is how far the sending of a code has come.
type Delivery string

// The deliveries.
const (
	DeliverySending Delivery = "sending"
	DeliverySent    Delivery = "sent"
	DeliveryFailed  Delivery = "failed"
)

// Flow is what the pages behind an emailed link share. They send no Referer at all, not even to this site, so that no
// trace of a link leaves the browser; browsers therefore post their forms with `Origin: null`.
type Flow struct {
	Page
	Purpose Purpose // "" is a reset
}

// Path is the last part of the address the flow lives at: reset or setup.
func (f Flow) Path() string {
	if f.Purpose == PurposeInvitation {
		return "setup"
	}
	return "reset"
}

// Invited says whether the link was an invitation.
func (f Flow) Invited() bool { return f.Purpose == PurposeInvitation }

func (Flow) referrer() string { return "no-referrer" }

// at is the place of a page of this flow, counted from the choice of the method.
func (f Flow) at(step int) Progress {
	if f.Invited() {
		return Progress{step, stepsOfSetup}
	}
	return Progress{step + stepsOfReset - stepsOfSetup, stepsOfReset}
}

// Ways are the methods that can be used here; empty means both.
type Ways []Method

// Text says whether codes can be sent as text messages.
func (w Ways) Text() bool { return w.has(MethodText) }

// Call says whether codes can be read out in a call.
func (w Ways) Call() bool { return w.has(MethodCall) }

func (w Ways) has(m Method) bool { return len(w) == 0 || slices.Contains(w, m) }

// failed says that a code could not be sent, and how to go on: by the other way, if there is one.
func (w Ways) failed(m Method) Phrase {
	if w.Text() && w.Call() {
		return say("code.failed_" + string(m))
	}
	return say("code.failed_only_" + string(m))
}

// ChooseMethod asks how the code is to reach the phone. Phone and Email are masked by the caller: whoever holds the
// link alone must not learn them.
type ChooseMethod struct {
	Flow
	Phone          string
	Email          string
	Chosen         Method        // preselected; "" is text
	NoneChosen     bool          // the form was posted without a method
	Failed         Method        // a code could not be sent this way
	RetryAfter     time.Duration // above 0: the limit of codes is reached, this long to wait
	CountryRefused bool          // the number's country is not one that messages are sent to
	Ways           Ways
}

func (ChooseMethod) file() string               { return "method" }
func (v ChooseMethod) progress() Progress       { return v.at(1) }
func (v ChooseMethod) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// ByCall says whether the call is preselected. After a failed text the call is, and the other way round.
func (v ChooseMethod) ByCall() bool {
	if !v.Ways.Text() || !v.Ways.Call() {
		return v.Ways.Call()
	}
	if v.Failed != "" {
		return v.Failed == MethodText
	}
	return v.Chosen == MethodCall
}

// Status is 429 when the limit of codes is reached and 422 for a choice that was not one.
func (v ChooseMethod) Status() int {
	switch {
	case v.RetryAfter > 0:
		return http.StatusTooManyRequests
	case v.NoneChosen:
		return http.StatusUnprocessableEntity
	}
	return v.Page.Status()
}

// Problems tells why no code is on its way.
func (v ChooseMethod) Problems() []Problem {
	problems := v.Page.Problems()
	switch {
	case v.RetryAfter > 0:
		problems = append(problems, Problem{Phrase: say("method.limit", "span", v.RetryAfter)})
	case v.CountryRefused:
		problems = append(problems, Problem{Phrase: say("method.country")})
	case v.Failed != "":
		problems = append(problems, Problem{Phrase: v.Ways.failed(v.Failed)})
	}
	if v.NoneChosen {
		problems = append(problems, Problem{Field: "method", Phrase: say("method.none")})
	}
	return problems
}

// Focus is the choice when it was missing.
func (v ChooseMethod) Focus() string { return firstField(v.Problems(), "") }

// EnterCode asks for the code that was sent to Phone (masked) by Method.
type EnterCode struct {
	Flow
	Phone          string
	Method         Method
	Delivery       Delivery
	Missing        bool          // what was posted was not six digits; no try was used up
	Wrong          bool          // the code was wrong
	TriesLeft      int           // after a wrong one, and always at least 1: at 0 the page is TooManyCodes
	CodeExpired    bool          // the code was too old; sending it again makes a new one
	Valid          time.Duration // how long a code lives
	RetryAfter     time.Duration // above 0: a limit is reached, no further sending for this long
	Pause          time.Duration // above 0: so soon after the last sending there is no other, for this long
	Ways           Ways
	RefreshSeconds int // above 0: the browser asks again after this while the message is on its way
}

func (EnterCode) file() string         { return "code" }
func (v EnterCode) progress() Progress { return v.at(2) }

// Hint is the id of what stands beside the field, "" where nothing does.
func (v EnterCode) Hint() string {
	if v.CodeExpired {
		return ""
	}
	return "code-hint"
}

// PauseSeconds is Pause in whole seconds, rounded up.
func (v EnterCode) PauseSeconds() int { return ceil(v.Pause, time.Second) }

func (v EnterCode) addHeaders(h http.Header) {
	if v.RefreshSeconds > 0 {
		h.Set("Refresh", strconv.Itoa(v.RefreshSeconds))
	}
}

// Status is 422 when the code has to be typed again.
func (v EnterCode) Status() int {
	if v.Missing || v.Wrong || v.CodeExpired {
		return http.StatusUnprocessableEntity
	}
	return v.Page.Status()
}

// Problems tells what is wrong with the code that was typed, or that none could be sent.
func (v EnterCode) Problems() []Problem {
	problems := v.Page.Problems()
	switch {
	case v.Delivery == DeliveryFailed && v.RetryAfter > 0:
		problems = append(problems, Problem{Phrase: say("code.failed_only_" + string(v.Method))})
	case v.Delivery == DeliveryFailed:
		problems = append(problems, Problem{Phrase: v.Ways.failed(v.Method)})
	}
	switch {
	case v.CodeExpired:
		problems = append(problems, Problem{Field: "code", Phrase: say("code.expired")})
	case v.Wrong:
		problems = append(problems, Problem{Field: "code", Phrase: say("code.wrong", "count", v.TriesLeft)})
	case v.Missing:
		problems = append(problems, Problem{Field: "code", Phrase: say("code.missing")})
	}
	return problems
}

// Focus is the code.
func (EnterCode) Focus() string { return "code" }

// NewPassword is the last step of a reset or a set-up. Email is shown so that a password manager files the new
// password under the right name.
type NewPassword struct {
	Flow
	Email        string
	Requirements []Requirement
	Violations   []Violation
	Mismatch     bool // the two entries differ
}

func (NewPassword) file() string         { return "password" }
func (v NewPassword) progress() Progress { return v.at(3) }

// Status is 422 when another password has to be chosen.
func (v NewPassword) Status() int { return statusOf(v.Problems()) }

// Problems lists what the password lacks, and whether it was repeated wrongly.
func (v NewPassword) Problems() []Problem {
	return append(v.Page.Problems(), passwordProblems(v.Violations, v.Mismatch)...)
}

// Focus is the new password: whatever was wrong, both fields are empty again.
func (v NewPassword) Focus() string { return "new_password" }

// LinkDead is the one page for links that are expired, used, replaced or never were: it says how to go on, and not
// which of them it was.
type LinkDead struct{ Flow }

func (LinkDead) file() string { return "link_dead" }

// Status is 410, the same for every dead link.
func (LinkDead) Status() int { return http.StatusGone }

// Done says that the new password counts from now on.
type Done struct{ Flow }

func (Done) file() string { return "done" }

// TooManyCodes ends a link after too many wrong codes. RetryAfter is 0 when a new link may be asked for at once, else
// how long the account's codes are stopped.
type TooManyCodes struct {
	Flow
	RetryAfter time.Duration
}

func (TooManyCodes) file() string               { return "too_many_codes" }
func (v TooManyCodes) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// Status is 429.
func (TooManyCodes) Status() int { return http.StatusTooManyRequests }

// Paused says that a changed address or phone number waits for its holding time, and that no reset goes on before.
type Paused struct {
	Flow
	Until time.Time
}

func (Paused) file() string { return "paused" }

// Status is 409: the account is between two states.
func (Paused) Status() int { return http.StatusConflict }
