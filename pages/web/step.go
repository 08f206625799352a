package web

import (
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// A page that waits for a text or a call to be on its way asks again every second, so that a failure is told without
// a script, and stops when that takes long.
const (
	watchEvery = 1
	watchFor   = 10 * time.Second
)

// step is the view of the step a browser has reached, with what its last post came to.
func (v *visit) step(page pages.Flow, f flow, s gate.FlowState) pages.View {
	now := v.Gate.Now()
	var wait time.Duration // until a limit that was met has passed
	if f.Told == toldLimit {
		wait = max(0, f.Until.Sub(now))
	}
	switch {
	case s.Step == policy.StepPassword:
		return pages.NewPassword{Flow: page, Email: s.Email, Requirements: v.requirements(s.Purpose)}
	case !s.HoldEnds.IsZero():
		return pages.Paused{Flow: page, Until: s.HoldEnds}
	case !s.CodesPausedUntil.IsZero():
		return pages.TooManyCodes{Flow: page, RetryAfter: s.CodesPausedUntil.Sub(now)}
	case s.TriesLeft == 0:
		return pages.TooManyCodes{Flow: page}
	case s.Step == policy.StepMethod || s.NoPhone:
		return v.methodStep(page, f, s, wait)
	}
	return v.codeStep(page, f, s, wait, now)
}

func (v *visit) methodStep(page pages.Flow, f flow, s gate.FlowState, wait time.Duration) pages.ChooseMethod {
	view := pages.ChooseMethod{
		Flow: page, Phone: s.MaskedPhone, Email: s.MaskedEmail,
		NoneChosen: f.Told == toldNone, RetryAfter: wait, CountryRefused: s.NoPhone, Ways: v.ways(),
	}
	if s.Delivery == policy.DeliveryFailed {
		view.Failed = pages.Method(s.Method)
	}
	return view
}

func (v *visit) codeStep(page pages.Flow, f flow, s gate.FlowState, wait time.Duration, now time.Time) pages.EnterCode {
	view := pages.EnterCode{
		Flow: page, Phone: s.MaskedPhone, Method: pages.Method(s.Method), Delivery: pages.Delivery(s.Delivery),
		Missing: f.Told == toldMissing, Wrong: f.Told == toldWrong, CodeExpired: f.Told == toldTooOld,
		TriesLeft: s.TriesLeft, Valid: v.Rules.Code,
		Ways: v.ways(),
	}
	if wait > policy.SendPause {
		view.RetryAfter = wait
	}
	if s.Delivery != policy.DeliveryFailed { // the pause between two sendings is not for one that failed
		view.Pause = s.ResendAfter
	}
	if s.Delivery == policy.DeliverySending && now.Before(s.SentAt.Add(watchFor)) {
		view.RefreshSeconds = watchEvery
	}
	return view
}

func (v *visit) ways() pages.Ways {
	var ways pages.Ways
	for _, m := range v.Gate.Methods {
		ways = append(ways, pages.Method(m))
	}
	return ways
}

// requirements are what a new password must be like, in the words of the pages. A first one has none before it.
func (v *visit) requirements(p policy.Purpose) []pages.Requirement {
	var list []pages.Requirement
	for _, r := range v.Gate.Requirements() {
		if p == policy.PurposeInvitation && (r.Code == policy.ReusedCurrent || r.Code == policy.ReusedHistory) {
			continue
		}
		code, want := demand(r.Code, r.Want)
		if n := len(list); n > 0 && list[n-1].Code == code {
			list[n-1].Want = want // several rules that a person sees as one
			continue
		}
		list = append(list, pages.Requirement{Code: code, Want: want})
	}
	return list
}

func violations(found []policy.Violation) []pages.Violation {
	var list []pages.Violation
	for _, x := range found {
		code, want := demand(x.Code, x.Want)
		if n := len(list); n > 0 && list[n-1].Code == code {
			continue
		}
		list = append(list, pages.Violation{Code: code, Want: want, Have: x.Have})
	}
	return list
}

// demand gives the pages' word for a rule. They tell the reader of one list of known words and of one row of past
// passwords, which includes the one of now.
func demand(code policy.ViolationCode, want int) (string, int) {
	switch code {
	case policy.ContainsEmail, policy.ContainsName, policy.ContainsSiteWord:
		return pages.ContextWord, 0
	case policy.ReusedCurrent:
		return pages.Reused, 1
	case policy.ReusedHistory:
		return pages.Reused, want + 1
	}
	return string(code), want
}
