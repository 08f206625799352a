package gateway

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/e2e/services"
)

// overMail is a realm that sends mail to one address of a Postfix.
func overMail(address, more string) string {
	return fmt.Sprintf("mail smtp %s {\n from \"SecureMail <no-reply@example.com>\"\n %s\n}\n", address, more)
}

// mailedLink waits for the mail number n of a person and returns the link in it.
func mailedLink(tb testing.TB, server *services.Postfix, email string, n int) string {
	tb.Helper()
	m := server.WaitForMail(email, n)
	link := linkPattern.FindString(m.Text)
	if link == "" || !strings.Contains(m.HTML, link) {
		tb.Fatalf("mail %q has no link, or not the same in both parts: %s", m.Subject(), m.Text)
	}
	return link
}

func TestResetOverRealMail(t *testing.T) {
	t.Parallel()
	server, kannel := services.StartPostfix(t), services.StartKannel(t)
	g := Start(t, Settings{
		App: StartApp(t).Address, Env: []string{"SMTP_PASSWORD=" + server.Password, "SMS_PASSWORD=" + kannel.Password},
		Realm: overMail(server.Login, "username "+server.Username+"\n password {env.SMTP_PASSWORD}\n trusted_ca "+server.CAFile) + overKannel(kannel),
	})
	jo := g.Invite()
	texts := 0
	code := func() string {
		texts++
		text := kannel.WaitForText(texts)
		if text.To != jo.Phone {
			t.Errorf("text went to %q, want %q", text.To, jo.Phone)
		}
		lines := strings.Split(text.Body, "\n")
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "@localhost #") {
			t.Errorf("last line of the text is %q; phones fill in what is bound to the host", last)
		}
		return codePattern.FindString(text.Body)
	}
	b := g.Browser()
	b.Finish(b.ToPassword(mailedLink(t, server, jo.Email, 1), code), jo.Password)
	b.SignIn(jo.Email, jo.Password)

	b.Forgot(jo.Email)
	another := g.Browser() // on another device
	another.Finish(another.ToPassword(resetLink(t, server, jo.Email), code), other)
	wantRefused(t, b.Get("/")) // RS-33: sessions from before have ended, and the owner is told on both ways
	if told := kannel.WaitForText(texts + 1); !strings.Contains(told.Body, "has been changed") || codePattern.MatchString(told.Body) {
		t.Errorf("text after the reset says %q", told.Body)
	}
	if p := b.Login(jo.Email, jo.Password); p.StatusCode == http.StatusSeeOther {
		t.Error("the old password signs in after a reset")
	}
	b.SignIn(jo.Email, other)
	wantStatus(t, b.Get("/"), http.StatusOK)
	eventually(t, "mail about the new password", patience, func() bool {
		for _, m := range server.Mails(jo.Email) {
			if strings.Contains(m.Subject(), "has been changed") && !strings.Contains(m.Text, "token=") {
				return true
			}
		}
		return false
	})
}

// resetLink waits until a person has a mail with a reset link.
func resetLink(t *testing.T, server *services.Postfix, email string) string {
	t.Helper()
	link := ""
	eventually(t, "mail with a reset link", patience, func() bool {
		for _, m := range server.Mails(email) {
			if l := linkPattern.FindString(m.Text); strings.Contains(l, "/reset?") {
				link = l
			}
		}
		return link != ""
	})
	return link
}

// failures are the log's lines about messages that were not sent.
func failures(g *Gateway) []string {
	var found []string
	for _, e := range g.Log("login_wall") {
		if strings.HasPrefix(e.Text("msg"), "message was not sent") {
			found = append(found, e.Text("error"))
		}
	}
	return found
}

func TestDL04_NothingIsSentInClear(t *testing.T) {
	t.Parallel()
	server := services.StartPostfix(t)
	for name, realm := range map[string]string{
		"STARTTLS is not offered":   overMail(server.Plain, "trusted_ca "+server.CAFile),
		"certificate is of nobody":  overMail(server.STARTTLS, ""),
		"no TLS where it is wanted": overMail(server.Plain, "tls implicit\n trusted_ca "+server.CAFile),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Settings{Realm: realm})
			jo := g.Invite()
			g.Eventually("line in the log", patience, func() bool { return len(failures(g)) > 0 })
			t.Logf("log says: %s", failures(g)[0])
			if mails := server.Mails(jo.Email); len(mails) != 0 {
				t.Errorf("a mail was sent: %s", mails[0].Subject())
			}
			if log := g.RawLog(); strings.Contains(log, jo.Email) {
				t.Error("the log holds the address of a person")
			}
		})
	}
}

func TestT12_MailServerDownAtStart(t *testing.T) {
	t.Parallel()
	server := services.StartPostfix(t)
	g := Start(t, Settings{App: StartApp(t).Address, Realm: overMail(server.STARTTLS, "trusted_ca "+server.CAFile)})
	jo := g.Invite()
	b := g.Browser()
	b.Finish(b.ToPassword(mailedLink(t, server, jo.Email, 1), func() string { return g.Spool.Code(jo.Phone) }), jo.Password)
	g.Stop()
	server.Stop()

	g.Start()
	b.SignIn(jo.Email, jo.Password)
	wantStatus(t, b.Get("/"), http.StatusOK)
	began := time.Now()
	b.Forgot(jo.Email)
	if took := time.Since(began); took > time.Second {
		t.Errorf("DL-01: the forgot page took %s while the mail server was down", took)
	}
	g.Eventually("line in the log", patience, func() bool { return len(failures(g)) > 0 })
	server.Start()
	link := resetLink(t, server, jo.Email)
	wantText(t, g.Browser().Open(link), `name="method"`)
	if n := g.Metric("login_wall_messages_total", `kind="mail"`, `outcome="sent"`); n < 1 {
		t.Errorf("metric says that %g mails were sent", n)
	}
}

// overKannel sends texts through a gateway that takes them by HTTP.
func overKannel(k *services.Kannel) string {
	return fmt.Sprintf("phone http {\n text {\n url %q\n success 202\n}\n}\n", k.SendURL+
		"?username="+k.Username+"&password={env.SMS_PASSWORD}&from=15550100&to={phone.to}&text={phone.text}")
}

// A crash with a full queue loses nothing and sends nothing twice, but for what was in the sender's hands.
func TestDL14_CrashWithFullQueue(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, realm string) {
		g := Start(t, Settings{Realm: realm + "\nmail file {$DIR}/blocked/mail"})
		// Nothing can be written below a file, so that all mails wait.
		if err := os.WriteFile(filepath.Join(g.Dir, "blocked"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var invited []*Person
		for range 6 {
			invited = append(invited, g.Invite())
		}
		tries, since := 0, time.Now()
		g.Eventually("pause between tries", patience, func() bool { // what is in the sender's hands waits for its lease to end
			if n := len(failures(g)); n != tries {
				tries, since = n, time.Now()
			}
			return tries >= 2*len(invited) && time.Since(since) > 300*time.Millisecond
		})
		g.Kill()
		if err := os.Remove(filepath.Join(g.Dir, "blocked")); err != nil {
			t.Fatal(err)
		}
		g.Spool.dir = filepath.Join(g.Dir, "blocked")
		g.Start()
		arrived := func() (n int) {
			for _, p := range invited {
				n += len(g.Spool.Mails(p.Email))
			}
			return n
		}
		began := time.Now()
		g.Eventually("six mails", patience, func() bool { return arrived() >= 6 })
		t.Logf("six mails %s after the start", time.Since(began).Round(time.Millisecond))
		for _, p := range invited {
			if n := len(g.Spool.Mails(p.Email)); n != 1 {
				t.Errorf("%d invitations for one person, want 1", n)
			}
		}
	})
}
