package twilio

import (
	"encoding/xml"
	"strings"

	"github.com/loginwall/loginwall/policy/message"
)

// regions completes a language without a region, for which the default voice has no accent to speak it in and would
// stay silent. They are the varieties most people who are called understand.
var regions = map[string]string{
	"de": "de-DE", "en": "en-US", "es": "es-MX", "fr": "fr-FR", "it": "it-IT", "nl": "nl-NL", "pl": "pl-PL", "pt": "pt-BR",
}

// spoken is a call in TwiML: each sentence in the language, a second of silence between them.
func spoken(c message.Call) string {
	language := c.Language
	if full, ok := regions[language]; ok {
		language = full
	}
	var out strings.Builder
	out.WriteString("<Response>")
	for i, sentence := range c.Say {
		if i > 0 {
			out.WriteString(`<Pause length="1"/>`)
		}
		out.WriteString("<Say")
		if language != "" {
			out.WriteString(` language="` + escape(language) + `"`)
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
