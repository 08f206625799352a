package gate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/address"
)

// Bounds of what a name and groups may be: both go into headers.
const (
	MaxName   = 100 // code points
	MaxGroups = 64
	MaxGroup  = 64 // bytes
)

// accountID is the form of randomID.
var accountID = regexp.MustCompile(`^[a-z2-7]{26}$`)

// fill checks and normalises what an admin typed and puts it into a.
func (g *Gate) fill(a *policy.Account, ch AccountChange) error {
	if ch.Name != nil {
		if err := checkName(*ch.Name); err != nil {
			return err
		}
		a.Name = *ch.Name
	}
	if ch.Groups != nil {
		groups, err := checkGroups(*ch.Groups)
		if err != nil {
			return err
		}
		a.Groups = groups
	}
	if ch.Language != nil {
		language, err := g.checkLanguage(*ch.Language)
		if err != nil {
			return err
		}
		a.Language = language
	}
	if ch.Email != nil {
		email, err := address.Email(*ch.Email)
		if err != nil {
			return refuse("the email address cannot be used: %v", err)
		}
		a.Email = email
	}
	if ch.Phone != nil {
		number, err := address.Phone(*ch.Phone, g.Countries)
		if err != nil {
			return refuse("the phone number cannot be used: %v", err)
		}
		a.Phone = policy.Phone{Number: number}
	}
	return nil
}

func checkName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxName {
		return refuse("the name must be text of at most %d characters", MaxName)
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return refuse("the name holds a control character; write it in one plain line")
		}
	}
	return nil
}

// checkGroups makes groups a sorted set of words.
func checkGroups(groups []string) ([]string, error) {
	if len(groups) > MaxGroups {
		return nil, refuse("at most %d groups", MaxGroups)
	}
	for _, group := range groups {
		if err := CheckGroup(group); err != nil {
			return nil, err
		}
	}
	sorted := slices.Sorted(slices.Values(groups))
	return slices.Compact(sorted), nil
}

// CheckGroup tells what keeps a text from being a group. A word may be of any script but holds nothing that separates
// words where the app reads them. The error is a *Refusal.
func CheckGroup(group string) error {
	if group == "" || len(group) > MaxGroup || !utf8.ValidString(group) {
		return refuse("a group is a word of at most %d bytes", MaxGroup)
	}
	for _, r := range group {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune("-_.:/@", r) {
			return refuse("group %q: use letters, digits and - _ . : / @ only", group)
		}
	}
	return nil
}

// checkLanguage gives a tag as the configuration spells it; "" stays.
func (g *Gate) checkLanguage(tag string) (string, error) {
	i := slices.IndexFunc(g.Languages, func(have string) bool { return strings.EqualFold(have, tag) })
	switch {
	case tag == "":
		return "", nil
	case i < 0:
		return "", refuse("language %q is not configured; there is: %s", tag, strings.Join(g.Languages, ", "))
	}
	return g.Languages[i], nil
}

func normal(typed string) string {
	email, err := address.Email(typed)
	if err != nil {
		return ""
	}
	return email
}
