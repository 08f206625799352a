package pages

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// gsm7 holds the letters a text message carries in seven bits each, but for those that need two places.
const gsm7 = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
	"abcdefghijklmnopqrstuvwxyzäöñüà"

// The number of characters that fit into one text message: of the seven-bit letters, and in UTF-16 units of any.
const (
	maxText     = 160
	maxWideText = 70
)

var (
	sixDigits = regexp.MustCompile(`^[0-9]{6}$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// CodeText is the text message that brings a code. Its last line binds the code to Host, so that browsers fill it in
// there and nowhere else.
type CodeText struct {
	Language string // one of Options.Languages, "" for the first
	Code     string // six digits
	Host     string // host name of the pages, without scheme and port; "" for none, as where it is an IPv6 address
}

// CodeText renders t: words in the first line, `@host #code` alone in the last, together one text message where the
// host leaves room for that. An error means that Code or Host are not what they must be; it holds neither.
func (r *Renderer) CodeText(t CodeText) (string, error) {
	if !sixDigits.MatchString(t.Code) {
		return "", fmt.Errorf("render text: code is not six digits")
	}
	binding := ""
	if t.Host != "" {
		if !hostName.MatchString(t.Host) {
			return "", fmt.Errorf("render text: host is not a host name")
		}
		binding = "\n@" + t.Host + " #" + t.Code
	}
	return r.text(t.Language, binding, func(name string) Phrase {
		if name == "" {
			return say("text.code", "code", t.Code)
		}
		return say("text.code_named", "code", t.Code, "name", name)
	})
}

// PhoneChangedText renders the text message that tells an old number that it is being replaced. It holds no link either.
func (r *Renderer) PhoneChangedText(language string) (string, error) {
	return r.text(language, "", func(name string) Phrase {
		if name == "" {
			return say("text.phone")
		}
		return say("text.phone_named", "name", name)
	})
}

// PasswordChangedText renders the text message that tells of a new password. It holds no link: people should not
// learn to follow links in texts.
func (r *Renderer) PasswordChangedText(language string) (string, error) {
	return r.text(language, "", func(name string) Phrase {
		if name == "" {
			return say("text.changed")
		}
		return say("text.changed_named", "name", name)
	})
}

// text says the phrase for the longest form of the site's name with which the whole fits into one text message, and
// puts ending after it.
func (r *Renderer) text(language, ending string, phrase func(name string) Phrase) (string, error) {
	w := r.edition(language).words
	unnamed, err := w.plain(phrase(""))
	if err != nil {
		return "", fmt.Errorf("render text: %w", err)
	}
	unnamed = flat(unnamed) + ending
	wide := !sevenBit(unnamed)
	for name := textName(r.options.SiteName, wide); len([]rune(name)) >= shortestName; name = shorterName(name) {
		body, err := w.plain(phrase(name))
		if err != nil {
			return "", fmt.Errorf("render text: %w", err)
		}
		if body = flat(body) + ending; fits(body, wide) {
			return body, nil
		}
	}
	return unnamed, nil
}

// shorterName is a name without its last word or, of a single word, without its last letter.
func shorterName(name string) string {
	if i := strings.LastIndex(name, " "); i > 0 {
		return name[:i]
	}
	letters := []rune(name)
	return string(letters[:len(letters)-1])
}

// shortestName is the least that is left of a name before it is left out: two letters tell nobody anything.
const shortestName = 3

// fits tells whether a text is one message. A wide one takes two bytes for each UTF-16 unit.
func fits(text string, wide bool) bool {
	if wide {
		return len(utf16.Encode([]rune(text))) <= maxWideText
	}
	return len([]rune(text)) <= maxText
}

func sevenBit(text string) bool {
	for _, r := range text {
		if r != '\n' && !strings.ContainsRune(gsm7, r) {
			return false
		}
	}
	return true
}

// textName is the part of a site's name that can stand in a text: no letter that would make the message a longer kind
// (í becomes i), unless it is of that kind (wide) anyway, no sign that could look like a code or its host, and no dot, which phones
// would make a link of.
func textName(name string, wide bool) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("@#/.:<>", r):
			return ' '
		case wide || strings.ContainsRune(gsm7, r):
			return r
		}
		base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		if strings.ContainsRune(gsm7, base) {
			return base
		}
		return -1
	}, norm.NFC.String(flat(name)))
	return strings.Join(strings.Fields(name), " ")
}

// CodeCall is the voice call that brings a code.
type CodeCall struct {
	Language string // one of Options.Languages, "" for the first
	Code     string // six digits
}

// CodeCall renders c as sentences to be spoken in order: what this is, the code digit by digit, and all of the code
// once more. An error means that Code is not six digits; it does not hold it.
func (r *Renderer) CodeCall(c CodeCall) (sentences []string, err error) {
	if !sixDigits.MatchString(c.Code) {
		return nil, fmt.Errorf("render call: code is not six digits")
	}
	digits := strings.Join(strings.Split(c.Code, ""), ", ") // commas make speech engines pause
	for _, p := range []Phrase{
		say("call.greeting"), say("call.code", "digits", digits), say("call.again", "digits", digits), say("call.warning"),
	} {
		sentence, err := r.edition(c.Language).words.plain(p)
		if err != nil {
			return nil, fmt.Errorf("render call: %w", err)
		}
		sentences = append(sentences, sentence)
	}
	return sentences, nil
}

// CallLanguage is the tag of the language a call in the wanted language is spoken in.
func (r *Renderer) CallLanguage(wanted string) string { return r.edition(wanted).words.language }
