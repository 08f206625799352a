package gate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// How owners are warned of the end of their passwords.
const (
	warnPage   = 200              // accounts in memory at once
	warnPace   = time.Second      // between two mails of one walk, so that codes never wait behind hundreds of them
	warnPeriod = 6 * time.Hour    // from one walk to the next, whichever node does it; less where warn is short
	warnRetry  = 10 * time.Minute // after a walk that could not be ended, or while another node is on one
	warnSpread = 5 * time.Second  // so that nodes that start together do not ask together
	warnLimit  = "warnings"       // the limit whose one place is the turn to walk
	settleTime = time.Second      // to give the turn back at a stop
)

// RunWarnings warns owners of the end of their passwords until ctx ends: soon after the start and then about every six
// hours, on one node at a time. Where passwords do not end, or nobody is to be warned, it returns at once.
func (g *Gate) RunWarnings(ctx context.Context) {
	if !g.Rules.Warns() {
		return
	}
	for pause := time.Duration(0); rest(ctx, pause+rand.N(warnSpread)); {
		pause = g.warnInTurn(ctx)
	}
}

// rest sleeps. It returns false when ctx has ended.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// warnInTurn walks if no node has within the period, and returns how long to wait for the next turn. A walk that could not
// be ended gives its turn back.
func (g *Gate) warnInTurn(ctx context.Context) time.Duration {
	period, id := g.betweenWalks(), randomID()
	if g.URL() == "" {
		return warnRetry // the turn is for a node that knows what to lead people to
	}
	taken, err := g.Store.TakeLimit(ctx, warnLimit, id, 1, period, g.Now())
	switch {
	case err != nil:
		g.Observer.StoreFailed("take turn to warn", err)
		return warnRetry
	case taken.Pending:
		return min(warnRetry, taken.RetryAfter) // the node that is on it may die
	case !taken.OK:
		return min(period, taken.RetryAfter)
	}
	walked := g.WarnOfExpiry(ctx)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := g.Store.SettleLimit(settling, warnLimit, id, walked == nil); err != nil {
		g.Observer.StoreFailed("settle turn to warn", err) // the turn is taken until the period has passed
	}
	if walked != nil {
		return warnRetry
	}
	return period
}

// betweenWalks lets a short warn, which is for trying things out, be seen in time.
func (g *Gate) betweenWalks() time.Duration {
	return min(warnPeriod, max(time.Minute, g.Rules.Warn/4))
}

// WarnOfExpiry sends a mail to every owner whom policy.Rules.WarningDue names. The mail and the mark that it was sent are
// one write, so that it goes out once, whatever number of nodes walk and wherever one of them dies. An account that fails
// is reported and left for the next walk; an error means that the walk has ended early, since the store does not answer
// or ctx has ended.
func (g *Gate) WarnOfExpiry(ctx context.Context) error {
	if !g.Rules.Warns() || g.URL() == "" { // without a site there is nothing to sign in to
		return nil
	}
	// A store may run updates one by one: to fetch keys inside of one would be to wait for oneself.
	if _, err := g.keys.current(ctx); err != nil {
		return g.storeError("warn of expiry", err)
	}
	sent := 0
	for after := ""; ; {
		accounts, unreadable, err := g.Store.ListAccounts(ctx, after, warnPage)
		if err != nil {
			return g.storeError("list accounts", err)
		}
		if unreadable > 0 {
			g.Observer.StoreFailed("warn of expiry", fmt.Errorf("%d accounts: %w", unreadable, store.ErrUnreadable))
		}
		for i := range accounts {
			if _, due := g.Rules.WarningDue(&accounts[i], g.Now()); !due {
				continue
			}
			told, err := g.warnOwner(ctx, accounts[i].ID, time.Duration(sent)*warnPace)
			if err != nil {
				return err
			}
			if told {
				sent++
			}
		}
		if len(accounts) < warnPage {
			return nil
		}
		after = accounts[len(accounts)-1].Email
	}
}

// warnOwner warns one owner, if that is due still, by a mail that is sent after a wait. Only what would fail for every
// account comes back as an error.
func (g *Gate) warnOwner(ctx context.Context, id policy.AccountID, wait time.Duration) (told bool, err error) {
	_, err = g.Store.UpdateAccount(ctx, id, func(a *policy.Account) (store.Effects, error) {
		var ends time.Time
		if ends, told = g.Rules.RecordWarning(a, g.Now().UTC()); !told {
			return store.Effects{}, nil
		}
		return g.warningLetter(ctx, a, ends, wait)
	})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return false, fmt.Errorf("warn of expiry: %w", ctx.Err())
	case errors.Is(err, store.ErrUnavailable):
		return false, g.storeError("warn of expiry", err)
	case errors.Is(err, store.ErrNotFound): // removed meanwhile
		return false, nil
	default:
		g.Observer.StoreFailed("warn of expiry", err)
		return false, nil
	}
	if told {
		g.event("password.expiring", id, Client{}, policy.OK, "")
		g.Wake()
	}
	return told, nil
}

// warningLetter writes the mail. It is worth nothing when the password has ended.
func (g *Gate) warningLetter(ctx context.Context, a *policy.Account, ends time.Time, wait time.Duration) (store.Effects, error) {
	effects, err := g.letterEnding(ctx, a, LetterExpiring, "", ends)
	if err != nil {
		return store.Effects{}, err
	}
	for i := range effects.Messages {
		m := &effects.Messages[i]
		m.NotBefore = m.NotBefore.Add(wait)
		if ends.Before(m.ExpiresAt) {
			m.ExpiresAt = ends
		}
	}
	return effects, nil
}
