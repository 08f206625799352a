package web

import (
	"net/http"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// The fields of the steps.
const (
	fieldMethod = "method"
	fieldResend = "resend"
	fieldCode   = "code"
)

// flowPost takes the form of a step. What was sent says what is wanted; whether this browser is as far as that, the
// gate knows. A post for a step that is not reached, or is past, changes nothing and leads to the step that is.
func (v *visit) flowPost() error {
	var held flow
	f, worth, err := v.posted(v.byFlow(&held), fieldMethod, fieldResend, fieldCode, fieldNew, fieldConfirm)
	if err != nil || worth == forged {
		return err
	}
	state, err := v.flowState(held)
	if err != nil {
		return err
	}
	if state.Reason != policy.OK {
		v.linkDead(true)
		return nil
	}
	if worth != fits {
		return v.stepAgain(held, state, worth)
	}
	return v.takeStep(f, held, state)
}

// byFlow binds to the link that was opened in this browser, which is left in held.
func (v *visit) byFlow(held *flow) func(form) (string, error) {
	return func(form) (string, error) {
		f, ok, present, err := v.flow()
		switch {
		case err != nil:
			return "", err
		case !ok: // nothing the token could be bound to
			if present {
				v.clear(v.flowCookie())
			}
			v.showAs(pages.LinkDead{Flow: v.flowView(v.page(), v.purposeHere())}, http.StatusForbidden)
			return "", nil
		case f.Done:
			v.redirect(v.flowPath(f.Purpose))
			return "", nil
		}
		*held = f
		return boundToFlow(f.ID), nil
	}
}

// stepAgain shows the step that is reached to somebody whose form was of no use.
func (v *visit) stepAgain(held flow, state gate.FlowState, worth verdict) error {
	page, err := v.stepPage(held, state)
	if err != nil {
		return err
	}
	page.FormTooOld = true
	v.again(v.step(page, held, state), worth)
	return nil
}

func (v *visit) takeStep(f form, held flow, state gate.FlowState) error {
	method, choosing := f[fieldMethod], f.has(fieldMethod)
	if f.has(fieldResend) {
		choosing = true
		if method = f[fieldResend]; !v.chosen(method) {
			method = string(state.Method) // any other value means: the same way again
		}
	}
	sending := state.Step == policy.StepMethod || state.Step == policy.StepCode
	switch {
	case f.has(fieldNew) && (state.Step == policy.StepPassword || state.Step == policy.StepDone):
		return v.finish(f, held, state)
	case f.has(fieldCode) && state.Step == policy.StepCode:
		return v.enterCode(f[fieldCode], held, state)
	case choosing && sending && v.chosen(method):
		return v.sendCode(policy.Method(method), f.has(fieldResend), held, state)
	case state.Step == policy.StepMethod && !f.has(fieldCode) && !f.has(fieldNew):
		return v.tell(flow{Told: toldNone}, held, state)
	}
	return v.onward(state)
}

// chosen tells whether a method was named that can be used here.
func (v *visit) chosen(method string) bool { return v.Gate.Sends(policy.Method(method)) }

func (v *visit) sendCode(method policy.Method, again bool, held flow, state gate.FlowState) error {
	reason, wait, err := v.Gate.SendCode(v.ctx(), held.link(), method, v.req.Client)
	if err != nil {
		return err
	}
	var news flow
	switch reason {
	case policy.SendLimit:
		news = flow{Told: toldLimit, Until: v.Gate.Now().Add(wait)}
	case policy.TooSoon:
		if again { // otherwise it is the first form sent twice, and all is as it should be
			news = flow{Told: toldLimit, Until: v.Gate.Now().Add(wait)}
		}
	}
	return v.tell(news, held, state)
}

func (v *visit) enterCode(code string, held flow, state gate.FlowState) error {
	reason, _, err := v.Gate.EnterCode(v.ctx(), held.link(), code, v.req.Client)
	if err != nil {
		return err
	}
	var news flow
	switch reason {
	case policy.WrongCode:
		news = flow{Told: toldWrong}
	case policy.MalformedCode:
		news = flow{Told: toldMissing}
	case policy.CodeExpired:
		news = flow{Told: toldTooOld}
	}
	return v.tell(news, held, state)
}

// tell remembers what a post came to and leads to the page that says so.
func (v *visit) tell(news, held flow, state gate.FlowState) error {
	news.Token, news.ID, news.Purpose = held.Token, held.ID, state.Purpose
	if news != held {
		if err := v.set(v.flowCookie(), news); err != nil {
			return err
		}
	}
	return v.onward(state)
}

// onward leads to whatever step is reached.
func (v *visit) onward(state gate.FlowState) error {
	v.redirect(v.flowPath(state.Purpose))
	return nil
}

func (v *visit) finish(f form, held flow, state gate.FlowState) error {
	result, err := v.Gate.FinishReset(v.ctx(), held.link(), f[fieldNew], f[fieldConfirm], v.req.Client)
	if err != nil {
		return err
	}
	switch result.Reason {
	case policy.OK:
		return v.finished(held, state.Purpose)
	case policy.Busy:
		v.busy(retryLater)
		return nil
	case policy.Mismatch, policy.Violations:
		page, err := v.stepPage(held, state)
		if err != nil {
			return err
		}
		v.show(pages.NewPassword{
			Flow: page, Email: state.Email, Requirements: v.requirements(state.Purpose),
			Violations: violations(result.Violations), Mismatch: result.Reason == policy.Mismatch,
		})
		return nil
	}
	return v.onward(state)
}

// finished takes the link out of the flow cookie and leaves only that it went well, for reloads. Whoever else was
// signed in in this browser is not any more: the browser now belongs to the person of the link.
func (v *visit) finished(held flow, purpose policy.Purpose) error {
	token, present, err := v.SessionToken(v.r, v.req)
	if err != nil {
		return err
	}
	if token != "" {
		if err := v.Gate.SignOut(v.ctx(), token, v.req.Client); err != nil {
			return err
		}
	}
	if present {
		v.clear(v.sessionCookie(v.req.Secure))
	}
	if err := v.set(v.flowCookie(), flow{ID: held.ID, Purpose: purpose, Done: true}); err != nil {
		return err
	}
	v.redirect(v.flowPath(purpose))
	return nil
}
