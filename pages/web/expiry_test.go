package web_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// Ensure the account page tells of the end from the second at which the owner is warned by mail, and that the days an app
// is told are rounded up as the mail's are.
func TestEndIsToldAlikeEverywhere(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	end := w.clock().Add(policy.DefaultRules().MaxAge)
	for _, c := range []struct {
		left time.Duration
		days int
		soon bool
		mail bool
	}{
		{14*policy.Day + time.Second, 15, false, false},
		{14 * policy.Day, 14, true, true},
		{13*policy.Day + 23*time.Hour, 14, true, false},
		{time.Second, 1, true, true},
		{0, 0, true, false}, // of a session that goes on
	} {
		w.advance(end.Add(-max(c.left, time.Second)).Sub(w.clock()))
		b := w.browser()
		b.signIn(jo, good)
		w.advance(max(0, time.Second-c.left))
		var info struct {
			Days *int `json:"password_days_left"`
		}
		p := b.get("/_auth/session")
		if err := json.Unmarshal([]byte(p.body), &info); err != nil || info.Days == nil || *info.Days != c.days {
			t.Errorf("%v left: %s %v, want %d days", c.left, p.body, err, c.days)
		}
		if soon := strings.Contains(b.get("/_auth/account").body, `<p class="notice">Your password expire`); soon != c.soon {
			t.Errorf("%v left: the page tells of it: %v", c.left, soon)
		}
		w.deliver()
		mails := len(w.mails)
		if err := w.gate.WarnOfExpiry(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.deliver()
		if told := len(w.mails) > mails; told != c.mail {
			t.Errorf("%v left: a mail: %v", c.left, told)
		}
	}
}
