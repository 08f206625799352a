package twilio

import (
	"strings"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
)

const (
	sid     = "AC0123456789abcdef0123456789abcdef"
	service = "MG0123456789abcdef0123456789abcdef"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	const rest = "\n account_sid " + sid + "\n auth_token t\n from +15550100\n}"
	clausetest.Run(t, new(Sender), map[string]clausetest.Case{
		"all words": {
			In: "twilio {\n call_from +15550101\n endpoint http://127.0.0.1:9\n timeout 10s" + rest,
			JSON: `{"account_sid":"` + sid + `","auth_token":"t","from":"+15550100","call_from":"+15550101",` +
				`"endpoint":"http://127.0.0.1:9","timeout":"10s"}`,
		},
		"placeholders": {
			In:   "twilio {\n account_sid {env.A}\n auth_token {file./run/secrets/t}\n from {env.F}\n endpoint {env.E}\n}",
			JSON: `{"account_sid":"{env.A}","auth_token":"{file./run/secrets/t}","from":"{env.F}","endpoint":"{env.E}"}`,
		},
		"argument":         {In: "twilio x {" + rest, Error: `unexpected argument "x": phone twilio takes none, only a block, at Testfile:1`},
		"no token":         {In: "twilio {\n account_sid " + sid + "\n from +15550100\n}", Error: "phone twilio has no auth_token: it needs account_sid, auth_token and from, at Testfile:4"},
		"nothing":          {In: "twilio", Error: "phone twilio has no account_sid"},
		"unknown word":     {In: "twilio {\n sid x" + rest, Error: `unknown word "sid" in phone twilio: write one of account_sid, auth_token, call_from, endpoint, from, timeout, at Testfile:2`},
		"word twice":       {In: "twilio {\n auth_token a" + rest, Error: `"auth_token" is given twice in phone twilio: keep one, at Testfile:4`},
		"bad account":      {In: "twilio {\n account_sid SK0123\n}", Error: "account_sid is not an account: it is AC and 32 hexadecimal digits, at Testfile:2"},
		"national number":  {In: "twilio {\n from (555)0100\n}", Error: `from "(555)0100" is no sender: write a number like +15550100`},
		"name to call":     {In: "twilio {\n call_from Clinic\n}", Error: `call_from "Clinic" is not a number: write it like +15550100, at Testfile:2`},
		"endpoint in http": {In: "twilio {\n endpoint http://api.twilio.com\n}", Error: "endpoint: http would show numbers and codes to whoever is on the way: write https, at Testfile:2"},
		"endpoint's path":  {In: "twilio {\n endpoint https://api.twilio.com/2010-04-01\n}", Error: "endpoint is not an origin: write it like https://api.twilio.com, at Testfile:2"},
		"timeout in words": {In: "twilio {\n timeout soon\n}", Error: `timeout "soon" is not a duration: write timeout 30s, at Testfile:2`},
		"bare timeout":     {In: "twilio {\n timeout 30\n}", Error: `timeout "30" is not a duration: write timeout 30s, at Testfile:2`},
		"no timeout":       {In: "twilio {\n timeout 0s\n}", Error: "timeout 0s is out of range: it is between 1s and 2m, at Testfile:2"},
		"negative timeout": {In: "twilio {\n timeout -1s\n}", Error: "out of range"},
		"absurd timeout":   {In: "twilio {\n timeout 1d\n}", Error: "out of range"},
	})
}

func TestProvision(t *testing.T) {
	t.Setenv("TWILIO_TEST_TOKEN", "s3cret")
	t.Setenv("TWILIO_TEST_HOUR", "1h")
	for name, tt := range map[string]struct {
		sender Sender
		want   string // in the error; "" for none
	}{
		"secret from the environment": {Sender{AccountSID: sid, AuthToken: "{env.TWILIO_TEST_TOKEN}", From: service}, ""},
		"secret that is not set":      {Sender{AccountSID: sid, AuthToken: "{env.TWILIO_TEST_ABSENT}", From: service}, "expand auth_token: evaluated placeholder {env.TWILIO_TEST_ABSENT} is empty"},
		"bad value behind one":        {Sender{AccountSID: "{env.TWILIO_TEST_TOKEN}", AuthToken: "t", From: service}, "account_sid is not an account"},
		"endpoint behind one":         {Sender{AccountSID: sid, AuthToken: "t", From: service, Endpoint: "http://{env.TWILIO_TEST_TOKEN}"}, "endpoint: http would show"},
		"no account":                  {Sender{AuthToken: "t", From: service}, "needs account_sid"},
		"no token":                    {Sender{AccountSID: sid, From: service}, "needs account_sid"},
		"no sender":                   {Sender{AccountSID: sid, AuthToken: "t"}, "needs account_sid"},
		"timeout behind one":          {Sender{AccountSID: sid, AuthToken: "t", From: service, Timeout: "{env.TWILIO_TEST_HOUR}"}, "timeout 1h0m0s is out of range"},
		"absurd timeout":              {Sender{AccountSID: sid, AuthToken: "t", From: service, Timeout: "1h"}, "out of range"},
	} {
		t.Run(name, func(t *testing.T) {
			err := clausetest.Load(t, &tt.sender)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %q holds the secret", err)
			}
		})
	}
}
