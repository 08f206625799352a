package pages

import (
	"html"
	"reflect"
	"strings"
	"testing"
)

// hostile are values that people could choose for themselves or for others.
var hostile = []string{
	`"><svg/onload=alert(1)>@x.test`,
	`<script>alert(1)</script>`,
	`' onfocus=alert(1) autofocus='`,
	`{{.}}`,
	`{{.CSRF}} {site} {count}`,
	`{env.REDIS_PASSWORD} {http.request.cookie.x} {$SECRET} {file./etc/passwd}`,
	"</title><!--",
}

// poison sets every string of a view that a visitor or admin has a hand in.
func poison(v View, value string) View {
	p := reflect.New(reflect.TypeOf(v)).Elem()
	p.Set(reflect.ValueOf(v))
	poisonFields(p, value)
	return p.Interface().(View)
}

func poisonFields(p reflect.Value, value string) {
	for i := range p.NumField() {
		f := p.Field(i)
		switch f.Kind() {
		case reflect.String:
			if f.Type() == reflect.TypeFor[string]() && p.Type().Field(i).Name != "Language" && p.Type().Field(i).Name != "Code" {
				f.SetString(value)
			}
		case reflect.Struct:
			if f.CanSet() && f.Type().PkgPath() == p.Type().PkgPath() {
				poisonFields(f, value)
			}
		case reflect.Slice:
			copied := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
			reflect.Copy(copied, f)
			f.Set(copied)
			for j := range f.Len() {
				switch item := f.Index(j); {
				case item.Type() == reflect.TypeFor[string]():
					item.SetString(value)
				case item.Kind() == reflect.Struct:
					poisonFields(item, value)
				}
			}
		}
	}
}

func TestXS01_XS02_XS03_XS12_HostileValuesAreText(t *testing.T) {
	harmless := newRenderer(t, Options{})
	for _, value := range hostile {
		r := newRenderer(t, Options{SiteName: value})
		for name, v := range samples() {
			want := elements(t, render(t, harmless, poison(v, "/x")))
			got := elements(t, render(t, r, poison(v, value)))
			for _, e := range got {
				if e.name == "script" && !strings.HasPrefix(e.attrs["src"], "/_auth/assets/loginwall.") || e.name == "svg" || e.has("onload") || e.has("onfocus") || e.has("onerror") {
					t.Fatalf("%s with %q: <%s> got through", name, value, e.name)
				}
			}
			// The same elements in the same order: no value made or closed one.
			if outline(got) != outline(want) {
				t.Errorf("%s with %q: the page has another shape", name, value)
			}
			if site := within(got, "header"); html.UnescapeString(site[len(site)-1].text) != flat(value) {
				t.Errorf("%s: site name %q became %q", name, value, site[len(site)-1].text)
			}
		}
	}
}

func outline(all []*element) string {
	var names []string
	for _, e := range all {
		names = append(names, e.name)
	}
	return strings.Join(names, " ")
}

func TestXS12_PlacesInValuesStay(t *testing.T) {
	page := render(t, practice(t), Forbidden{Page: Page{SignedInAs: "{site} {{.}} {name}"}})
	if !strings.Contains(page, "<bdi>{site} {{.}} {name}</bdi>") {
		t.Error("a name was filled in like a text")
	}
}

func TestRD03_AddressesThatRunScriptAreDropped(t *testing.T) {
	for _, v := range []View{
		Login{Page: Page{SignedInAs: "Jo"}, ContinueURL: "javascript:alert(1)"},
		Logout{ContinueURL: "JaVaScRiPt:alert(1)"},
		Forbidden{ContinueURL: "data:text/html,x"},
	} {
		if page := strings.ToLower(render(t, practice(t), v)); strings.Contains(page, "javascript:") || strings.Contains(page, "data:") {
			t.Errorf("%T links to a script", v)
		}
	}
}

func TestU31_NamesAreIsolated(t *testing.T) {
	const name = "مها \u202eGmail"
	page := render(t, practice(t), Account{Page: Page{SignedInAs: name}, Name: name, Email: sampleEmail})
	if !strings.Contains(page, "<bdi>مها") {
		t.Error("the name is not in a <bdi>")
	}
	for _, s := range []string{"a\u202eb", "a\u2066b", "a\u200fb"} {
		if got := flat(s); got != "ab" {
			t.Errorf("flat(%q) = %q", s, got)
		}
	}
}

func FuzzMarkupIsInert(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	r := practice(f)
	words := r.edition("").words
	f.Fuzz(func(t *testing.T, name string) {
		got, err := words.markup(say("layout.signed_in_as", "name", name))
		if err != nil {
			t.Fatal(err)
		}
		inside, ok := strings.CutPrefix(string(got), "You are signed in as <bdi>")
		inside, closed := strings.CutSuffix(inside, "</bdi>.")
		if !ok || !closed || strings.ContainsAny(inside, `<>"'`+"\r\n") {
			t.Errorf("%q became %q", name, got)
		}
	})
}
