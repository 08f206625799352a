package pages

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func previewed(t *testing.T, o Options) map[string]string {
	t.Helper()
	files, err := newRenderer(t, o).Preview(PreviewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, f := range files {
		if _, twice := contents[f.Path]; twice || path.Clean(f.Path) != f.Path || strings.HasPrefix(f.Path, ".") {
			t.Errorf("path %q", f.Path)
		}
		contents[f.Path] = string(f.Content)
	}
	return contents
}

// Ensure a preview has every sample in every language, in that language, and nothing else.
func TestU31_PreviewHasEverythingInEveryLanguage(t *testing.T) {
	contents := previewed(t, Options{Languages: []string{"en", "nl"}, Overlay: shoutingLanguage(t)})
	want := []string{"index.html", "text/code.txt", "text/password_changed.txt", "text/phone_changed.txt", "call/code.txt"}
	for name := range samples() {
		want = append(want, "page/"+name+".html")
	}
	for name := range sampleLetters() {
		want = append(want, "mail/"+name+".html", "mail/"+name+".txt")
	}
	for name := range contents {
		folder, below, _ := strings.Cut(name, "/")
		switch {
		case name == "index.html", folder == "assets":
		case folder != "en" && folder != "nl", !slices.Contains(want, below):
			t.Errorf("%s is no part of a preview", name)
		}
	}
	for _, name := range want {
		english, other := contents["en/"+name], contents["nl/"+name]
		if english == "" || other == "" || english == other {
			t.Errorf("%s: %d bytes in one language, %d in the other, the same: %v", name, len(english), len(other), english == other)
		}
		if html := path.Ext(name) == ".html" && name != "index.html"; html && !strings.Contains(other, `<html lang="nl"`) {
			t.Errorf("%s is not in its language", name)
		}
	}
	if !strings.HasSuffix(contents["en/text/code.txt"], "\n@mail.example.com #012345\n") {
		t.Errorf("the text with a code: %q", contents["en/text/code.txt"])
	}
	if !regexp.MustCompile(`^Subject: [^\n]+\n\nHello Jo Public,\n`).MatchString(contents["en/mail/reset.txt"]) {
		t.Errorf("the mail of a reset: %q", contents["en/mail/reset.txt"])
	}
}

// Ensure whatever a page loads, and whatever an index leads to, is there when the files are opened from disk.
func TestPreviewOpensFromDisk(t *testing.T) {
	drawing := Picture{Name: "logo.svg", Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}
	contents := previewed(t, Options{
		Base: "/sign-in", Languages: []string{"en", "nl"}, Overlay: shoutingLanguage(t), Logo: &drawing, LogoDark: &Picture{
			Name: "dark.svg", Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg" class="dark"/>`),
		},
	})
	linked := map[string]bool{"index.html": true}
	for name, content := range contents {
		if path.Ext(name) != ".html" {
			continue
		}
		all, index := elements(t, content), path.Base(name) == "index.html"
		for _, e := range all {
			for _, attr := range []string{"src", "srcset", "href"} {
				address := e.attrs[attr]
				if address == "" || attr == "href" && e.name == "a" && !index {
					continue
				}
				target := path.Join(path.Dir(name), address)
				if _, there := contents[target]; !there {
					t.Errorf("%s: <%s %s=%q> leads nowhere", name, e.name, attr, address)
				}
				if index && e.name == "a" {
					linked[target] = true
				}
			}
		}
	}
	for name := range contents {
		if !linked[name] && !strings.HasPrefix(name, "assets/") {
			t.Errorf("no index leads to %s", name)
		}
	}
	if loaded := named(elements(t, contents["en/page/login.html"]), "source"); len(loaded) != 1 {
		t.Errorf("%d dark logos", len(loaded))
	}
}

// Ensure two previews of one configuration are the same, so that they can be compared with each other.
func TestPreviewIsTheSameEachTime(t *testing.T) {
	r := practice(t)
	first, err := r.Preview(PreviewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Preview(PreviewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(first, second, func(a, b PreviewFile) bool { return a.Path == b.Path && bytes.Equal(a.Content, b.Content) }) {
		t.Error("the second preview is another one")
	}
}

// Ensure an override shows.
func TestPreviewShowsOverrides(t *testing.T) {
	contents := previewed(t, Options{Overlay: fstest.MapFS{
		"words/en.json": {Data: []byte(`{"login.title": "Welcome Back"}`)},
	}})
	if !strings.Contains(contents["en/page/login.html"], "<h1>Welcome Back</h1>") {
		t.Error("the login page has the built-in title")
	}
}
