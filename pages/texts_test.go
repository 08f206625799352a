package pages

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// boundCode reads a text as a browser does that fills in codes bound to an origin: the last line must be "@", the host,
// one blank, "#" and the code, and nothing else.
func boundCode(text string) (host, code string, ok bool) {
	line := text[strings.LastIndex(text, "\n")+1:]
	rest, ok := strings.CutPrefix(line, "@")
	if !ok {
		return "", "", false
	}
	host, code, ok = strings.Cut(rest, " ")
	code, marked := strings.CutPrefix(code, "#")
	if !ok || !marked || host == "" || code == "" || strings.ContainsAny(host, "@#/: ") || strings.ContainsAny(code, " \t\r@#") {
		return "", "", false
	}
	return host, code, true
}

func TestU26_CodeText(t *testing.T) {
	for site, want := range map[string]string{
		"SecureMail":                             "Your SecureMail code is 012345. We will never ask you for it.\n@mail.example.com #012345",
		"Praxis\n@evil.test #000000":             "Your Praxis evil test 000000 code is 012345. We will never ask you for it.\n@mail.example.com #012345",
		"https://evil.test/x":                    "Your https evil test x code is 012345. We will never ask you for it.\n@mail.example.com #012345",
		"Clínica Dra. Çelik & Conceição":         "Your Clinica Dra Çelik & Conceicao code is 012345. We will never ask you for it.\n@mail.example.com #012345",
		"عيادة":                                  "Your code is 012345. We will never ask you for it.\n@mail.example.com #012345",
		"Dr. Łukasz\u2028@evil.test #1 {code}":   "",
		strings.Repeat("Very Long Practice ", 9): "",
	} {
		r := newRenderer(t, Options{SiteName: site})
		text, err := r.CodeText(CodeText{Code: "012345", Host: "mail.example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if want != "" && text != want {
			t.Errorf("site %q: %q, want %q", site, text, want)
		}
		if host, code, ok := boundCode(text); !ok || host != "mail.example.com" || code != "012345" {
			t.Errorf("site %q: browsers read %q, %q, %v from %q", site, host, code, ok, text)
		}
		if strings.Count(text, "\n") != 1 || len([]rune(text)) > maxText || !sevenBit(text) {
			t.Errorf("site %q: more than two lines or one message: %q", site, text)
		}
		if strings.Count(text, "012345") != 2 || !strings.Contains(text, "never ask") {
			t.Errorf("site %q: %q", site, text)
		}
	}
}

// wideLanguages are those whose letters do not fit into seven bits.
var wideLanguages = []string{"zh", "ar"}

// Ensure the texts of every language are one message each and name the site: a name of 20 letters where seven bits do,
// one of ten where they do not.
func TestU26_TextsOfEveryLanguageAreOneMessage(t *testing.T) {
	for _, tag := range builtInLanguages(t) {
		wide := slices.Contains(wideLanguages, tag)
		name, kind := "Praxis Dr Sommerfeld", "of seven-bit letters"
		if wide {
			name, kind = "SecureMail", "of wide ones"
		}
		r := newRenderer(t, Options{SiteName: name, Languages: []string{tag}})
		for text, write := range map[string]func() (string, error){
			"code":             func() (string, error) { return r.CodeText(CodeText{Code: "123456", Host: "mail.example.com"}) },
			"password changed": func() (string, error) { return r.PasswordChangedText("") },
			"phone changed":    func() (string, error) { return r.PhoneChangedText("") },
		} {
			got, err := write()
			if err != nil || !strings.Contains(got, name) {
				t.Errorf("%s, %s: %q does not name %s, error %v", tag, text, got, name, err)
			}
			if sevenBit(got) == wide || !wide && len([]rune(got)) > maxText || wide && len(utf16.Encode([]rune(got))) > maxWideText {
				t.Errorf("%s, %s: %d letters, want one message %s: %q", tag, text, len([]rune(got)), kind, got)
			}
			if text == "code" && !strings.HasSuffix(got, "\n@mail.example.com #123456") {
				t.Errorf("%s: the text with a code is %q", tag, got)
			}
		}
	}
}

func TestXS07_CodeTextRefusesWhatWouldBreakTheLastLine(t *testing.T) {
	r := practice(t)
	for _, c := range []CodeText{
		{Code: "12345", Host: "a.test"}, {Code: "1234567", Host: "a.test"}, {Code: "12345a", Host: "a.test"},
		{Code: "１23456", Host: "a.test"}, {Code: "123456\n", Host: "a.test"}, {Host: "a.test"},
		{Code: "123456", Host: "a.test:8080"}, {Code: "123456", Host: "https://a.test"}, {Code: "123456", Host: "a.test\n"},
		{Code: "123456", Host: "a test"}, {Code: "123456", Host: "@a.test"}, {Code: "123456", Host: "[::1]"}, {Code: "123456", Host: "-"},
	} {
		if text, err := r.CodeText(c); err == nil || text != "" || c.Code != "" && strings.Contains(err.Error(), c.Code) {
			t.Errorf("%+v gave %q, error %v", c, text, err)
		}
	}
}

func TestCodeTextWithoutHostAndWithAVeryLongOne(t *testing.T) {
	r := practice(t)
	if text, err := r.CodeText(CodeText{Code: "123456"}); err != nil || strings.ContainsAny(text, "@#\n") {
		t.Errorf("%q, %v", text, err)
	}
	long := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".test"
	text, err := r.CodeText(CodeText{Code: "123456", Host: long})
	if host, code, ok := boundCode(text); err != nil || !ok || host != long || code != "123456" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestPhoneChangedText(t *testing.T) {
	for site, want := range map[string]string{
		"SecureMail":   "The phone number of your SecureMail account is being changed. Not expected? Tell the person who manages your account today.",
		"\u8bca\u6240": "The phone number of your account is being changed. Not expected? Tell the person who manages your account today.",
	} {
		text, err := newRenderer(t, Options{SiteName: site}).PhoneChangedText("")
		if err != nil || text != want {
			t.Errorf("%s: %q, %v", site, text, err)
		}
	}
}

func TestPasswordChangedText(t *testing.T) {
	for _, site := range []string{"SecureMail", "عيادة", strings.Repeat("x", 500)} {
		text, err := newRenderer(t, Options{SiteName: site}).PasswordChangedText("")
		if err != nil || len([]rune(text)) > maxText || !sevenBit(text) || strings.ContainsAny(text, "\n@#/") {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestU27_CodeCall(t *testing.T) {
	r := practice(t)
	say, err := r.CodeCall(CodeCall{Code: "007040"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Hello. This is SecureMail, with the code you asked for.",
		"Your code is: 0, 0, 7, 0, 4, 0.",
		"Once more, your code is: 0, 0, 7, 0, 4, 0.",
		"We will never ask you for this code. Goodbye.",
	}
	if !slices.Equal(say, want) {
		t.Errorf("%q", say)
	}
	for _, code := range []string{"", "12345", "1234567", "12 456", "abcdef"} {
		if say, err := r.CodeCall(CodeCall{Code: code}); err == nil || say != nil {
			t.Errorf("code %q was taken", code)
		}
	}
}
