// Package address brings email addresses and phone numbers into the one form in which they are stored and compared,
// and refuses those that a message could not or should not be sent to.
//
// Two spellings of one address must be one account, with one count of failures; two different addresses must never
// become one.
package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The reasons why a text is not an email address. Errors of Email wrap one of them and never repeat the text.
var (
	ErrTooLong  = errors.New("email address is too long")
	ErrNotEmail = errors.New("not an email address")
)

// Lengths in bytes: of an address (RFC 5321, path less its brackets), and of what is before the "@".
const (
	MaxEmail = 254
	maxLocal = 64
	maxLabel = 63
	// maxRaw bounds the work on what is typed: blanks around the longest address, or a domain that its A-label shortens.
	maxRaw = 2 * MaxEmail
)

// domains maps as browsers do (UTS 46): what a person typed in any script, case or width, to the A-label. Lengths are
// checked here and not by the profile, which allows a trailing dot only with its length checks off.
var domains = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.BidiRule(),
)

// Email gives the normal form of an email address: blanks around it trimmed, ASCII letters lower-cased, the domain as
// A-label without trailing dot. Dots and tags in the local part are kept: they can be different people.
//
// The local part is made of ASCII letters, digits and # $ & ' + - / = ^ _ ~, with single dots between. Not allowed,
// although RFC 5322 has them: quoted local parts, comments, address literals, and ! % * ? { | } `, which mean something
// to relays, shells, templates or patterns that an address may be passed to. Local parts outside ASCII are refused too:
// identity headers are ASCII, mail to them needs SMTPUTF8 on every hop, and without folding, two names that look the
// same would be two accounts.
func Email(raw string) (string, error) {
	if len(raw) > maxRaw {
		return "", ErrTooLong
	}
	if !utf8.ValidString(raw) { // or the domain's mapping would repair it into another domain
		return "", fmt.Errorf("%w: broken text", ErrNotEmail)
	}
	// The blank of ASCII is trimmed and no other white space: a line break has no business near an address.
	local, domain, found := strings.Cut(strings.Trim(raw, " "), "@")
	if !found {
		return "", fmt.Errorf("%w: no @", ErrNotEmail)
	}
	local, err := localPart(local)
	if err != nil {
		return "", err
	}
	domain, err = domainPart(domain)
	if err != nil {
		return "", err
	}
	email := local + "@" + domain
	if len(email) > MaxEmail {
		return "", ErrTooLong
	}
	return email, nil
}

func localPart(local string) (string, error) {
	if local == "" {
		return "", fmt.Errorf("%w: nothing before the @", ErrNotEmail)
	}
	if len(local) > maxLocal {
		return "", fmt.Errorf("%w: more than %d bytes before the @", ErrTooLong, maxLocal)
	}
	lower := []byte(local)
	dot := true // whether a dot here would be leading or doubled
	for i, c := range lower {
		switch {
		case c >= 'A' && c <= 'Z':
			lower[i] = c + ('a' - 'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("#$&'+-/=^_~", c) >= 0:
		case c == '.' && !dot:
		case c == '.':
			return "", fmt.Errorf("%w: misplaced dot before the @", ErrNotEmail)
		default:
			return "", fmt.Errorf("%w: character that is not allowed before the @", ErrNotEmail)
		}
		dot = c == '.'
	}
	if dot {
		return "", fmt.Errorf("%w: misplaced dot before the @", ErrNotEmail)
	}
	return string(lower), nil
}

func domainPart(domain string) (string, error) {
	ascii, err := domains.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("%w: domain is not a host name", ErrNotEmail) // the cause repeats the domain
	}
	ascii = strings.TrimSuffix(ascii, ".")
	last := ""
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel {
			return "", fmt.Errorf("%w: domain is not a host name", ErrNotEmail)
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", fmt.Errorf("%w: domain is a network address", ErrNotEmail)
	}
	return ascii, nil
}

// MaskEmail gives an email address for eyes that should recognise but not learn it: its first character and its
// domain. What is not an address is hidden as a whole.
func MaskEmail(email string) string {
	local, domain, found := strings.Cut(email, "@")
	if !found {
		return "•••"
	}
	if len(local) < 2 || local[0] >= 0x80 {
		return "•••@" + domain
	}
	return local[:1] + "•••@" + domain
}
