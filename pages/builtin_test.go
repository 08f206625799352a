package pages

import (
	"slices"
	"testing"
	"testing/fstest"
)

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
