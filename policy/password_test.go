package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listed is a block list of the words in it.
type listed []string

func (l listed) Contains(candidate string) bool {
	return slices.Contains(l, strings.ToLower(candidate))
}

func unused(string) bool { return false }

var someone = Account{
	Email: "alice.winter@brookside-clinic.example", Name: "Alice Winterbottom",
	Password: Credential{Hash: "current", Previous: []string{"one", "two", "three"}},
}

var someRules = PasswordRules{
	MinLength: 15, History: 2, Words: []string{"Brightmail", "mail", "St. Anne's Surgery"},
	Blocklist: listed{"passwordpassword", "letmeinletmein1", "monkey"},
}

func codes(found []Violation) string {
	var list []string
	for _, v := range found {
		list = append(list, string(v.Code))
	}
	return strings.Join(list, " ")
}

func TestASVS_6_2_1_LengthInCodePoints(t *testing.T) {
	for _, c := range []struct {
		least int
		unit  string
		count int
		want  []Violation
	}{
		{15, "é", 15, nil},
		{15, "é", 14, []Violation{{TooShort, 15, 14}}},
		{15, "😀", 15, nil},
		{15, "😀", 14, []Violation{{TooShort, 15, 14}}}, // N-03
		{15, "字", 15, nil},
		{15, " ", 15, nil},
		{15, "x", 0, []Violation{{TooShort, 15, 0}}},
		{8, "x", 8, nil},
		{8, "x", 7, []Violation{{TooShort, 8, 7}}},
		{4, "x", 7, []Violation{{TooShort, 8, 7}}}, // no configuration goes below 8
		{0, "x", 7, []Violation{{TooShort, 8, 7}}},
		{15, "😀", 256, nil},
		{15, "😀", 257, []Violation{{TooLong, 256, 257}}}, // N-02
	} {
		got := PasswordRules{MinLength: c.least}.CheckPassword(strings.Repeat(c.unit, c.count), Account{}, unused)
		if !slices.Equal(got, c.want) {
			t.Errorf("%d × %q with minimum %d: %v", c.count, c.unit, c.least, got)
		}
	}
}

func TestN03_AllPrintingCharacters(t *testing.T) {
	var all strings.Builder
	for c := ' '; c <= '~'; c++ {
		all.WriteRune(c)
	}
	if got := someRules.CheckPassword(all.String(), someone, unused); got != nil {
		t.Errorf("%v", got)
	}
}

func TestN04_NoComposition(t *testing.T) {
	for _, candidate := range []string{
		"aaaa bbbb cccc dd", "jvkqmzrtwpxhbdn", "481516234268357", "three blind mice ran", "日本語のとても長い合言葉です。",
	} {
		if got := someRules.CheckPassword(candidate, someone, unused); got != nil {
			t.Errorf("%q: %v", candidate, got)
		}
	}
}

func TestRequiredClasses(t *testing.T) {
	rules := PasswordRules{MinLength: 8, Require: []CharacterClass{ClassSymbol, ClassDigit, ClassLower, ClassUpper}}
	for candidate, want := range map[string]string{
		"Abcdefg1!":     "",
		"Ábcdéfg1 ":     "", // a blank is a symbol
		"abcdefgh":      "missing_upper missing_digit missing_symbol",
		"ABCDEFGH1":     "missing_lower missing_symbol",
		"e\u0301ABCDE1": "missing_symbol", // an accent is part of its letter
		"日本語日本語日本語":     "missing_upper missing_lower missing_digit missing_symbol",
		"":              "too_short missing_upper missing_lower missing_digit missing_symbol",
	} {
		if got := codes(rules.CheckPassword(candidate, Account{}, unused)); got != want {
			t.Errorf("%q: %s", candidate, got)
		}
	}
}

func TestRS24_ReasonsForPasswords(t *testing.T) {
	for candidate, want := range map[string]string{
		"short":                                 "too_short",
		"PasswordPassword":                      "common",
		"monkey":                                "too_short common",
		"Brightmail2026!x":                      "contains_site_word", // ASVS 6.1.2
		"2026 brightMAIL!":                      "contains_site_word",
		"brightmailbrightmail":                  "contains_site_word",
		"StAnnesSurgery!1":                      "contains_site_word",
		"st. anne's surgery":                    "contains_site_word",
		"Winterbottom 2026":                     "contains_email contains_name", // "winter" is of the address
		"alicewinterbottom1":                    "contains_email contains_name", // "alice" is in both
		"Alice Winterbottom":                    "contains_email contains_name",
		"alice.winter@brookside-clinic.example": "contains_email contains_name",
		"ALICE.WINTER@brookside-clinic.EXAMPLE": "contains_email contains_name",
		"brooksideclinic99":                     "contains_email",
		"Brookside-Brightmail":                  "contains_email contains_site_word",
		"alice":                                 "too_short contains_email contains_name",

		"my brightmail is a very nice thing": "", // N-09: contains the word
		"brightmail12345678":                 "", // eight beside it
		"brightmail1234567":                  "contains_site_word",
		"monkey sees, monkey does":           "",
		"the winter of alice":                "",
	} {
		if got := codes(someRules.CheckPassword(candidate, someone, unused)); got != want {
			t.Errorf("%q: %q, want %q", candidate, got, want)
		}
	}
	got := someRules.CheckPassword("Brightmail2026!x", someone, unused)
	if want := []Violation{{ContainsSiteWord, 8, 6}}; !slices.Equal(got, want) {
		t.Errorf("numbers: %v", got)
	}
	// Overlapping words are taken out once, and words in capitals that are longer than in small letters are harmless.
	overlap := PasswordRules{MinLength: 8, Words: []string{"abcabc", "İSTANBUL"}}
	if got := overlap.CheckPassword("abcabcabc1234567", Account{}, unused); codes(got) != "contains_site_word" || got[0].Have != 7 {
		t.Errorf("overlapping: %v", got)
	}
	if got := overlap.CheckPassword("İSTANBULİSTANBUL", Account{}, unused); codes(got) != "contains_site_word" {
		t.Errorf("capitals: %v", got)
	}
}

func TestShortWordsDoNotCount(t *testing.T) {
	rules := PasswordRules{MinLength: 8, Words: []string{"abc", " ", ""}}
	account := Account{Email: "al@b.example", Name: "Bo Li"}
	if got := rules.CheckPassword("abc bo li al b", account, unused); got != nil {
		t.Errorf("%v", got)
	}
	if got := codes(rules.CheckPassword("al@b.example", account, unused)); got != "contains_email" {
		t.Errorf("the address itself: %s", got)
	}
	if got := codes(PasswordRules{}.CheckPassword("bo li 12", account, unused)); got != "contains_name" {
		t.Errorf("the name itself: %s", got)
	}
}

func TestRS25_UsedPasswords(t *testing.T) {
	for _, c := range []struct {
		used    string // the hash that the candidate has
		history int
		want    []Violation
		asked   string
	}{
		{"none", 2, nil, "current one two"},
		{"current", 2, []Violation{{Code: ReusedCurrent}}, "current"},
		{"current", 0, []Violation{{Code: ReusedCurrent}}, "current"},
		{"one", 2, []Violation{{ReusedHistory, 2, 0}}, "current one"},
		{"two", 2, []Violation{{ReusedHistory, 2, 0}}, "current one two"},
		{"three", 2, nil, "current one two"},
		{"three", 9, []Violation{{ReusedHistory, 9, 0}}, "current one two three"},
		{"one", 0, nil, "current"},
	} {
		var asked []string
		rules := PasswordRules{MinLength: 15, History: c.history}
		got := rules.CheckPassword("a horse in the rain", someone, func(hash string) bool {
			asked = append(asked, hash)
			return hash == c.used
		})
		if !slices.Equal(got, c.want) || strings.Join(asked, " ") != c.asked {
			t.Errorf("is %s, history %d: %v, asked %v", c.used, c.history, got, asked)
		}
	}
}

func TestUnacceptablePasswordsAreNotHashed(t *testing.T) {
	for _, candidate := range []string{"short", "passwordpassword", "Brightmail2026!x", strings.Repeat("x", 257)} {
		if got := someRules.CheckPassword(candidate, someone, func(string) bool { t.Errorf("%q is hashed", candidate); return true }); len(got) == 0 {
			t.Errorf("%q is accepted", candidate)
		}
	}
	// An account that is being set up has no hash, and nothing is asked.
	if got := someRules.CheckPassword("a horse in the rain", Account{}, nil); got != nil {
		t.Errorf("%v", got)
	}
}

// What is shown before typing must be all that can be said after it.
func TestRequirementsMatchViolations(t *testing.T) {
	rules := someRules
	rules.Require = []CharacterClass{ClassDigit, ClassUpper}
	want := "[{too_short 15} {too_long 256} {missing_upper 0} {missing_digit 0} {common 0} {contains_email 8} " +
		"{contains_name 8} {contains_site_word 8} {reused_current 0} {reused_history 2}]"
	if got := fmt.Sprint(rules.Requirements()); got != want {
		t.Errorf("%s", got)
	}
	want = "[{too_short 8} {too_long 256} {contains_email 8} {contains_name 8} {reused_current 0}]"
	if got := fmt.Sprint(PasswordRules{Words: []string{"abc"}}.Requirements()); got != want {
		t.Errorf("without options: %s", got)
	}
	announced := map[ViolationCode]int{}
	for _, r := range rules.Requirements() {
		announced[r.Code] = r.Want
	}
	seen := map[ViolationCode]bool{}
	for _, candidate := range []string{
		"", "monkey", "alice", "brightmail", "passwordpassword", strings.Repeat("x", 300), "A horse in the rain 1", "A horse in the rain 2",
	} {
		for _, v := range rules.CheckPassword(candidate, someone, func(hash string) bool {
			return hash == "current" && strings.HasSuffix(candidate, "1") || hash == "two" && strings.HasSuffix(candidate, "2")
		}) {
			seen[v.Code] = true
			if want, ok := announced[v.Code]; !ok || want != v.Want {
				t.Errorf("%q breaks %+v, which was not announced so", candidate, v)
			}
		}
	}
	if len(seen) != len(announced) {
		t.Errorf("announced %v, seen %v", announced, seen)
	}
}

func FuzzCheckPassword(f *testing.F) {
	for _, seed := range []string{"", "alice", "Brightmail2026!x", "İİİİ", "\u1e9e", strings.Repeat("a", 300)} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, candidate, word string) {
		rules := PasswordRules{MinLength: 15, Words: []string{word}}
		account := Account{Email: word, Name: word}
		found := rules.CheckPassword(candidate, account, unused)
		for _, v := range found {
			if v.Have < 0 || v.Have > len(candidate) {
				t.Fatalf("%q, %q: %+v", candidate, word, v)
			}
		}
	})
}
