package caddymodule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/passhash"
)

// span is a duration of the configuration and its bounds. Settings are texts until a configuration is loaded, because
// each may hold placeholders; the same span judges the text in the Caddyfile, where the line is still known, and again
// when the placeholders are expanded.
type span struct {
	word        string // as the operator writes it, in errors
	usual       time.Duration
	least, most time.Duration
	off         bool // "off" may be written, which is 0
}

// usual are the rules of a realm that says nothing.
var usual = policy.DefaultRules()

// The durations of a realm. The shortest ones are for trying things out.
var (
	spanMaxAge       = span{"max_age", usual.MaxAge, time.Second, 10 * 365 * policy.Day, true}
	spanWarn         = span{"warn", usual.Warn, time.Second, 365 * policy.Day, true}
	spanIdle         = span{"idle", usual.Idle, time.Second, 30 * policy.Day, false}
	spanLifetime     = span{"lifetime", usual.Lifetime, time.Second, 30 * policy.Day, false} // NIST SP 800-63B-4 §2.1.3
	spanLink         = span{"link", usual.ResetLink, time.Second, policy.MaxResetLink, false}
	spanCode         = span{"code", usual.Code, time.Second, policy.MaxCode, false}
	spanInvitation   = span{"invitation", usual.Invitation, time.Second, 30 * policy.Day, false}
	spanContactHold  = span{"contact_hold", usual.ContactHold, time.Second, 30 * policy.Day, false}
	spanSourceWindow = span{"source_limit", 10 * time.Minute, time.Second, policy.Day, false}
)

// value reads the duration of a word.
func (s span) value(to *string) clause.Word { return clause.Value(to, written(s.usual), s.check) }

// parse reads a text without placeholders.
func (s span) parse(text string) (time.Duration, error) {
	if s.off && text == "off" {
		return 0, nil
	}
	d, err := caddy.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %q is not a duration: write a number with its unit, such as %s%s",
			s.word, text, written(s.usual), s.orOff())
	case d < s.least:
		return 0, fmt.Errorf("%s %s is too short: the least is %s%s", s.word, text, written(s.least), s.orOff())
	case d > s.most:
		return 0, fmt.Errorf("%s %s is too long: the most is %s%s", s.word, text, written(s.most), s.orOff())
	}
	return d, nil
}

func (s span) orOff() string {
	if s.off {
		return ", or off"
	}
	return ""
}

func (s span) check(text string) error { _, err := s.parse(text); return err }

// written writes a duration as an operator would: hours up to a day, and days beyond.
func written(d time.Duration) string {
	for _, unit := range []struct {
		of, from time.Duration
		name     string
	}{{policy.Day, 2 * policy.Day, "d"}, {time.Hour, time.Hour, "h"}, {time.Minute, time.Minute, "m"}} {
		if d >= unit.from && d%unit.of == 0 {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.name
		}
	}
	return d.String()
}

// number is a count of the configuration and its bounds.
type number struct {
	word        string
	usual       int
	least, most int
	why         string // behind a value that is out of bounds, may be ""
}

// The counts of a realm.
var (
	numberLockout   = number{"lockout", usual.Lockout, 1, policy.MaxLockout, "wrong passwords forgiven before the account locks"}
	numberMinLength = number{"min_length", 15, policy.MinPasswordLength, 64, "shorter passwords can be guessed, and longer ones must not be demanded"}
	numberHistory   = number{"history", usual.History, 0, 24, "earlier passwords that may not be used again"}
	numberFailures  = number{"source_limit", 20, 1, 100_000, "failed sign-ins from one source"}
)

func (n number) parse(text string) (int, error) {
	v, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s %q is not a whole number: write %s %d", n.word, text, n.word, n.usual)
	}
	if v < n.least || v > n.most {
		return 0, fmt.Errorf("%s %d is out of range: it is between %d and %d (%s)", n.word, v, n.least, n.most, n.why)
	}
	return v, nil
}

// value reads the count of a word.
func (n number) value(to *string) clause.Word {
	return clause.Value(to, strconv.Itoa(n.usual), n.check)
}

func (n number) check(text string) error { _, err := n.parse(text); return err }

// choice is a word out of a few. later are words that the configuration knows and this version cannot do.
type choice struct {
	word  string
	of    []string
	later []string
}

// The choices of a realm and of a site.
var (
	choiceHash         = choice{word: "hash", of: []string{string(passhash.Argon2id), string(passhash.PBKDF2)}}
	choiceClass        = choice{word: "require", of: classNames()}
	choiceProfile      = choice{word: "profile", of: []string{"nist"}}
	choiceKnownDevices = choice{word: "known_devices", of: []string{"off"}, later: []string{"on"}}
	choiceAssertion    = choice{word: "assertion", of: []string{"off"}, later: []string{"on"}}
)

func classNames() []string {
	var names []string
	for _, class := range policy.Classes() {
		names = append(names, string(class))
	}
	return names
}

// value reads a word. Of one whose other choices are still to come nothing is kept, so it cannot wait for what a
// placeholder stands for.
func (c choice) value(to *string) clause.Word {
	if len(c.later) == 0 {
		return clause.Value(to, c.of[0], c.check)
	}
	read := clause.Value(to, c.of[0], nil)
	return func(d *caddyfile.Dispenser) error {
		if err := read(d); err != nil {
			return err
		}
		if err := c.check(*to); err != nil {
			return d.WrapErr(err)
		}
		return nil
	}
}

func (c choice) check(text string) error {
	switch {
	case slices.Contains(c.of, text):
		return nil
	case slices.Contains(c.later, text):
		return fmt.Errorf("%s %s is not available yet: write %s %s", c.word, text, c.word, strings.Join(c.of, " or "))
	}
	return fmt.Errorf("%s %q is unknown: write %s", c.word, text, strings.Join(c.of, " or "))
}
