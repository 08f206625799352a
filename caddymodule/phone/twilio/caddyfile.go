package twilio

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/phone/gateway"
)

// UnmarshalCaddyfile sets up the sender from Caddyfile tokens. Syntax:
//
//	phone twilio {
//		account_sid <AC…>
//		auth_token  <secret>
//		from        <number>|<short code>|<name>|<MG…>
//		call_from   <number>
//		endpoint    <url>
//		timeout     <duration>
//	}
func (s *Sender) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "phone twilio", "", nil, nil); err != nil {
		return err
	}
	err := clause.Block(d, "phone twilio", clause.Words{
		"account_sid": clause.Value(&s.AccountSID, "{env.TWILIO_ACCOUNT}", checkSID),
		"auth_token":  clause.Value(&s.AuthToken, "{env.TWILIO_TOKEN}", nil),
		"from":        clause.Value(&s.From, "+15550100", checkFrom),
		"call_from":   clause.Value(&s.CallFrom, "+15550100", checkNumber),
		"endpoint":    clause.Value(&s.Endpoint, defaultEndpoint, checkEndpoint),
		"timeout":     clause.Timeout(&s.Timeout),
	})
	if err != nil {
		return err
	}
	for _, required := range []struct{ word, value string }{
		{"account_sid", s.AccountSID}, {"auth_token", s.AuthToken}, {"from", s.From},
	} {
		if required.value == "" {
			return d.Errf("phone twilio has no %s: it needs account_sid, auth_token and from", required.word)
		}
	}
	return nil
}

var (
	accountSID       = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	messagingService = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	number           = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	shortCode        = regexp.MustCompile(`^[0-9]{3,8}$`)
	senderName       = regexp.MustCompile(`^[A-Za-z0-9 +_&-]{0,10}[A-Za-z][A-Za-z0-9 +_&-]{0,10}$`)
)

func checkSID(v string) error {
	if !accountSID.MatchString(v) {
		return errors.New("account_sid is not an account: it is AC and 32 hexadecimal digits")
	}
	return nil
}

func checkFrom(v string) error {
	if number.MatchString(v) || messagingService.MatchString(v) || shortCode.MatchString(v) || len(v) <= 11 && senderName.MatchString(v) {
		return nil
	}
	return fmt.Errorf("from %q is no sender: write a number like +15550100, a short code, a name of up to 11 letters, or a messaging service (MG…)", v)
}

func checkNumber(v string) error {
	if !number.MatchString(v) {
		return fmt.Errorf("call_from %q is not a number: write it like +15550100", v)
	}
	return nil
}

func checkEndpoint(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return errors.New("endpoint is not an origin: write it like " + defaultEndpoint)
	}
	if err := gateway.CheckURL(u, false); err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	return nil
}
