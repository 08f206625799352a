package pages

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestOverlay(t *testing.T) {
	for name, test := range map[string]struct {
		files fstest.MapFS
		wrong string // in the error, "" for none
	}{
		"nothing":           {fstest.MapFS{}, ""},
		"a page":            {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "content"}}y{{end}}`)}}, ""},
		"left-overs":        {fstest.MapFS{".git/config": {}, "templates/pages/sent.html~": {}, ".DS_Store": {}}, ""},
		"words of nobody":   {fstest.MapFS{"words/ES.json": {Data: []byte(`{}`)}}, "words/ES.json is for no language"},
		"unused language":   {fstest.MapFS{"words/pt.json": {Data: []byte(`{}`)}}, "words/pt.json is for no language"},
		"empty word":        {fstest.MapFS{"words/en.json": {Data: []byte(`{"login.forgot": ""}`)}}, "login.forgot is empty"},
		"own word":          {fstest.MapFS{"words/en.json": {Data: []byte(`{"own.billing": "Billing {site}"}`)}}, ""},
		"misspelt file":     {fstest.MapFS{"templates/pages/snet.html": {}}, "templates/pages/snet.html"},
		"broken template":   {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`{{define "title"}}`)}}, "sent.html"},
		"misspelt field":    {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "content"}}{{.Emial}}{{end}}`)}}, "Emial"},
		"misspelt word":     {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`{{define "title"}}{{t "sent.titel"}}{{end}}{{define "content"}}{{end}}`)}}, "sent.titel"},
		"nothing defined":   {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`hello`)}}, "sent"},
		"unsafe template":   {fstest.MapFS{"templates/pages/sent.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "content"}}<a href={{if .Email}}"x{{else}}x{{end}}>{{end}}`)}}, "sent"},
		"broken mail":       {fstest.MapFS{"templates/mail/letter.txt": {Data: []byte(`{{.Greting}}`)}}, "Greting"},
		"mail without link": {fstest.MapFS{"templates/mail/letter.txt": {Data: []byte(`{{text .Greeting}}`)}}, "its link is missing"},
		"html without link": {fstest.MapFS{"templates/mail/letter.html": {Data: []byte(`{{say .Greeting}}`)}}, "its link is missing"},
		"broken html mail":  {fstest.MapFS{"templates/mail/letter.html": {Data: []byte(`{{say .Subjekt}}`)}}, "Subjekt"},
	} {
		_, err := New(Options{Overlay: test.files})
		switch {
		case test.wrong == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: error %v, want one with %q", name, err, test.wrong)
		}
	}
	// Names of apps and the text for help can be said in each language, and rules can be added to the style sheet.
	r := newRenderer(t, Options{
		Languages: []string{"en", "es"}, SupportURL: "tel:+15550100", SupportText: "own.help",
		Overlay: fstest.MapFS{
			"words/en.json":  {Data: []byte(`{"own.help": "Call us", "own.mail": "Mail"}`)},
			"words/es.json":  {Data: []byte(`{"own.help": "Llámenos", "own.mail": "Correo"}`)},
			"styles/own.css": {Data: []byte("h1{color:purple}")},
		},
	})
	page := render(t, r, Home{Page: Page{Language: "es"}, Tiles: []Tile{{Name: "own.mail", URL: "/"}, {Name: "Billing", URL: "/b"}}})
	for _, want := range []string{">Llámenos</a>", ">C</span><span>Correo</span>", "<span><bdi>Billing</bdi></span>"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if sheet, _, _ := r.Asset(r.assets.names[styleSheet]); !strings.HasSuffix(string(sheet.Content), "}h1{color:purple}") || len(sheet.Content) < 1000 {
		t.Error("the rule was not added to the style sheet")
	}
	if err := r.CheckName("own.none"); err == nil || !strings.Contains(err.Error(), "words/en.json") {
		t.Errorf("a name without words: %v", err)
	}
	r = newRenderer(t, Options{Overlay: fstest.MapFS{"templates/partials/csrf.html": {Data: []byte(`{{define "csrf"}}<!-- -->mine{{end}}`)}}})
	if page = render(t, r, Login{}); !strings.Contains(page, "mine") {
		t.Error("the overlaid partial does not show")
	}
}

func TestDevice(t *testing.T) {
	w := practice(t).edition("").words
	for agent, want := range map[string]string{
		sampleAgent: "Firefox on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                      "Safari on Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1":     "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                             "Chrome on ChromeOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0":                                                                     "Firefox on Linux",
		"curl/8.9":              "Unknown device",
		"":                      "Unknown device",
		"MyApp (iPad)":          "iPad",
		"Firefox/1\r\n<script>": "Firefox",
	} {
		if got, err := w.plain(device(agent)); got != want || err != nil {
			t.Errorf("device(%q) = %q, %v, want %q", agent, got, err, want)
		}
	}
}

func TestU25_PasswordRulesMatchTheRequirements(t *testing.T) {
	for want, requirements := range map[string][]Requirement{
		"":               nil,
		"minlength: 15;": {{TooShort, 15}, {TooLong, 256}, {Common, 0}},
		"minlength: 8; required: upper; required: lower; required: digit; required: special;": {
			{TooShort, 8}, {MissingUpper, 0}, {MissingLower, 0}, {MissingDigit, 0}, {MissingSymbol, 0}, {Reused, 5},
		},
	} {
		if got := passwordRules(requirements); got != want {
			t.Errorf("rules %q, want %q", got, want)
		}
	}
}
