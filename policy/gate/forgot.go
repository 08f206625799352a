package gate

import (
	"context"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
)

// forgotten is the sealed payload of a request on the forgot page.
type forgotten struct {
	Email  string `json:"email"` // normalised
	Client Client `json:"client"`
}

// Forgot takes a request for a reset: OK, or SourceLimit with the time to wait, which says nothing about the address. It
// does the same for every address, so that neither the page nor its time says whether there is an account: it puts
// the request into the outbox, and HandleMessage does the rest.
func (g *Gate) Forgot(ctx context.Context, typed string, c Client) (policy.Reason, time.Duration, error) {
	email, err := address.Email(typed)
	if err != nil {
		email = ""
	}
	m := g.message(policy.KindForgot, "", g.Now().Add(g.Rules.ResetLink))
	if m, err = g.sealed(ctx, m, forgotten{Email: email, Client: c}); err != nil {
		return "", 0, g.storeError("seal request", err)
	}
	// One address can fill the outbox no faster than it may get mails; the exact limit is the account's own. What goes
	// beyond it is dropped without a word, and is not held against the source.
	taken, err := g.Store.TakeLimit(ctx, "forgot:"+email, m.ID, policy.MaxResetMails, policy.MailWindow, g.Now())
	if err != nil {
		return "", 0, g.storeError("take mail limit", err)
	}
	if !taken.OK || email == "" {
		g.event("reset.requested", "", c, policy.MailLimit, "")
		return policy.OK, 0, nil
	}
	wait, err := g.takeBudget(ctx, "mails", policy.SourceMails, policy.RealmMails, m.ID, c)
	if err != nil {
		return "", 0, err
	}
	if wait > 0 {
		g.event("reset.requested", "", c, policy.SourceLimit, "")
		return policy.SourceLimit, wait, nil
	}
	if err := g.Store.EnqueueMessages(ctx, m); err != nil {
		return "", 0, g.storeError("queue request", err)
	}
	g.Wake()
	return policy.OK, 0, nil
}

// budgetKeys names the two budgets that something to be sent is taken from: its source's, and that of all.
func budgetKeys(what string, c Client) (source, realm string) {
	return "budget:" + what + ":" + sourceKey(c.Address), "budget:" + what
}

// takeBudget takes one of what a source, and the whole realm, may ask to be sent in an hour. It returns how long to
// wait when there is none left; 0 means go on.
func (g *Gate) takeBudget(ctx context.Context, what string, ofSource, ofRealm int, id string, c Client) (time.Duration, error) {
	source, realm := budgetKeys(what, c)
	for _, budget := range []struct {
		key   string
		limit int
	}{{source, ofSource}, {realm, ofRealm}} {
		taken, err := g.Store.TakeLimit(ctx, budget.key, id, budget.limit, time.Hour, g.Now())
		if err != nil {
			return 0, g.storeError("take budget", err)
		}
		if !taken.OK {
			return taken.RetryAfter, nil
		}
	}
	return 0, nil
}

// returnBudget gives back what takeBudget took for something that is not sent after all.
func (g *Gate) returnBudget(ctx context.Context, what, id string, c Client) {
	source, realm := budgetKeys(what, c)
	for _, key := range []string{source, realm} {
		if err := g.Store.SettleLimit(ctx, key, id, false); err != nil {
			g.Observer.StoreFailed("return budget", err)
			return
		}
	}
}
