package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/e2e/services"
)

// overTwilio is a realm whose texts and calls go to a provider that answers as Twilio does.
func overTwilio(t *services.Twilio) string {
	return fmt.Sprintf("phone twilio {\n account_sid %s\n auth_token {env.TWILIO_TOKEN}\n from +12025550199\n endpoint %s\n}\n", t.AccountSID, t.URL)
}

// digitsSpoken is the code in what a call says, where digits stand alone to be spoken one by one.
func digitsSpoken(twiml string) string {
	say := tags.ReplaceAllString(twiml, " ")
	_, code, _ := strings.Cut(say, "your code is:")
	code, _, _ = strings.Cut(code, "code is:")
	var digits strings.Builder
	for _, c := range code {
		if '0' <= c && c <= '9' && digits.Len() < 6 {
			digits.WriteRune(c)
		}
	}
	return digits.String()
}

func TestTwilio(t *testing.T) {
	t.Parallel()
	provider := services.StartTwilio(t)
	g := Start(t, Settings{App: StartApp(t).Address, Realm: overTwilio(provider), Env: []string{"TWILIO_TOKEN=" + provider.AuthToken}})
	request := func(n int) services.TwilioRequest {
		t.Helper()
		eventually(t, fmt.Sprintf("message %d at the provider", n), patience, func() bool { return len(provider.Requests()) >= n })
		return provider.Requests()[n-1]
	}

	t.Run("text", func(t *testing.T) {
		jo := g.Invite()
		b := g.Browser()
		b.Finish(b.ToPassword(g.Spool.Link(jo.Email), func() string {
			text := request(1)
			if text.To != jo.Phone || text.From != "+12025550199" || text.Body == "" {
				t.Errorf("sent %+v", text)
			}
			return codePattern.FindString(text.Body)
		}), jo.Password)
		b.SignIn(jo.Email, jo.Password)
	})
	t.Run("call", func(t *testing.T) {
		ann := g.Invite()
		b := g.Browser()
		p := b.onward(b.Submit(b.Open(g.Spool.Link(ann.Email)), "method", "call"), `name="code"`)
		call := request(2)
		if call.To != ann.Phone || call.Twiml == "" {
			t.Errorf("called with %+v", call)
		}
		b.Finish(b.onward(b.Submit(p, "code", digitsSpoken(call.Twiml)), `name="new_password"`), ann.Password)
		b.SignIn(ann.Email, ann.Password)
	})
}

func TestT13_ProviderRefuses(t *testing.T) {
	t.Parallel()
	provider := services.StartTwilio(t)
	g := Start(t, Settings{Realm: overTwilio(provider), Env: []string{"TWILIO_TOKEN=" + provider.AuthToken}})
	jo := g.Invite()
	b := g.Browser()
	provider.Refuse(21211)
	p := b.ToCode(g.Spool.Link(jo.Email))
	if strings.Contains(p.Body, "We have sent") {
		t.Errorf("DL-06: the page claims that a text was sent: %s", p.text())
	}
	eventually(t, "page that says that nothing could be sent", patience, func() bool {
		p = b.Get("/_auth/setup")
		return strings.Contains(p.Body, "could not send")
	})
	wantText(t, p, `name="resend" value="call"`)
	if strings.Contains(p.Body, "We have sent") {
		t.Errorf("the page claims both: %s", p.text())
	}

	provider.Recover()
	p = b.onward(b.Submit(p, "resend", "call"), `name="code"`)
	eventually(t, "call", patience, func() bool { return len(provider.Requests()) == 1 })
	code := digitsSpoken(provider.Requests()[0].Twiml)
	b.Finish(b.onward(b.Submit(p, "code", code), `name="new_password"`), jo.Password)
	if p := b.Login(jo.Email, jo.Password); p.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-in after the call: status %d", p.StatusCode)
	}
	if log := g.RawLog(); strings.Contains(log, jo.Phone) || strings.Contains(log, provider.AuthToken) {
		t.Error("DL-13: the log holds the number of a person or the provider's token")
	}
}
