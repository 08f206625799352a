package web

import (
	"net/url"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// flow is what the flow cookie holds of an emailed link that was opened in this browser. How far the browser has come
// with it is the gate's to know; the cookie only remembers what the last post was answered with, since every post is
// followed by a redirect and a reload must neither repeat nor lose it.
type flow struct {
	Token   string         `json:"t,omitempty"` // "" when it was no token, or is of no more use
	ID      string         `json:"i"`           // random, so that what one browser has proved counts in no other
	Purpose policy.Purpose `json:"p,omitempty"` // by the address it was opened at
	Done    bool           `json:"d,omitempty"` // the new password is set

	Told  told      `json:"m,omitempty"`
	Until time.Time `json:"u,omitzero"` // when a limit ends
}

// told is what is to be said on the next page.
type told string

const (
	toldWrong   told = "wrong"   // the code was wrong
	toldMissing told = "missing" // it was not a code
	toldTooOld  told = "old"     // the code is too old
	toldLimit   told = "limit"   // no sending before Until
	toldNone    told = "none"    // no method was chosen
)

func (f flow) link() gate.Link { return gate.Link{Token: f.Token, Flow: f.ID} }

func (v *visit) flowCookie() cookie { return hostCookie(flowName, v.req.Secure, true) }

// flow reads the flow cookie.
func (v *visit) flow() (f flow, ok, present bool, err error) {
	ok, present, err = v.read(v.r, v.flowCookie(), &f)
	return f, ok && f.ID != "", present, err
}

// dropFlow forgets an opened link when its cookie is there to be forgotten.
func (v *visit) dropFlow() {
	if c := v.flowCookie(); len(sentValues(v.r, c.name)) > 0 {
		v.clear(c)
	}
}

// tokenField is the query parameter of an emailed link.
const tokenField = "token"

// openLink remembers a link in the flow cookie and leads to the address without it: so it stays out of the history,
// out of the Referer, and out of sight. It asks the store nothing and uses nothing up, because mail scanners open
// links, too. A link that this browser has opened before goes on where it was.
func (v *visit) openLink(query url.Values) error {
	token := ""
	if sent := query[tokenField]; len(sent) == 1 && tokenShaped(sent[0]) {
		token = sent[0]
	}
	f, ok, _, err := v.flow()
	if err != nil {
		return err
	}
	if !ok || token == "" || f.Token != token {
		f = flow{Token: token, ID: gate.RandomToken(), Purpose: v.purposeHere()}
		if err := v.set(v.flowCookie(), f); err != nil {
			return err
		}
	}
	v.redirect(v.req.Path)
	return nil
}

// tokenShaped tells whether a text has the form of gate.RandomToken.
func tokenShaped(s string) bool {
	if len(s) != 43 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// purposeHere is what this address is for.
func (v *visit) purposeHere() policy.Purpose {
	if v.req.Path == v.Base+"/setup" {
		return policy.PurposeInvitation
	}
	return policy.PurposeReset
}

// flowPath is the address of the steps of a purpose.
func (h *Handler) flowPath(p policy.Purpose) string {
	if p == policy.PurposeInvitation {
		return h.Base + "/setup"
	}
	return h.Base + "/reset"
}

// flowPage shows the step this browser has reached.
func (v *visit) flowPage() error {
	if query := v.query(); query.Has(tokenField) {
		return v.openLink(query)
	}
	f, ok, present, err := v.flow()
	if err != nil {
		return err
	}
	if !ok {
		v.linkDead(present)
		return nil
	}
	if f.Done {
		v.showDone(f)
		return nil
	}
	state, err := v.flowState(f)
	if err != nil {
		return err
	}
	switch {
	case state.Reason != policy.OK:
		v.linkDead(true)
		return nil
	case state.Purpose != v.purposeHere():
		v.redirect(v.flowPath(state.Purpose))
		return nil
	case state.Step == policy.StepDone:
		return v.finished(f, state.Purpose)
	}
	page, err := v.stepPage(f, state)
	if err != nil {
		return err
	}
	v.show(v.step(page, f, state))
	return nil
}

// flowState asks the gate where this browser is. What is no token is asked of nobody.
func (v *visit) flowState(f flow) (gate.FlowState, error) {
	if f.Token == "" {
		return gate.FlowState{Reason: policy.LinkDead}, nil
	}
	return v.Gate.Flow(v.ctx(), f.link())
}

// linkDead is the one page for every link that leads nowhere.
func (v *visit) linkDead(clear bool) {
	if clear {
		v.clear(v.flowCookie())
	}
	v.show(pages.LinkDead{Flow: v.flowView(v.page(), v.purposeHere())})
}

func (v *visit) showDone(f flow) {
	if f.Purpose != v.purposeHere() {
		v.redirect(v.flowPath(f.Purpose))
		return
	}
	v.show(pages.Done{Flow: v.flowView(v.page(), f.Purpose)})
}

func (v *visit) flowView(page pages.Page, p policy.Purpose) pages.Flow {
	return pages.Flow{Page: page, Purpose: pages.Purpose(p)}
}

// stepPage is a page with a form that is bound to the opened link in this browser.
func (v *visit) stepPage(f flow, state gate.FlowState) (pages.Flow, error) {
	page := v.page()
	var err error
	page.CSRF, err = v.formToken(boundToFlow(f.ID))
	return v.flowView(page, state.Purpose), err
}
