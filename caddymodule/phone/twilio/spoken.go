package twilio

import (
	"encoding/xml"
	"strings"

	"github.com/loginwall/loginwall/policy/message"
)

// speech is how Twilio is told to speak a language: its own tag, and a voice ("" for the default).
type speech struct{ language, voice string }

// speeches completes a language without a region, for which the default voice has no accent to speak it in and would
// stay silent. They are the varieties most people who are called understand. The default voice has no Arabic: that takes
// one of Amazon's, and Amazon's tag.
var speeches = map[string]speech{
	"ar": {"arb", "Polly.Zeina"},
	"de": {language: "de-DE"},
	"en": {language: "en-US"},
	"es": {language: "es-MX"},
	"fr": {language: "fr-FR"},
	"it": {language: "it-IT"},
	"nl": {language: "nl-NL"},
	"pl": {language: "pl-PL"},
	"pt": {language: "pt-BR"},
	"zh": {language: "zh-CN"},
}

// spoken is a call in TwiML: each sentence in the language, a second of silence between them.
func spoken(c message.Call) string {
	as, ok := speeches[c.Language]
	if !ok {
		as.language = c.Language
	}
	var out strings.Builder
	out.WriteString("<Response>")
	for i, sentence := range c.Say {
		if i > 0 {
			out.WriteString(`<Pause length="1"/>`)
		}
		out.WriteString("<Say")
		if as.language != "" {
			out.WriteString(` language="` + escape(as.language) + `"`)
		}
		if as.voice != "" {
			out.WriteString(` voice="` + as.voice + `"`)
		}
		out.WriteString(">" + escape(sentence) + "</Say>")
	}
	out.WriteString("</Response>")
	return out.String()
}

func escape(s string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a strings.Builder takes everything
	return out.String()
}
