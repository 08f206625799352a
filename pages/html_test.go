package pages

import (
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// element is one element of a page, as written.
type element struct {
	name  string
	attrs map[string]string
	text  string // of it and all it holds
	in    []string
}

func (e element) has(attr string) bool { _, ok := e.attrs[attr]; return ok }

// elements reads a page strictly: every element that is opened must be closed, in order, and no attribute may come
// twice; a browser would mend that silently.
func elements(t *testing.T, page string) []*element {
	t.Helper()
	void := []string{"meta", "link", "input", "br", "img", "source"}
	var all, open []*element
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			if len(open) > 0 {
				t.Fatalf("<%s> is never closed", open[len(open)-1].name)
			}
			return all
		case html.TextToken:
			text := z.Token().Data
			for _, e := range open {
				e.text += text
			}
		case html.StartTagToken:
			token := z.Token()
			e := &element{name: token.Data, attrs: map[string]string{}}
			for _, o := range open {
				e.in = append(e.in, o.name)
			}
			for _, a := range token.Attr {
				if e.has(a.Key) {
					t.Errorf("<%s> has %s twice", e.name, a.Key)
				}
				e.attrs[a.Key] = a.Val
			}
			all = append(all, e)
			if !slices.Contains(void, e.name) {
				open = append(open, e)
			}
		case html.EndTagToken:
			token := z.Token()
			if len(open) == 0 || open[len(open)-1].name != token.Data {
				t.Fatalf("</%s> closes nothing", token.Data)
			}
			open = open[:len(open)-1]
		}
	}
}

func named(all []*element, name string) (found []*element) {
	for _, e := range all {
		if e.name == name {
			found = append(found, e)
		}
	}
	return found
}

func eachPage(t *testing.T, check func(t *testing.T, v View, all []*element)) {
	t.Helper()
	r := practice(t)
	for name, v := range samples() {
		t.Run(name, func(t *testing.T) { check(t, v, elements(t, render(t, r, v))) })
	}
}

func TestXS01_PagesHoldNoScriptAndNoInlineStyle(t *testing.T) {
	eachPage(t, func(t *testing.T, _ View, all []*element) {
		for _, e := range all {
			if slices.Contains([]string{"style", "iframe", "object", "embed", "base", "svg"}, e.name) {
				t.Errorf("there is a <%s>", e.name)
			}
			if e.name == "script" && (!strings.HasPrefix(e.attrs["src"], "/_auth/assets/") || e.text != "" || e.attrs["nonce"] != "sample-nonce") {
				t.Error("there is a script that is not the file of ours")
			}
			if e.name == "img" && !strings.HasPrefix(e.attrs["src"], "/_auth/assets/") {
				t.Errorf("a picture is loaded from %s", e.attrs["src"])
			}
			for attr := range e.attrs {
				if attr == "style" || strings.HasPrefix(attr, "on") {
					t.Errorf("<%s> has %s", e.name, attr)
				}
			}
		}
	})
}

func TestEveryFormPostsHereWithItsToken(t *testing.T) {
	r := practice(t)
	for name, v := range samples() {
		page := render(t, r, v)
		for _, form := range strings.Split(page, "<form")[1:] {
			form, _, _ = strings.Cut(form, "</form>")
			if !strings.Contains(form, `method="post" action="/_auth/`) {
				t.Errorf("%s: a form posts elsewhere: %.80s", name, form)
			}
			if strings.Count(form, `<input type="hidden" name="csrf" value="form-token">`) != 1 {
				t.Errorf("%s: a form has not exactly one token", name)
			}
			if strings.Count(form, `type="submit"`) < 1 {
				t.Errorf("%s: a form has no button", name)
			}
		}
	}
}

func TestU21_EveryPageHasLanguageTitleHeadingAndLandmarks(t *testing.T) {
	eachPage(t, func(t *testing.T, v View, all []*element) {
		if page := named(all, "html"); len(page) != 1 || page[0].attrs["lang"] != "en" || page[0].attrs["dir"] != "ltr" {
			t.Error("no lang and dir")
		}
		for _, name := range []string{"title", "h1", "main", "header", "footer"} {
			if found := named(all, name); len(found) != 1 {
				t.Errorf("%d <%s>, want 1", len(found), name)
			}
		}
		title, heading := named(all, "title")[0].text, named(all, "h1")[0].text
		if strings.TrimSpace(heading) == "" || !strings.Contains(title, heading) || !strings.HasSuffix(title, "SecureMail") {
			t.Errorf("title %q for heading %q", title, heading)
		}
		if is, want := strings.HasPrefix(title, "Error:"), len(v.Problems()) > 0; is != want {
			t.Errorf("U-04: title %q with %d problems", title, len(v.Problems()))
		}
	})
}

func TestU20_HelpIsAtTheSamePlace(t *testing.T) {
	eachPage(t, func(t *testing.T, _ View, all []*element) {
		last := all[len(all)-1]
		if last.name != "a" || last.attrs["href"] != "https://example.com/help" || !slices.Contains(last.in, "footer") {
			t.Errorf("the last element is <%s>, want the help link in the footer", last.name)
		}
	})
}

func TestU06_InputsHaveLabelsAndReferencesLeadSomewhere(t *testing.T) {
	eachPage(t, func(t *testing.T, _ View, all []*element) {
		ids := map[string]bool{}
		labelled := map[string]bool{}
		for _, e := range all {
			if id, ok := e.attrs["id"]; ok {
				if ids[id] {
					t.Errorf("id %s comes twice", id)
				}
				ids[id] = true
			}
			if e.name == "label" && strings.TrimSpace(e.text) != "" {
				labelled[e.attrs["for"]] = true
			}
		}
		for _, e := range all {
			if e.name == "input" && e.attrs["type"] != "hidden" && !labelled[e.attrs["id"]] {
				t.Errorf("input %s has no label", e.attrs["name"])
			}
			if e.has("placeholder") {
				t.Errorf("input %s has a placeholder", e.attrs["name"])
			}
			if target, ok := strings.CutPrefix(e.attrs["href"], "#"); ok && !ids[target] {
				t.Errorf("link to #%s leads nowhere", target)
			}
			for _, attr := range []string{"for", "aria-labelledby", "aria-describedby"} {
				for _, id := range strings.Fields(e.attrs[attr]) {
					if !ids[id] {
						t.Errorf("%s of <%s> names %s, which is not there", attr, e.name, id)
					}
				}
			}
		}
	})
}

func TestU04_FieldsWithProblemsSaySoAndTakeTheFocus(t *testing.T) {
	eachPage(t, func(t *testing.T, v View, all []*element) {
		focused := ""
		marked := map[string]*element{}
		for _, e := range all {
			if e.has("autofocus") {
				if focused != "" {
					t.Errorf("both %s and %s want the focus", focused, e.attrs["name"])
				}
				focused = e.attrs["name"]
			}
			if e.attrs["aria-invalid"] == "true" && marked[e.attrs["name"]] == nil {
				marked[e.attrs["name"]] = e
			}
		}
		if focused != v.Focus() {
			t.Errorf("focus on %q, want %q", focused, v.Focus())
		}
		for _, p := range v.Problems() {
			if p.Field == "" {
				continue
			}
			if marked[p.Field] == nil {
				t.Errorf("%s is not marked", p.Field)
			}
			described := slices.ContainsFunc(all, func(e *element) bool {
				return strings.Contains(" "+e.attrs["aria-describedby"]+" ", " "+p.Field+"-error ")
			})
			if !described {
				t.Errorf("%s is not described by its problem", p.Field)
			}
		}
		if len(v.Problems()) > 0 && !slices.ContainsFunc(all, func(e *element) bool { return e.attrs["role"] == "alert" }) {
			t.Error("problems, but no alert")
		}
	})
}

func TestU02_FieldsTellTheirPurpose(t *testing.T) {
	want := map[string]map[string]string{
		"email":            {"type": "email", "inputmode": "email", "autocomplete": "username"},
		"password":         {"type": "password", "autocomplete": "current-password"},
		"new_password":     {"type": "password", "autocomplete": "new-password"},
		"confirm_password": {"type": "password", "autocomplete": "new-password"},
		"code":             {"type": "text", "inputmode": "numeric", "autocomplete": "one-time-code"},
	}
	seen := map[string]bool{}
	eachPage(t, func(t *testing.T, _ View, all []*element) {
		username := false
		for _, e := range named(all, "input") {
			username = username || e.attrs["autocomplete"] == "username" && e.attrs["value"] == sampleEmail
		}
		for _, e := range named(all, "input") {
			name := e.attrs["name"]
			if e.attrs["type"] == "hidden" {
				continue
			}
			for attr, value := range want[name] {
				seen[name] = true
				if e.attrs[attr] != value {
					t.Errorf("%s of %s is %q, want %q", attr, name, e.attrs[attr], value)
				}
			}
			if e.attrs["type"] == "password" && e.has("value") {
				t.Errorf("%s is printed again", name)
			}
			if name == "new_password" && !username {
				t.Error("no username field beside the new password")
			}
			if e.has("maxlength") || e.has("onpaste") || e.attrs["autocomplete"] == "off" {
				t.Errorf("%s hinders paste or password managers", name)
			}
		}
	})
	if len(seen) != len(want) {
		t.Errorf("only %v were seen", seen)
	}
}

func TestU06_RequirementsComeBeforeTheField(t *testing.T) {
	r := practice(t)
	for name, v := range samples() {
		page := render(t, r, v)
		field := strings.Index(page, `id="new_password"`)
		if list := strings.Index(page, `id="requirements"`); field >= 0 && (list < 0 || list > field) {
			t.Errorf("%s: requirements at %d, field at %d", name, list, field)
		}
	}
}

func TestLoginSpeaksAsTheContractSays(t *testing.T) {
	page := elements(t, render(t, practice(t), Login{Next: "/a?b=c&d"}))
	var labels []string
	for _, e := range named(page, "label") {
		labels = append(labels, e.text)
	}
	if !slices.Equal(labels, []string{"Your Email Address", "Your Password"}) {
		t.Errorf("labels %q", labels)
	}
	buttons := slices.DeleteFunc(named(page, "button"), func(e *element) bool { return e.attrs["type"] == "button" && e.has("hidden") })
	if len(buttons) != 1 || buttons[0].text != "Sign In" {
		t.Error("want one button, Sign In")
	}
	if links := named(within(page, "main"), "a"); len(links) != 1 || links[0].text != "Forgot Password" || links[0].attrs["href"] != "/_auth/forgot" {
		t.Error("want one link, Forgot Password")
	}
	if !slices.ContainsFunc(page, func(e *element) bool { return e.attrs["name"] == "next" && e.attrs["value"] == "/a?b=c&d" }) {
		t.Error("next was not kept")
	}
}

func within(all []*element, inside string) (found []*element) {
	for _, e := range all {
		if slices.Contains(e.in, inside) {
			found = append(found, e)
		}
	}
	return found
}
