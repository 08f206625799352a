package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of a password in code points, whatever a configuration says.
const (
	// MinPasswordLength is the least minimum that may be configured (ASVS 5.0, 6.2.1).
	MinPasswordLength = 8
	// MaxPasswordLength is what package passhash hashes at most.
	MaxPasswordLength = 256
)

// minBesideWords is how many code points must be left of a password when the words that belong to the person and the
// site are taken out of it: what a minimum length is meant to buy must not consist of what everybody knows.
const minBesideWords = MinPasswordLength

// minWord is the length from which a word counts as one. Shorter ones are found in passwords by chance.
const minWord = 4

// CharacterClass is a kind of character that a configuration may require, as it is written there.
type CharacterClass string

// The classes of characters. A symbol is whatever is neither letter nor digit, blanks too.
const (
	ClassUpper  CharacterClass = "upper"
	ClassLower  CharacterClass = "lower"
	ClassDigit  CharacterClass = "digit"
	ClassSymbol CharacterClass = "symbol"
)

// classes is every class, in the order in which they are asked for, with what lacks it and who is of it.
var classes = []struct {
	class   CharacterClass
	missing ViolationCode
	is      func(rune) bool
}{
	{ClassUpper, MissingUpper, unicode.IsUpper},
	{ClassLower, MissingLower, unicode.IsLower},
	{ClassDigit, MissingDigit, unicode.IsDigit},
	{ClassSymbol, MissingSymbol, func(r rune) bool { return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) }},
}

// Classes lists every class.
func Classes() []CharacterClass {
	list := make([]CharacterClass, len(classes))
	for i, c := range classes {
		list[i] = c.class
	}
	return list
}

// ViolationCode names a requirement on passwords, and a password's way of not meeting it.
type ViolationCode string

// The codes, in the order in which they are reported.
const (
	TooShort         ViolationCode = "too_short" // Want, Have: code points
	TooLong          ViolationCode = "too_long"  // Want, Have: code points
	NotText          ViolationCode = "not_text"  // invalid UTF-8, or a NUL; found when it is prepared for hashing
	MissingUpper     ViolationCode = "missing_upper"
	MissingLower     ViolationCode = "missing_lower"
	MissingDigit     ViolationCode = "missing_digit"
	MissingSymbol    ViolationCode = "missing_symbol"
	Common           ViolationCode = "common"             // on the block list
	ContainsEmail    ViolationCode = "contains_email"     // little else than these: Want, Have: code points beside them
	ContainsName     ViolationCode = "contains_name"      // as above
	ContainsSiteWord ViolationCode = "contains_site_word" // as above
	ReusedCurrent    ViolationCode = "reused_current"     // is the password of now
	ReusedHistory    ViolationCode = "reused_history"     // Want: how many earlier ones are kept in mind
)

// Violation is one requirement that a password does not meet. Want and Have are zero where a code has no numbers.
type Violation struct {
	Code ViolationCode
	Want int
	Have int
}

// Requirement is what a password must meet, told before it is typed: not to be Code. Want is a violation's.
type Requirement struct {
	Code ViolationCode
	Want int
}

// Blocklist knows the passwords that are guessed first. The candidate is in NFC; case makes no difference.
type Blocklist interface {
	Contains(candidate string) bool
}

// PasswordRules say what a new password must be like. They are never applied to one that is being checked at sign-in.
type PasswordRules struct {
	MinLength int              // code points; less than MinPasswordLength counts as that
	History   int              // earlier passwords that may not be used again; the current one never may
	Require   []CharacterClass // none by default: NIST SP 800-63B-4 advises against
	Words     []string         // what the site is called: product, practice, labels of its host name
	Blocklist Blocklist        // nil: none
}

// Requirements lists what is to be shown beside the field for a new password, in the order of violations.
func (r PasswordRules) Requirements() []Requirement {
	list := []Requirement{{TooShort, r.minLength()}, {TooLong, MaxPasswordLength}}
	for _, c := range classes {
		if r.requires(c.class) {
			list = append(list, Requirement{Code: c.missing})
		}
	}
	if r.Blocklist != nil {
		list = append(list, Requirement{Code: Common})
	}
	list = append(list, Requirement{ContainsEmail, minBesideWords}, Requirement{ContainsName, minBesideWords})
	if len(words(r.Words...)) > 0 {
		list = append(list, Requirement{ContainsSiteWord, minBesideWords})
	}
	list = append(list, Requirement{Code: ReusedCurrent})
	if r.History > 0 {
		list = append(list, Requirement{ReusedHistory, r.History})
	}
	return list
}

// CheckPassword lists all that is wrong with a new password for an account, in the order of the codes; nothing means
// that it may be set. The candidate must be in NFC (passhash.Prepare) and is compared as a whole with the block list.
//
// used says whether a hash is of the candidate. It is asked about the current hash and then, newest first, about up to
// History earlier ones, and only when nothing else is wrong: each answer costs a hash computation, which an unacceptable
// password is not worth. It stops at the first that matches. Where used cannot find out, the caller must remember that
// and not set the password.
func (r PasswordRules) CheckPassword(candidate string, a Account, used func(hash string) bool) []Violation {
	length := utf8.RuneCountInString(candidate)
	if length > MaxPasswordLength { // and nothing else, so that its length costs nothing
		return []Violation{{TooLong, MaxPasswordLength, length}}
	}
	var found []Violation
	if least := r.minLength(); length < least {
		found = append(found, Violation{TooShort, least, length})
	}
	for _, c := range classes {
		if r.requires(c.class) && !strings.ContainsFunc(candidate, c.is) {
			found = append(found, Violation{Code: c.missing})
		}
	}
	if r.Blocklist != nil && r.Blocklist.Contains(candidate) {
		found = append(found, Violation{Code: Common})
	}
	found = append(found, r.checkWords(candidate, a)...)
	if len(found) > 0 {
		return found
	}
	return r.checkUsed(a, used)
}

// checkWords takes every word of the person and the site out of the candidate, in any case and wherever they are, and
// refuses when too little is left. So "Brightmail2026!x" is refused on a site called Brightmail, and a phrase that has
// the word among others is not.
func (r PasswordRules) checkWords(candidate string, a Account) []Violation {
	folded := strings.ToLower(candidate)
	covered := make([]bool, len(folded))
	var hit []ViolationCode
	for _, source := range []struct {
		code  ViolationCode
		words []string
	}{
		{ContainsEmail, emailWords(a.Email)},
		{ContainsName, words(a.Name)},
		{ContainsSiteWord, words(r.Words...)},
	} {
		seen := false
		for _, word := range source.words {
			seen = cover(covered, folded, word) || seen
		}
		if seen {
			hit = append(hit, source.code)
		}
	}
	left := 0
	for i := range folded {
		if !covered[i] {
			left++
		}
	}
	if left >= minBesideWords {
		return nil
	}
	var found []Violation
	for _, code := range hit {
		found = append(found, Violation{code, minBesideWords, left})
	}
	return found
}

// cover marks every occurrence of word, overlapping ones too, and says whether there was one.
func cover(covered []bool, text, word string) bool {
	found := false
	for at := 0; ; at++ {
		next := strings.Index(text[at:], word)
		if next < 0 {
			return found
		}
		found = true
		at += next
		for i := range word {
			covered[at+i] = true
		}
	}
}

// emailWords are an address as a whole, what is before the "@", the labels of its domain without the last, which is
// nobody's own, and the parts of them all.
func emailWords(email string) []string {
	local, domain, _ := strings.Cut(email, "@")
	if dot := strings.LastIndexByte(domain, '.'); dot >= 0 {
		domain = domain[:dot]
	}
	list := words(local, domain)
	if email != "" {
		list = append(list, strings.ToLower(email))
	}
	return list
}

// words gives each text, the text without what separates its parts, and the parts, lower-cased, if long enough.
func words(texts ...string) []string {
	var list []string
	add := func(word string) {
		if utf8.RuneCountInString(word) >= minWord {
			list = append(list, word)
		}
	}
	for _, text := range texts {
		text = strings.ToLower(strings.TrimSpace(text))
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) })
		add(text)
		if len(parts) > 1 || len(parts) == 1 && parts[0] != text {
			add(strings.Join(parts, ""))
			for _, part := range parts {
				add(part)
			}
		}
	}
	return list
}

// checkUsed asks, at most once for each hash that counts, whether the candidate was used before.
func (r PasswordRules) checkUsed(a Account, used func(hash string) bool) []Violation {
	if a.Password.Hash != "" && used(a.Password.Hash) {
		return []Violation{{Code: ReusedCurrent}}
	}
	for i, hash := range a.Password.Previous {
		if i >= r.History {
			break
		}
		if hash != "" && used(hash) {
			return []Violation{{Code: ReusedHistory, Want: r.History}}
		}
	}
	return nil
}

func (r PasswordRules) minLength() int { return max(r.MinLength, MinPasswordLength) }

func (r PasswordRules) requires(class CharacterClass) bool {
	for _, c := range r.Require {
		if c == class {
			return true
		}
	}
	return false
}
