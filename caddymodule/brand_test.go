package caddymodule

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>`

// write makes a file in the gateway's directory.
func (g *gateway) write(name, content string) {
	g.t.Helper()
	file := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// english is the words of the pages, which stand for another language in tests.
func english(t testing.TB) string {
	t.Helper()
	words, err := os.ReadFile("../pages/words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(words)
}

// withRealm is the Caddyfile of the tests with lines for both blocks.
func withRealm(realm, site string) string {
	return strings.NewReplacer("REALM", realm, "SITE", site).Replace(globals + `http://localhost:{$PORT} {
	login_wall {
		SITE
	}
	reverse_proxy {$APP}
}`)
}

// Ensure the logo, the colour, the templates and the languages of an operator are those of the pages.
func TestBrandIsServed(t *testing.T) {
	g := newGateway(t)
	g.write("logo.svg", drawing)
	g.write("dark.png", "\x89PNG\r\n\x1a\n and so on")
	g.write("templates/templates/pages/forgot.html", `{{define "title"}}Lost{{end}}{{define "content"}}<p>Call us.</p>{{end}}`)
	g.write("templates/words/nl.json", strings.Replace(english(t), `"Sign In"`, `"Aanmelden"`, 1))
	err := g.load(withRealm(`brand {
			logo {$DIR}/logo.svg {$DIR}/dark.png
			accent ffee00
			templates {$DIR}/templates
		}
		languages en nl`, ""))
	if err != nil {
		t.Fatal(err)
	}
	c := g.browser()
	_, page := g.page(c, "/_auth/login")
	for kind, link := range map[string]string{
		"image/svg+xml": `<img src="([^"]+)"`, "image/png": `<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"`,
		"text/css; charset=utf-8": `<link rel="stylesheet" href="([^"]+)"`,
	} {
		found := regexp.MustCompile(link).FindStringSubmatch(page)
		if found == nil {
			t.Errorf("no %s in\n%s", link, page)
			continue
		}
		response, content := g.page(c, found[1])
		if response.StatusCode != 200 || response.Header.Get("Content-Type") != kind {
			t.Errorf("%s: status %d, %s", found[1], response.StatusCode, response.Header.Get("Content-Type"))
		}
		if kind == "image/svg+xml" && content != drawing {
			t.Errorf("logo: %q", content)
		}
		if strings.HasPrefix(kind, "text/css") && (!strings.Contains(content, "{:root{--accent:#ffee00;") || strings.Contains(content, "\n:root{--accent:#ffee00;")) {
			t.Error("the colour is not the one of dark pages alone")
		}
	}
	if _, page := g.page(c, "/_auth/forgot"); !strings.Contains(page, "Call us.") {
		t.Errorf("another page than the operator's:\n%s", page)
	}
	if response, _ := g.page(c, "/_auth/language?back=%2F_auth%2Flogin&to=nl"); response.Header.Get("Location") != "/_auth/login" {
		t.Errorf("the choice leads to %q", response.Header.Get("Location"))
	}
	if _, page := g.page(c, "/_auth/login"); !strings.Contains(page, "Aanmelden") {
		t.Errorf("not in the language chosen:\n%s", page)
	}
	warnings := 0
	for _, line := range g.log() {
		if message, _ := line["msg"].(string); strings.HasPrefix(message, "accent is hard to read") {
			warnings++
			shown, err := pages.CheckAccent("#ffee00")
			if err != nil || line["shown"] != shown || line["level"] != "warn" {
				t.Errorf("%v, want %s (%v)", line, shown, err)
			}
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings of the colour, want 1", warnings)
	}
}

// Ensure a brand that cannot be used stops a configuration from being loaded, with an error that says why.
func TestBrandThatCannotBeUsed(t *testing.T) {
	g := newGateway(t)
	g.write("logo.svg", drawing)
	g.write("empty.svg", "")
	g.write("large.png", strings.Repeat("x", 300<<10))
	g.write("hollow.png", strings.Repeat("\x00", 3000))
	g.write("misspelt/templates/pages/snet.html", "")
	g.write("broken/templates/pages/sent.html", `{{define "title"}}`)
	g.write("words/words/tlh.json", "{}")
	t.Setenv("LOGINWALL_TEST", "logo.pdf")
	for realm, want := range map[string]string{
		"brand {\nlogo {$DIR}/none.svg\n}":                              "read logo: open " + g.dir + "/none.svg: no such file",
		"brand {\nlogo {$DIR}/logo.svg {$DIR}/none.png\n}":              "write a picture file that Caddy may read",
		"brand {\nlogo {$DIR}/empty.svg\n}":                             "it is empty",
		"brand {\nlogo {$DIR}/hollow.png\n}":                            "what is in it is no png",
		"brand {\nlogo {$DIR}/large.png\n}":                             "300 KiB, and at most 256 are allowed",
		"brand {\nlogo {env.LOGINWALL_TEST}\n}":                         "use svg, png, jpg",
		"brand {\naccent {env.LOGINWALL_TEST}\n}":                       "is no colour: write red, green and blue",
		"brand {\ntemplates {$DIR}/none\n}":                             "write a folder that Caddy may read",
		"brand {\ntemplates {$DIR}/logo.svg\n}":                         "is a file: write the folder",
		"brand {\ntemplates {$DIR}/misspelt\n}":                         "templates/pages/snet.html stands in for no built-in file",
		"brand {\ntemplates {$DIR}/broken\n}":                           "sent.html",
		"brand {\ntemplates {$DIR}/words\n}\nlanguages en tlh":          "prepare pages with templates " + g.dir + "/words",
		"brand {\ntemplates {$DIR}/words\n}\nlanguages en xx":           `languages "xx" has no words: write any of ` + strings.Join(pages.LanguagesWith(os.DirFS(filepath.Join(g.dir, "words"))), " "),
		"languages {env.LOGINWALL_TEST}":                                "has no words",
		"time_zone {env.LOGINWALL_TEST}":                                "is unknown: write the name",
		"home {\napp Mail /mail/ {\nicon {$DIR}/none.svg\n}\n}":         "read icon: open",
		"home {\napp {env.LOGINWALL_TEST} /\napp logo.pdf /\n}":         `app "logo.pdf" is given twice`,
		"home {\napp Mail {env.LOGINWALL_TEST}\n}":                      "neither a path of this site",
		"home {\napp Mail / {\ngroups a {env.LOGINWALL_TEST}/\\b\n}\n}": "groups: group",
	} {
		if err := g.load(withRealm(realm, "")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", realm, err, want)
		}
	}
}

// Ensure a language without words is an error that lists those there are, with its line, unless the operator's folder may
// bring them.
func TestLanguagesThatThereAre(t *testing.T) {
	builtIn := pages.LanguagesWith(nil)
	for lines, want := range map[string]string{
		"languages " + strings.Join(builtIn, " "):                  "",
		"languages en tlh":                                         `languages "tlh" has no words: write any of ` + strings.Join(builtIn, " ") + ", or put words/tlh.json into the folder of brand templates, at Caddyfile:3",
		"languages en en":                                          "languages has en twice: keep one, at Caddyfile:3",
		"languages en {env.X}":                                     "",
		"languages en {env.X} tlh":                                 "at Caddyfile:3",
		"languages en tlh\n\t\tbrand {\n\t\t\ttemplates /x\n\t\t}": "",
	} {
		got := adapt(t, "{\n\tlogin_wall {\n\t\t"+lines+"\n\t}\n}\n")
		if want == "" && !strings.HasPrefix(got, "{") || want != "" && !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", lines, got, want)
		}
	}
}

// Ensure JSON is held to what a Caddyfile is.
func TestLookInJSON(t *testing.T) {
	for name, c := range map[string]struct {
		app  *App
		want string
	}{
		"three logos": {&App{Brand: Brand{Logo: []string{"a.svg", "b.svg", "c.svg"}}}, "logo has too many values"},
		"no name":     {&App{Home: Home{Apps: []HomeApp{{Address: "/"}}}}, "no name or no address"},
		"no address":  {&App{Home: Home{Apps: []HomeApp{{Name: "Mail"}}}}, "no name or no address"},
		"a script":    {&App{Home: Home{Apps: []HomeApp{{Name: "Mail", Address: "javascript:x"}}}}, "neither a path"},
		"a backslash": {&App{Home: Home{Apps: []HomeApp{{Name: "Mail", Address: `/\evil.test`}}}}, "neither a path"},
		"a group":     {&App{Home: Home{Apps: []HomeApp{{Name: "Mail", Address: "/", Groups: []string{"a b"}}}}}, "groups: group"},
	} {
		if _, err := c.app.resolve(clause.Expand); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// Ensure times in mails are in the zone of the operator.
func TestTimeZoneOfMails(t *testing.T) {
	g := startGateway(t, "time_zone Asia/Kolkata", "")
	g.account("alice@example.com")
	c := g.browser()
	_, page := g.page(c, "/_auth/forgot")
	if response, body := g.post(c, "/_auth/forgot", page, "email", "alice@example.com"); response.StatusCode != 303 {
		t.Fatalf("status %d\n%s", response.StatusCode, body)
	}
	if m := captured.mail(t); !strings.Contains(m.Text, " IST") || strings.Contains(m.Text, "UTC") {
		t.Errorf("another zone:\n%s", m.Text)
	}
}

// Ensure what the manual says of a folder of templates is so.
func TestManualOfPages(t *testing.T) {
	manual, err := os.ReadFile("../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```caddyfile\n(.*?)```").FindSubmatch(manual)
	if example == nil {
		t.Fatal("no Caddyfile in the manual")
	}
	if got := adapt(t, string(example[1])); !strings.HasPrefix(got, "{") {
		t.Error(got)
	}
	files := fstest.MapFS{}
	for _, found := range regexp.MustCompile("(?s)`((?:words|templates)/[a-z_/]+\\.[a-z]+)`\n\n```[a-z]+\n(.*?)```").FindAllSubmatch(manual, -1) {
		files[string(found[1])] = &fstest.MapFile{Data: found[2]}
	}
	if len(files) != 2 {
		t.Fatalf("files in the manual: %v", files)
	}
	renderer, err := pages.New(pages.Options{Overlay: files})
	if err != nil {
		t.Fatal(err)
	}
	for view, want := range map[pages.View]string{
		&pages.Login{}: "Welcome to Elm Street Dental", &pages.LinkDead{}: "Call us, and we will help you.",
	} {
		page, err := renderer.Render(view)
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("no %q: %v\n%s", want, err, page)
		}
	}
}
