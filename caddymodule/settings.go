package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
	"github.com/loginwall/loginwall/policy/passhash"
)

// Password holds the rules for passwords.
type Password struct {
	// How long a password lives, such as "90d", or "off". Default: 90d.
	MaxAge string `json:"max_age,omitempty"`
	// How long before its end the owner is warned, or "off". Default: 14d.
	Warn string `json:"warn,omitempty"`
	// The least number of characters, 8 to 64. Default: 15.
	MinLength string `json:"min_length,omitempty"`
	// How many earlier passwords may not be used again, 0 to 24. Default: 5.
	History string `json:"history,omitempty"`
	// Kinds of character that must occur: upper, lower, digit, symbol. Default: none.
	Require []string `json:"require,omitempty"`
	// A file of words that passwords may not be, one a line, besides the built-in list.
	Blocklist string `json:"blocklist,omitempty"`
	// How new passwords are hashed: argon2id or pbkdf2. Default: argon2id.
	Hash string `json:"hash,omitempty"`
}

// Session holds the life of sessions.
type Session struct {
	// A session without activity ends after this. Default: 15m.
	Idle string `json:"idle,omitempty"`
	// Any session ends after this. Default: 12h, at most 30d.
	Lifetime string `json:"lifetime,omitempty"`
}

// Reset holds the life of the two proofs of a reset.
type Reset struct {
	// The life of the emailed link. Default: 60m, at most 24h.
	Link string `json:"link,omitempty"`
	// The life of the code sent to the phone. Default and most: 10m.
	Code string `json:"code,omitempty"`
}

// SourceLimit is how many failed sign-ins one source (an IPv4 address, or an IPv6 /64) has before it must wait.
type SourceLimit struct {
	// How many. Default: 20. Or "off", or both values with a blank between them, so that one placeholder can stand for them.
	Failures string `json:"failures,omitempty"`
	// Within how long. Default: 10m.
	Window string `json:"window,omitempty"`
}

// realm is the configuration with every placeholder expanded and every value judged.
type realm struct {
	name, url, base, cookieDomain string
	languages, countries          []string
	secret                        string
	zone                          *time.Location
	look                          look
	tiles                         []tile

	rules        policy.Rules
	minLength    int
	require      []string
	blocklist    string
	hash         passhash.Settings
	sourceLimit  int
	sourceWindow time.Duration
}

// resolver expands and judges settings one after the other, and remembers the first error.
type resolver struct {
	expand func(word, value string, check clause.Check) (string, error)
	err    error
}

// text gives what a setting comes to, "" when it is not given.
func (r *resolver) text(word, value string, check clause.Check) string {
	if value == "" || r.err != nil {
		return ""
	}
	var expanded string
	expanded, r.err = r.expand(word, value, check)
	return expanded
}

// span overwrites *to when the setting is given.
func (r *resolver) span(s span, value string, to *time.Duration) {
	if text := r.text(s.word, value, s.check); text != "" && r.err == nil {
		*to, r.err = s.parse(text)
	}
}

func (r *resolver) number(n number, value string, to *int) {
	if text := r.text(n.word, value, n.check); text != "" && r.err == nil {
		*to, r.err = n.parse(text)
	}
}

func (r *resolver) choice(c choice, value string) string { return r.text(c.word, value, c.check) }

func (r *resolver) list(word string, values []string, check clause.Check) []string {
	var out []string
	for _, v := range values {
		out = append(out, r.text(word, v, check))
	}
	return out
}

// zone is the machine's own where none is given.
func (r *resolver) zone(value string) *time.Location {
	name := r.text("time_zone", value, checkZone)
	if name == "" || r.err != nil {
		return time.Local
	}
	var zone *time.Location
	zone, r.err = time.LoadLocation(name)
	return zone
}

// sourceLimit is two settings, or one that stands for both: off, or a count, or a count and a duration.
func (r *resolver) sourceLimit(s SourceLimit, failures *int, window *time.Duration) {
	r.span(spanSourceWindow, s.Window, window)
	parts := strings.Fields(r.text("source_limit", s.Failures, nil))
	if len(parts) == 0 || r.err != nil {
		return
	}
	if len(parts) == 1 && parts[0] == "off" {
		*failures = 0
		return
	}
	if *failures, r.err = numberFailures.parse(parts[0]); r.err != nil || len(parts) == 1 {
		return
	}
	if len(parts) > 2 || s.Window != "" {
		r.err = errors.New("source_limit has too many values: write source_limit 20 10m")
		return
	}
	*window, r.err = spanSourceWindow.parse(parts[1])
}

func checkOwnSecret(secret string) error {
	if len(secret) < 16 {
		return errors.New("secret is shorter than 16 characters and could be guessed: take a long random one, such as the output of openssl rand -base64 32")
	}
	return nil
}

// resolve expands each setting with expand and judges it. It does no I/O but what expand does.
func (a *App) resolve(expand func(word, value string, check clause.Check) (string, error)) (*realm, error) {
	r := &resolver{expand: expand}
	m := &realm{
		rules: policy.DefaultRules(), minLength: numberMinLength.usual,
		sourceLimit: numberFailures.usual, sourceWindow: spanSourceWindow.usual,
	}
	if r.choice(choiceProfile, a.Profile) == "nist" {
		m.rules.MaxAge = 0
	}
	m.name = r.text("name", a.Name, nil)
	m.base = cmp.Or(r.text("path", a.Path, checkBase), defaultBase)
	m.url = r.text("url", a.URL, func(s string) error { return checkOrigin(s, a.InsecureHTTP) })
	m.secret = r.text("secret", a.Secret, checkOwnSecret)
	m.cookieDomain = r.text("cookie_domain", a.CookieDomain, checkDomain)

	r.number(numberLockout, a.Lockout, &m.rules.Lockout)
	r.span(spanMaxAge, a.Password.MaxAge, &m.rules.MaxAge)
	r.span(spanWarn, a.Password.Warn, &m.rules.Warn)
	r.number(numberMinLength, a.Password.MinLength, &m.minLength)
	r.number(numberHistory, a.Password.History, &m.rules.History)
	m.require = r.list("require", a.Password.Require, choiceClass.check)
	m.blocklist = r.text("blocklist", a.Password.Blocklist, nil)
	m.hash.Kind = passhash.Kind(cmp.Or(r.choice(choiceHash, a.Password.Hash), string(passhash.Argon2id)))

	r.span(spanIdle, a.Session.Idle, &m.rules.Idle)
	r.span(spanLifetime, a.Session.Lifetime, &m.rules.Lifetime)
	r.span(spanLink, a.Reset.Link, &m.rules.ResetLink)
	r.span(spanCode, a.Reset.Code, &m.rules.Code)
	r.span(spanInvitation, a.Invitation, &m.rules.Invitation)
	r.span(spanContactHold, a.ContactHold, &m.rules.ContactHold)
	r.sourceLimit(a.SourceLimit, &m.sourceLimit, &m.sourceWindow)

	m.countries = r.list("phone_countries", a.PhoneCountries, checkCountry)
	m.languages = r.list("languages", a.Languages, nil)
	m.zone = r.zone(a.TimeZone)
	m.look, m.tiles = a.Brand.resolve(r), a.Home.resolve(r)
	if r.err != nil {
		return nil, r.err
	}
	if a.Password.Warn == "" && m.rules.MaxAge > 0 {
		m.rules.Warn = min(m.rules.Warn, m.rules.MaxAge/4) // who shortens max_age need not know of warn
	}
	return m, m.check()
}

// check judges values against each other.
func (m *realm) check() error {
	switch r := m.rules; {
	case r.Idle > r.Lifetime:
		return fmt.Errorf("idle %s is longer than lifetime %s: an idle session would never be the one that ends", written(r.Idle), written(r.Lifetime))
	case r.MaxAge > 0 && r.Warn >= r.MaxAge:
		return fmt.Errorf("warn %s is not shorter than max_age %s: write a shorter warn, or warn off", written(r.Warn), written(r.MaxAge))
	}
	return nil
}

const defaultBase = "/_auth"

var basePattern = regexp.MustCompile(`^(/[a-z0-9_~-][a-z0-9._~-]*)+$`)

// checkBase keeps the prefix plain and in lower case, so that there is one spelling of it.
func checkBase(base string) error {
	if len(base) > 64 || !basePattern.MatchString(base) || strings.HasPrefix(base, "/.well-known") {
		return fmt.Errorf("path %q is no prefix for the pages: write a plain path in small letters without a slash at its end, such as %s", base, defaultBase)
	}
	return nil
}

// checkOrigin wants scheme and host and nothing else. Links to plain http would be read on the way; only a loopback
// host is spared, and what the operator has allowed by name.
func checkOrigin(origin string, insecure bool) error {
	const right = "write scheme and host and nothing else, such as https://mail.example.com"
	u, err := url.Parse(origin)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "",
		u.User != nil, u.Path != "", u.RawQuery != "", u.Fragment != "", u.Opaque != "",
		strings.ContainsAny(origin, "?#*"):
		return fmt.Errorf("url %q is not an origin: %s", origin, right)
	case u.Scheme == "http" && !insecure && !clause.Loopback(u.Hostname()):
		return fmt.Errorf("url %q is plain http: links would travel in clear; write https, or add insecure_http to login_wall if that is meant", origin)
	}
	return nil
}

var domainPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// checkDomain wants a domain that sites can be below. Whether others may have sites below it too (a public suffix), the
// browsers know.
func checkDomain(domain string) error {
	if _, err := netip.ParseAddr(domain); err == nil || !domainPattern.MatchString(domain) {
		return fmt.Errorf("cookie_domain %q is no domain: write it in small letters, such as example.com", domain)
	}
	return nil
}

func checkCountry(code string) error {
	if !address.ValidCountry(code) {
		return fmt.Errorf("phone_countries %q is no country: write ISO 3166 codes in capitals, such as US CA", code)
	}
	return nil
}
