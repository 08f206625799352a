package pages

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func builtInLanguages(t *testing.T) []string {
	t.Helper()
	tags := LanguagesWith(nil)
	if len(tags) < 2 {
		t.Fatalf("languages %q", tags)
	}
	return tags
}

var places = regexp.MustCompile(`\{[^}]*\}`)

// placesOf are the places to fill in a text, sorted, each once.
func placesOf(text string) []string {
	found := places.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every language has every key with the same places to fill.
func TestLanguagesAreComplete(t *testing.T) {
	with, err := readWords(embedded, nil, reference)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range builtInLanguages(t) {
		w, err := readLanguage(nil, tag, with)
		if err != nil {
			t.Error(err)
			continue
		}
		for key, text := range w.texts {
			if text == "" || !slices.Equal(placesOf(text), placesOf(with.texts[key])) {
				t.Errorf("%s: %s is %q, want the places %v", tag, key, text, placesOf(with.texts[key]))
			}
		}
		for key, forms := range w.lists {
			if slices.Contains(forms, "") {
				t.Errorf("%s: %s has an empty form: %q", tag, key, forms)
			}
			if key != monthsKey {
				checkForms(t, w, key, placesOf(with.lists[key][len(with.lists[key])-1]))
			}
		}
	}
}

// checkForms wants the places of English in the form of each number. Only 0, 1 and 2 may be said by the form itself.
func checkForms(t *testing.T, w *words, key string, want []string) {
	t.Helper()
	said := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return name == "{count}" })
	for n := range 201 {
		form := w.lists[key][w.plurals.index(n)]
		if got := placesOf(form); !slices.Equal(got, want) && (n > 2 || !slices.Equal(got, said)) {
			t.Errorf("%s: %s says %d as %q, want the places %v", w.language, key, n, form, want)
			return
		}
	}
}

// Ensure people who speak to their computer can say what they see on the button (label in name).
func TestShowButtonIsCalledWhatItSays(t *testing.T) {
	for _, tag := range builtInLanguages(t) {
		w, err := readWords(embedded, nil, tag)
		if err != nil {
			t.Fatal(err)
		}
		seen, name := w.texts["form.show"], w.texts["form.show_password"]
		if seen == "" || !strings.Contains(strings.ToLower(name), strings.ToLower(seen)) {
			t.Errorf("%s: the button shows %q and is called %q", tag, seen, name)
		}
	}
}

// Ensure every page and letter can be had in every built-in language, with nothing left to fill but what the script fills.
func TestU31_EverythingRendersInEveryBuiltInLanguage(t *testing.T) {
	tags := builtInLanguages(t)
	contents := previewed(t, Options{SiteName: "SecureMail", SupportURL: "https://example.com/help", Languages: tags})
	scripted := []string{"{seconds}", "{met}", "{all}"}
	for _, tag := range tags {
		w, err := readWords(embedded, nil, tag)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"text/code.txt", "text/password_changed.txt", "text/phone_changed.txt", "call/code.txt"}
		for name := range samples() {
			names = append(names, "page/"+name+".html")
		}
		for name := range sampleLetters() {
			names = append(names, "mail/"+name+".html", "mail/"+name+".txt")
		}
		for _, name := range names {
			content := contents[tag+"/"+name]
			if content == "" {
				t.Errorf("%s: no %s", tag, name)
			}
			if root := `<html lang="` + tag + `" dir="` + w.direction + `"`; path.Ext(name) == ".html" && !strings.Contains(content, root) {
				t.Errorf("%s: %s has no %s", tag, name, root)
			}
			for _, left := range regexp.MustCompile(`\{[a-z]+\}`).FindAllString(content, -1) {
				if !slices.Contains(scripted, left) {
					t.Errorf("%s: %s has %s", tag, name, left)
				}
			}
		}
	}
}

// Ensure the list has each language once, be it built in, brought by an operator, or both.
func TestLanguagesWith(t *testing.T) {
	builtIn := LanguagesWith(nil)
	if !slices.Contains(builtIn, reference) {
		t.Fatalf("built in: %v", builtIn)
	}
	over := fstest.MapFS{"words/en.json": {}, "words/tlh.json": {}, "words/notes.txt": {}, "styles/loginwall.css": {}}
	want := append(slices.Clone(builtIn), "tlh")
	slices.Sort(want)
	if got := LanguagesWith(over); !slices.Equal(got, want) {
		t.Errorf("with an operator's: %v, want %v", got, want)
	}
	if got := LanguagesWith(fstest.MapFS{}); !slices.Equal(got, builtIn) {
		t.Errorf("with an empty folder: %v, want %v", got, builtIn)
	}
}

func TestCheckPictureName(t *testing.T) {
	for name, good := range map[string]bool{
		"logo.svg": true, "/etc/Logo.PNG": true, "a.b.webp": true, "logo.txt": false, "logo": false, "style.css": false, "x.js": false,
	} {
		if err := CheckPictureName(name); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
