package pages

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"text/template/parse"
	"time"
)

// shoutingLanguage is a complete second language, made of the first: nl, in capitals.
func shoutingLanguage(t testing.TB) fstest.MapFS {
	t.Helper()
	w, err := readWords(embedded, nil, reference)
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`\{[a-z]+\}|[^{]+`)
	shout := func(s string) string {
		return place.ReplaceAllStringFunc(s, func(part string) string {
			if part[0] == '{' {
				return part
			}
			return strings.ToUpper(part)
		})
	}
	all := map[string]any{}
	for key, text := range w.texts {
		all[key] = shout(text)
	}
	for key, forms := range w.lists {
		loud := slices.Clone(forms)
		for i := range loud {
			loud[i] = shout(loud[i])
		}
		all[key] = loud
	}
	all["language.direction"] = "rtl"
	return fstest.MapFS{"words/nl.json": {Data: encode(t, all)}}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	keyLike    = regexp.MustCompile(`^[a-z_]+(\.[a-z_]*[a-z])+$`)
	prefixLike = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)*[._]$`)
	wordLike   = regexp.MustCompile(`^[a-z_]+$`)
)

// sources are the files of the package but for its tests and samples: those show keys and views, and bring none.
func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || name == "samples.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// literals are all strings written in the sources of the package and in its templates.
func literals(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				all[s] = true
			}
			return true
		})
	}
	e := practice(t).edition("")
	trees := []*parse.Tree{e.mailText.Tree, e.mailHTML.Tree}
	for _, page := range e.pages {
		for _, part := range page.Templates() {
			if part.Tree != nil {
				trees = append(trees, part.Tree)
			}
		}
	}
	action, literal := regexp.MustCompile(`\{\{.*?\}\}`), regexp.MustCompile(`"([^"\\]*)"`)
	for _, tree := range trees {
		for _, code := range action.FindAllString(tree.Root.String(), -1) { // quotes outside are those of attributes
			for _, match := range literal.FindAllStringSubmatch(code, -1) {
				all[match[1]] = true
			}
		}
	}
	return all
}

func TestEveryKeyThatIsUsedExistsAndTheOtherWayRound(t *testing.T) {
	w, err := readWords(embedded, nil, reference)
	if err != nil {
		t.Fatal(err)
	}
	keys := slices.Collect(maps.Keys(w.texts))
	keys = slices.AppendSeq(keys, maps.Keys(w.lists))
	used := literals(t)

	for literal := range used {
		switch {
		case strings.HasSuffix(literal, ".html"), strings.HasSuffix(literal, ".txt"), strings.HasSuffix(literal, ".json"), strings.HasSuffix(literal, ".css"), strings.HasSuffix(literal, ".js"), strings.HasSuffix(literal, ".svg"):
		case keyLike.MatchString(literal):
			if !slices.Contains(keys, literal) {
				t.Errorf("%s is used and has no words", literal)
			}
		}
	}
	for _, key := range keys {
		byPart := false
		for literal := range used {
			if rest, ok := strings.CutPrefix(key, literal); ok && prefixLike.MatchString(literal) && wordLike.MatchString(rest) && used[rest] {
				byPart = true
			}
		}
		if !used[key] && !byPart {
			t.Errorf("%s has words and is not used", key)
		}
	}
}

var codes = []string{TooShort, TooLong, Common, Reused, ContextWord, MissingUpper, MissingLower, MissingDigit, MissingSymbol}

func TestEveryCodeHasWords(t *testing.T) {
	w := practice(t).edition("").words
	for _, n := range []int{0, 1, 2} {
		for _, code := range codes {
			if _, err := w.plain(Requirement{Code: code, Want: n}.Phrase()); err != nil {
				t.Error(err)
			}
		}
		for _, code := range append(codes, NotText) {
			if _, err := w.plain(Violation{Code: code, Want: n, Have: n}.Phrase()); err != nil {
				t.Error(err)
			}
		}
	}
	for _, n := range []Notice{NoticeSignedOut, NoticeSessionEnded, NoticePasswordChanged, NoticeOthersEnded, NoticeOneEnded} {
		if _, err := w.plain(say("notice." + string(n))); err != nil {
			t.Error(err)
		}
	}
}

func TestOverlaidWords(t *testing.T) {
	complete := shoutingLanguage(t)
	for name, test := range map[string]struct {
		languages []string
		file      string
		content   string
		wrong     string // in the error, "" for none
	}{
		"one key changed":   {[]string{"en"}, "words/en.json", `{"login.submit": "Log In"}`, ""},
		"unknown key":       {[]string{"en"}, "words/en.json", `{"login.sbmit": "Log In"}`, "unknown login.sbmit"},
		"no JSON":           {[]string{"en"}, "words/en.json", `{`, "words/en.json"},
		"a number":          {[]string{"en"}, "words/en.json", `{"login.submit": 1}`, "login.submit"},
		"a list of numbers": {[]string{"en"}, "words/en.json", `{"time.days": [1, 2]}`, "time.days"},
		"too few forms":     {[]string{"en"}, "words/en.json", `{"time.days": ["{count}"]}`, "time.days has 1 forms"},
		"too few months":    {[]string{"en"}, "words/en.json", `{"time.months": ["a", "b"]}`, "time.months has 2 months"},
		"unknown direction": {[]string{"en"}, "words/en.json", `{"language.direction": "up"}`, "language.direction"},
		"unknown place":     {[]string{"en"}, "words/en.json", `{"login.already": "Hi {nam}"}`, "{nam}"},
		"place of another":  {[]string{"en"}, "words/en.json", `{"text.changed": "Changed at {clinic}"}`, "text.changed has no value for {clinic}"},
		"place in a notice": {[]string{"en"}, "words/en.json", `{"notice.others_ended": "{clinic}"}`, "notice.others_ended has no value for {clinic}"},
		"place in one form": {[]string{"en"}, "words/en.json", `{"account.failed_since": ["{count}", "{cuont}"]}`, "account.failed_since has no value for {cuont}"},
		"text without code": {[]string{"en"}, "words/en.json", `{"text.code": "Hello"}`, "text.code lacks {code}"},
		"call without code": {[]string{"en"}, "words/en.json", `{"call.again": "Again"}`, "call.again lacks {digits}"},
		"site anywhere":     {[]string{"en"}, "words/en.json", `{"login.submit": "Log in to {site}"}`, ""},
		"open brace":        {[]string{"en"}, "words/en.json", `{"login.already": "Hi {name"}`, "{name"},
		"half a language":   {[]string{"en", "sv"}, "words/sv.json", `{"language.direction": "ltr"}`, "missing account.back"},
		"complete language": {[]string{"nl"}, "words/nl.json", string(complete["words/nl.json"].Data), ""},
	} {
		_, err := New(Options{Languages: test.languages, Overlay: fstest.MapFS{test.file: {Data: []byte(test.content)}}})
		switch {
		case test.wrong == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
			t.Errorf("%s: error %v, want one with %q", name, err, test.wrong)
		}
	}
	r := newRenderer(t, Options{Overlay: fstest.MapFS{"words/en.json": {Data: []byte(`{"login.submit": "Log In"}`)}}})
	if page := render(t, r, Login{}); !strings.Contains(page, ">Log In</button>") {
		t.Error("the changed word does not show")
	}
}

func TestSpansAndMoments(t *testing.T) {
	w := practice(t).edition("").words
	for d, want := range map[time.Duration]string{
		0:                            "0 seconds",
		time.Millisecond:             "1 second",
		59 * time.Second:             "59 seconds",
		time.Minute:                  "1 minute",
		61 * time.Second:             "2 minutes",
		60 * time.Minute:             "60 minutes",
		2 * time.Hour:                "2 hours",
		24 * time.Hour:               "24 hours",
		47*time.Hour + 1*time.Second: "48 hours",
		48 * time.Hour:               "2 days",
		7 * 24 * time.Hour:           "7 days",
	} {
		if got, err := w.span(d); got != want || err != nil {
			t.Errorf("span(%v) = %q, %v, want %q", d, got, err, want)
		}
	}
	south, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	w.zone = south
	if got, err := w.moment(noon); got != "9 March 2026, 09:00 UTC-03" || err != nil {
		t.Errorf("moment in a zone without letters = %q, %v", got, err)
	}
	w.zone = nil
	east := time.FixedZone("", 5*3600)
	if got, err := w.moment(time.Date(2026, 1, 1, 3, 7, 0, 0, east)); got != "31 December 2025, 22:07 UTC" || err != nil {
		t.Errorf("moment = %q, %v", got, err)
	}
}

func TestPlurals(t *testing.T) {
	for tag, want := range map[string]struct {
		forms string
		index map[int]int
	}{
		"en": {"one, other", map[int]int{0: 1, 1: 0, 2: 1, 1_000_000: 1}},
		"fr": {"one, other", map[int]int{0: 0, 1: 0, 2: 1}},
		"zh": {"other", map[int]int{0: 0, 1: 0, 2: 0}},
		"ar": {"zero, one, two, few, many, other", map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 103: 3}},
	} {
		p := pluralsOf(tag)
		if p.String() != want.forms {
			t.Errorf("%s has the forms %s, want %s", tag, p, want.forms)
		}
		for n, index := range want.index {
			if got := p.index(n); got != index {
				t.Errorf("%s: %d has form %d, want %d", tag, n, got, index)
			}
		}
	}
}
