package smtp

import (
	"strings"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	clausetest.Run(t, new(Sender), map[string]clausetest.Case{
		"all words": {
			In: `smtp mail.example.com:587 {
				from "SecureMail <no-reply@example.com>"
				username u
				password {env.SMTP_PASSWORD}
				tls implicit
				helo gateway.example.com
				trusted_ca /etc/ca.pem
			}`,
			JSON: `{"address":"mail.example.com:587","from":"SecureMail <no-reply@example.com>","username":"u",` +
				`"password":"{env.SMTP_PASSWORD}","tls":"implicit","helo":"gateway.example.com","trusted_ca":"/etc/ca.pem"}`,
		},
		"placeholders wait": {
			In:   "smtp {env.SERVER} {\n from {env.FROM}\n tls {env.TLS}\n}",
			JSON: `{"address":"{env.SERVER}","from":"{env.FROM}","tls":"{env.TLS}"}`,
		},
		"no address":      {In: "smtp", Error: "mail smtp needs an argument: write mail smtp mail.example.com:587, at Testfile:1"},
		"no port":         {In: "smtp mail.example.com", Error: `"mail.example.com" is not a mail server: write host:port, such as mail.example.com:587, at Testfile:1`},
		"port too high":   {In: "smtp mail.example.com:70000", Error: `"mail.example.com:70000" is not a mail server: write host:port`},
		"two addresses":   {In: "smtp a:25 b:25", Error: `unexpected argument "b:25": write mail smtp mail.example.com:587, at Testfile:1`},
		"no sender":       {In: "smtp a:25 {\n tls off\n}", Error: `mail smtp needs a sender: from "SecureMail <no-reply@example.com>", at Testfile:3`},
		"unknown word":    {In: "smtp a:25 {\n user u\n}", Error: `unknown word "user" in mail smtp: write one of from, helo, password, tls, trusted_ca, username, at Testfile:2`},
		"word twice":      {In: "smtp a:25 {\n username u\n username u\n}", Error: `"username" is given twice in mail smtp: keep one, at Testfile:3`},
		"no value":        {In: "smtp a:25 {\n password\n}", Error: `password needs a value: write password {env.SMTP_PASSWORD}, at Testfile:2`},
		"sender unquoted": {In: "smtp a:25 {\n from SecureMail <a@example.com>\n}", Error: `"SecureMail" is not a sender: write it like "SecureMail <no-reply@example.com>", at Testfile:2`},
		"two values":      {In: "smtp a:25 {\n username u v\n}", Error: `unexpected value "v": write username loginwall, at Testfile:2`},
		"bad sender":      {In: "smtp a:25 {\n from example.com\n}", Error: `"example.com" is not a sender: write it like "SecureMail <no-reply@example.com>", at Testfile:2`},
		"bad tls":         {In: "smtp a:25 {\n tls on\n}", Error: `tls "on": it is starttls, implicit or off, at Testfile:2`},
		"bad helo":        {In: "smtp a:25 {\n helo \"a b\"\n}", Error: `helo "a b" is not a host name: write it like gateway.example.com or [192.0.2.1], at Testfile:2`},
	})
}

func TestProvision(t *testing.T) {
	t.Setenv("SMTP_TEST_PASSWORD", "hunter2")
	const from = "no-reply@example.com"
	for name, tt := range map[string]struct {
		sender Sender
		want   string // in the error; "" for none
	}{
		"secret from the environment": {Sender{Address: "a.test:587", From: from, Username: "u", Password: "{env.SMTP_TEST_PASSWORD}"}, ""},
		"secret that is not set":      {Sender{Address: "a.test:587", From: from, Username: "u", Password: "{env.SMTP_TEST_ABSENT}"}, "expand password: evaluated placeholder {env.SMTP_TEST_ABSENT} is empty"},
		"placeholder that is unknown": {Sender{Address: "a.test:587", From: "{from}"}, "expand from: unrecognized placeholder {from}"},
		"bad value behind one":        {Sender{Address: "{env.SMTP_TEST_PASSWORD}", From: from}, "is not a mail server"},
		"no address":                  {Sender{From: from}, "needs the server's address"},
		"no sender":                   {Sender{Address: "a.test:587"}, "needs a sender"},
		"name without password":       {Sender{Address: "a.test:587", From: from, Username: "u"}, "only one of username and password"},
		"password in the clear":       {Sender{Address: "a.test:25", From: from, Username: "u", Password: "p", TLS: "off"}, "would send its password unencrypted"},
		"password to this machine":    {Sender{Address: "127.0.0.1:25", From: from, Username: "u", Password: "p", TLS: "off"}, ""},
		"the same by IPv6":            {Sender{Address: "[::1]:25", From: from, Username: "u", Password: "p", TLS: "off"}, ""},
		"mapped address of another":   {Sender{Address: "[::ffff:10.0.0.1]:25", From: from, Username: "u", Password: "p", TLS: "off"}, "would send its password unencrypted"},
		"this machine":                {Sender{Address: "App.LOCALHOST:25", From: from, Username: "u", Password: "p", TLS: "off"}, ""},
		"looks like this machine":     {Sender{Address: "127.0.0.1.evil.test:25", From: from, Username: "u", Password: "p", TLS: "off"}, "would send its password unencrypted"},
		"open relay in the clear":     {Sender{Address: "a.test:25", From: from, TLS: "off"}, ""},
		"no such authority":           {Sender{Address: "a.test:25", From: from, TrustedCA: "/does/not/exist.pem"}, "read trusted_ca"},
		"authority without use":       {Sender{Address: "a.test:25", From: from, TrustedCA: newAuthority(t).file(t), TLS: "off"}, "trusted_ca but tls off"},
	} {
		t.Run(name, func(t *testing.T) {
			err := clausetest.Load(t, &tt.sender)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
