package pages

import (
	"strings"
	"testing"
	"time"
)

func TestMailsLookAsBefore(t *testing.T) {
	r := practice(t)
	for name, l := range sampleLetters() {
		m, err := r.Mail(l)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "mail_"+name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, "mail_"+name+".html", m.HTML)
	}
}

func TestU28_MailsAreReadableAndLoadNothing(t *testing.T) {
	r := practice(t)
	for name, l := range sampleLetters() {
		m, err := r.Mail(l)
		if err != nil {
			t.Fatal(err)
		}
		all := elements(t, m.HTML)
		if page := named(all, "html"); len(page) != 1 || page[0].attrs["lang"] != "en" {
			t.Errorf("%s: no language", name)
		}
		for _, e := range all {
			if e.name == "img" || e.name == "script" || e.name == "link" || e.has("src") || e.has("background") {
				t.Errorf("%s: <%s> could load something", name, e.name)
			}
			if e.name == "style" && (strings.Contains(e.text, "url") || strings.Contains(e.text, "@import")) {
				t.Errorf("%s: the style could load something", name)
			}
		}
		if strings.ContainsAny(m.Text, "<>&") {
			t.Errorf("%s: the text part holds markup", name)
		}
		link := l.content().Link
		if link == "" {
			continue
		}
		if !strings.Contains(m.Text, "\n\n"+link+"\n\n") {
			t.Errorf("%s: the link does not stand alone", name)
		}
		// A button and, for whoever wants to see where it leads or cannot press it, the address itself.
		links := named(all, "a")
		if links[0].attrs["href"] != link || links[1].attrs["href"] != link || links[1].text != link {
			t.Errorf("%s: the links lead to %q and %q, which shows %q", name, links[0].attrs["href"], links[1].attrs["href"], links[1].text)
		}
	}
	m, err := r.Mail(ResetMail{Link: sampleLink, Valid: time.Hour, EndsAt: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"60 minutes", "9 March 2026, 13:00 UTC", "If it was not you"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("no %q in the mail", want)
		}
	}
}

func TestXS05_LineEndsInNamesReachNoHeader(t *testing.T) {
	for _, name := range []string{
		"Jo\r\nBcc: eve@evil.test", "Jo\nBcc: x", "Jo\rBcc: x", "Jo\u2028Bcc: x", "Jo\u0085Bcc: x", "Jo\x00\x1b[2J",
		"\r\n.\r\nMAIL FROM:<eve@evil.test>", "\n.\n", "=?utf-8?q?x?=\r\n", strings.Repeat("x", 4000),
	} {
		r := newRenderer(t, Options{SiteName: name})
		for kind, l := range sampleLetters() {
			switch letter := l.(type) {
			case ResetMail:
				letter.Name, l = name, letter
			case ContactChangedMail:
				letter.Name, letter.Email, letter.Phone, l = name, name, name, letter
			case PasswordChangedMail:
				letter.Origin.Address, letter.Origin.Agent, l = name, name, letter
			}
			m, err := r.Mail(l)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsFunc(m.Subject, func(r rune) bool { return r < ' ' || r == '\u2028' || r == '\u0085' }) {
				t.Errorf("%s: subject %q", kind, m.Subject)
			}
			for line := range strings.SplitSeq(m.Text, "\n") {
				if strings.HasPrefix(line, "Bcc:") || line == "." || strings.HasPrefix(line, "MAIL") || strings.ContainsAny(line, "\r\x00\x1b") {
					t.Errorf("%s: %q made a line of its own: %q", kind, name, line)
				}
			}
		}
	}
}

func TestXS02_NamesInMailsAreText(t *testing.T) {
	r := newRenderer(t, Options{SiteName: `<b>Site</b> {{.}}`})
	m, err := r.Mail(ResetMail{Recipient: Recipient{Name: `<img src=x onerror=alert(1)> {site}`}, Link: sampleLink})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<img") || strings.Contains(m.HTML, "<b>") {
		t.Error("markup got through")
	}
	if !strings.Contains(m.Text, "Hello <img src=x onerror=alert(1)> {site},\n") || !strings.Contains(m.Subject, "<b>Site</b> {{.}}") {
		t.Errorf("the text part was escaped: %q", m.Text)
	}
}

func TestMailRefusesLinksThatAreNone(t *testing.T) {
	r := practice(t)
	for _, link := range []string{"/_auth/reset", "javascript:alert(1)", "https://", "https://a.test/\nx", "https://a.test/ x", `https://a.test/">`, "https://ä.test/"} {
		if m, err := r.Mail(ResetMail{Link: link}); err == nil || m != (Mail{}) {
			t.Errorf("link %q was taken", link)
		}
	}
}
