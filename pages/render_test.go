package pages

import (
	"bytes"
	"flag"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write what the pages look like now to testdata/golden")

func newRenderer(t testing.TB, o Options) *Renderer {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func practice(t testing.TB) *Renderer {
	return newRenderer(t, Options{SiteName: "SecureMail", SupportURL: "https://example.com/help"})
}

func render(t testing.TB, r *Renderer, v View) string {
	t.Helper()
	page, err := r.Render(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// golden compares got with testdata/golden/name, or writes it there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was; see the change with: go test -update ./pages && git diff", file)
	}
}

func TestPagesLookAsBefore(t *testing.T) {
	r := practice(t)
	for name, v := range samples() {
		t.Run(name, func(t *testing.T) {
			hash := regexp.MustCompile(`(loginwall|icon)\.[0-9a-f]{16}\.`)
			golden(t, name+".html", hash.ReplaceAllString(render(t, r, v), "$1.HASH."))
		})
	}
}

// New parses the templates of the views in samples, and only those.
func TestEveryViewHasASample(t *testing.T) {
	shown := map[string]bool{}
	for _, v := range samples() {
		shown[reflect.TypeOf(v).Name()] = true
	}
	views := 0
	for _, file := range sources(t) {
		for _, declared := range file.Decls {
			method, ok := declared.(*ast.FuncDecl)
			if !ok || method.Name.Name != "file" || method.Recv == nil {
				continue
			}
			views++
			if view := method.Recv.List[0].Type.(*ast.Ident).Name; !shown[view] {
				t.Errorf("%s is in no sample", view)
			}
		}
	}
	if views != len(shown) {
		t.Errorf("%d views declared, %d shown", views, len(shown))
	}
}

func TestEveryTemplateHasASample(t *testing.T) {
	shown := map[string]bool{}
	for _, v := range samples() {
		shown["templates/pages/"+v.file()+".html"] = true
	}
	files, err := fs.Glob(embedded, "templates/pages/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !shown[file] {
			t.Errorf("%s is shown by no sample", file)
		}
	}
}

// Run under the race detector. Each goroutine must get its own page in its own language, never a neighbour's.
func TestRenderingIsSafeForConcurrentUse(t *testing.T) {
	r := newRenderer(t, Options{Languages: []string{"en", "nl"}, Overlay: shoutingLanguage(t)})
	english, other := Login{Email: "en@example.com"}, Login{Page: Page{Language: "nl"}, Email: "xx@example.com"}
	wantEnglish, wantOther := render(t, r, english), render(t, r, other)
	if wantEnglish == wantOther {
		t.Fatal("the two languages look the same")
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			v, want := View(english), wantEnglish
			if i%2 == 1 {
				v, want = other, wantOther
			}
			for range 50 {
				page, err := r.Render(v)
				if err != nil || string(page) != want {
					t.Errorf("goroutine %d: another page than alone (error %v)", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestRenderedBytesAreTheCallersOwn(t *testing.T) {
	r := practice(t)
	first, err := r.Render(Login{Email: "first@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	kept := bytes.Clone(first)
	for range 8 {
		render(t, r, Login{Email: "second@example.com"})
	}
	if !bytes.Equal(first, kept) {
		t.Error("a later page was written over an earlier one")
	}
}

func TestRenderReturnsNothingOnError(t *testing.T) {
	page, err := practice(t).Render(Login{Page: Page{Notice: "no_such_notice"}})
	if err == nil || page != nil {
		t.Errorf("an unknown notice gave %d bytes, error %v; want none and an error", len(page), err)
	}
}

func TestMatchLanguage(t *testing.T) {
	r := newRenderer(t, Options{Languages: []string{"en", "nl"}, Overlay: shoutingLanguage(t)})
	for header, want := range map[string]string{
		"":                                       "en",
		"nl":                                     "nl",
		"NL-be":                                  "nl",
		"hu, nl;q=0.5, en;q=0.4":                 "nl",
		"en;q=0.4, nl;q=0.5":                     "nl",
		"nl;q=0, en;q=0.1":                       "en",
		"nl;q=abc":                               "en",
		"nlx":                                    "en",
		"hu":                                     "en",
		",;q=,;;,\x00":                           "en",
		"nl;q=0.5,en;q=0.5":                      "nl",
		"en;q=x, hu, nl;q=0.9":                   "nl",
		"***, en;q=0.2, nl;q=0.3":                "nl",
		"nl" + strings.Repeat(",aa;q=0.1", 1000): "nl",
		strings.Repeat("aa;q=0.1,", 1000) + "nl": "en",
		strings.Repeat("a", 1000):                "en",
		"en-GB,en;q=0.9,nl;q=0.8":                "en",
	} {
		if got := r.MatchLanguage(header); got != want {
			t.Errorf("MatchLanguage(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"support is script":      {SupportURL: "javascript:alert(1)"},
		"support without scheme": {SupportURL: "example.com/help"},
		"base without slash":     {Base: "auth"},
		"base ends in slash":     {Base: "/auth/"},
		"base with quote":        {Base: `/a"b`},
		"unknown language":       {Languages: []string{"qq"}},
		"language with a _":      {Languages: []string{"de_CH"}, Overlay: fstest.MapFS{"words/de_CH.json": {Data: []byte("{}")}}},
		"language in capitals":   {Languages: []string{"DE"}, Overlay: fstest.MapFS{"words/DE.json": {Data: []byte("{}")}}},
		"language is a path":     {Languages: []string{"../words/en"}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkRenderLogin(b *testing.B) {
	r := practice(b)
	v := Login{Page: Page{CSRF: "form-token"}, Email: "jo.public@example.com", Next: "/inbox", Failure: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Render(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
