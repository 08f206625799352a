package caddymodule

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
)

// Ensure an owner whose password ends soon hears of it soon after the start, in whole days rounded up, by a mail that
// leads to the change of password, and that the audit trail has the account alone.
func TestWarningSoonAfterTheStart(t *testing.T) {
	g := newGateway(t)
	ends := time.Now().Add(13*policy.Day + 23*time.Hour).UTC()
	s, err := file.Open(filepath.Join(g.dir, "store", "loginwall.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateAccount(t.Context(), policy.Account{
		ID: "ending", Email: "alice@example.com", Name: "Alice A", Phone: policy.Phone{Number: "+15550100"}, CreatedAt: ends.Add(-200 * policy.Day),
		Password: policy.Credential{Hash: "hash", SetAt: ends.Add(-100 * policy.Day)},
	}, store.Effects{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	site := "http://localhost:{$PORT} {\n\tlogin_wall\n\treverse_proxy {$APP}\n}"
	if err := g.load(strings.ReplaceAll(globals, "REALM", "time_zone UTC\npassword {\nmax_age 100d\n}") + site); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a mail is sent", func() bool { // nodes that start together do not ask together
		captured.mu.Lock()
		defer captured.mu.Unlock()
		return len(captured.mails) > 0
	})
	m := captured.mail(t)
	if m.To != "alice@example.com" || m.Subject != "Your password for Loginwall expires in 14 days" {
		t.Errorf("mail to %s: %s", m.To, m.Subject)
	}
	for _, want := range []string{"\n\n" + g.url("/_auth/account/password") + "\n\n", ends.Format("on 2 January 2006, 15:04 UTC")} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("no %q in\n%s", want, m.Text)
		}
	}
	told := 0
	for _, line := range g.log() {
		if line["logger"] == "login_wall.audit" && line["msg"] == "password.expiring" {
			told++
			if line["account"] != "ending" || line["outcome"] != "ok" || strings.Contains(fmt.Sprint(line), "alice") {
				t.Errorf("audit: %v", line)
			}
		}
	}
	if told != 1 {
		t.Errorf("%d audit lines", told)
	}
	a, err := g.wall().store.Account(t.Context(), "ending")
	if err != nil || !a.Password.Warned.Ends.Equal(ends) {
		t.Errorf("remembered: %v %v, want %v", a.Password.Warned, err, ends)
	}
}
