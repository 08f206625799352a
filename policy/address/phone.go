package address

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// The reasons why a text is not a phone number to send codes to. Errors of Phone wrap one of them and never repeat the
// number.
var (
	ErrNotPhone  = errors.New("not a phone number")
	ErrNational  = errors.New("phone number must be written with + and the country code")
	ErrExtension = errors.New("phone number must not have an extension")
	ErrCostly    = errors.New("phone number is of a kind that is not texted or called") // premium, shared cost, …
	ErrCountry   = errors.New("phone number is of a country that is not allowed")
)

// maxPhone bounds what is looked at: 15 digits with room for a separator around each.
const maxPhone = 40

// fictional are the E.164 numbers set aside for stories, examples and tests, which metadata rightly calls invalid.
// They reach nobody and cost nothing, and what people try the product with should work: NANP 555-01XX, with any area
// code or none; the area code 555, which does not exist; Ofcom's numbers for drama.
var fictional = []struct {
	numbers *regexp.Regexp
	country string
}{
	{regexp.MustCompile(`^\+1([2-9]\d\d)?55501\d\d$`), "US"},
	{regexp.MustCompile(`^\+1555\d{7}$`), "US"},
	{regexp.MustCompile(`^\+447700900\d{3}$`), "GB"},
}

// Phone gives the E.164 form of a phone number that is written internationally: "+", country code, number, with
// blanks, dashes, dots and round brackets where one likes. countries are ISO 3166 codes in capitals (see ValidCountry);
// an empty list allows all.
//
// The number must be one that its country assigns, by libphonenumber's metadata, or a fictional one. Ranges that are
// expensive to call are refused whatever the list says, since attackers earn from them: premium rate, shared cost,
// personal numbers, and numbers of no country (satellites, international services). So are pagers, voice mail and
// company-wide numbers, which prove nothing about who answers.
func Phone(raw string, countries []string) (string, error) {
	if len(raw) > maxPhone {
		return "", ErrNotPhone
	}
	written, err := digits(strings.Trim(raw, " "))
	if err != nil {
		return "", err
	}
	number, err := phonenumbers.Parse(written, "")
	if err != nil {
		return "", ErrNotPhone // the cause is about the number
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	// The parser is lenient: it drops national prefixes, as in "+44 (0)20 …". What is stored is what was written.
	if e164 != written {
		return "", fmt.Errorf("%w: not in international form", ErrNotPhone)
	}
	country, err := countryOf(number, e164)
	if err != nil {
		return "", err
	}
	if len(countries) > 0 && !slices.Contains(countries, country) {
		return "", ErrCountry
	}
	return e164, nil
}

// digits leaves "+" and digits of what was written, and refuses what is written otherwise.
func digits(written string) (string, error) {
	rest, international := strings.CutPrefix(written, "+")
	if !international {
		if written != "" && strings.Trim(written, "0123456789 -.()") == "" {
			return "", ErrNational
		}
		return "", ErrNotPhone
	}
	out := []byte{'+'}
	for i := range len(rest) {
		switch c := rest[i]; {
		case c >= '0' && c <= '9':
			out = append(out, c)
		case strings.IndexByte(" -.()", c) >= 0:
		case len(out) > 1 && strings.IndexByte("xX#;,eE", c) >= 0: // x12, #12, ;ext=12, pauses, ext. 12
			return "", ErrExtension
		default:
			return "", ErrNotPhone
		}
	}
	return string(out), nil
}

// countryOf gives the ISO 3166 code of a number that may be texted and called.
func countryOf(number *phonenumbers.PhoneNumber, e164 string) (string, error) {
	if !phonenumbers.IsValidNumber(number) {
		for _, f := range fictional {
			if f.numbers.MatchString(e164) {
				return f.country, nil
			}
		}
		return "", ErrNotPhone
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP,
		phonenumbers.TOLL_FREE:
	default: // a kind that is added to the metadata one day is refused until somebody has thought about it
		return "", ErrCostly
	}
	country := phonenumbers.GetRegionCodeForNumber(number)
	if !ValidCountry(country) {
		return "", ErrCostly
	}
	return country, nil
}

// ValidCountry says whether code is a country that phone numbers can be of: ISO 3166, two capitals. A configuration
// checks its list with it.
func ValidCountry(code string) bool {
	return len(code) == 2 && phonenumbers.GetSupportedRegions()[code]
}

// MaskPhone gives the two last digits of a phone number and not its length or country; a text too short to be a number
// is hidden as a whole.
func MaskPhone(number string) string {
	const hidden = "••••••"
	if len(number) < 6 {
		return hidden
	}
	last := number[len(number)-2:]
	if strings.Trim(last, "0123456789") != "" {
		return hidden
	}
	return hidden + last
}
