package caddymodule

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/policy"
)

// Ensure the usual request, which forges nothing, is looked at without allocating.
func TestScrubAllocatesNothing(t *testing.T) {
	w, err := newWear(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newScrubber(w.names())
	r := &http.Request{Method: "GET", Body: http.NoBody, Header: http.Header{
		"Accept": {"*/*"}, "Accept-Encoding": {"gzip"}, "Accept-Language": {"en"}, "Cookie": {"a=1"}, "Connection": {"keep-alive"},
		"User-Agent": {"x"}, "Referer": {"https://mail.example.com/"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"},
		"X-Forwarded-For": {"10.0.0.1"}, "X-Requested-With": {"XMLHttpRequest"},
	}}
	if n := testing.AllocsPerRun(100, func() { s.scrub(r, false) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if len(r.Header) != 11 {
		t.Errorf("headers: %v", r.Header)
	}
}

// Ensure values survive a round trip and never leave printable ASCII.
func TestPX08_Encode(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"Alice A":       "Alice A",
		" a ":           "%20a%20",
		"100%":          "100%25",
		"Zoë, \"M\"":    "Zo%C3%AB, \"M\"",
		"a\r\nX: 1\x00": "a%0D%0AX: 1%00",
		"日本":            "%E6%97%A5%E6%9C%AC",
		"\x7f":          "%7F",
	} {
		if got := encode(in, ""); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := encodeList([]string{"a,b", "c d", "%"}); got != "a%2Cb,c d,%25" {
		t.Errorf("list: %q", got)
	}
}

// Ensure an address that Basic cannot carry is refused and not read as another.
func TestPX37_BasicRefusesColon(t *testing.T) {
	w, err := newWear([]Identity{{Set: setBasic, Secret: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.put(http.Header{}, &policy.Account{Email: "a:b@example.com"}, worn{}); err == nil {
		t.Error("was written")
	}
}

// Ensure two sets cannot write the same header, and each must be usable.
func TestIdentityRefused(t *testing.T) {
	t.Setenv("LOGINWALL_TEST_NAME", "Cookie")
	t.Setenv("LOGINWALL_TEST_BASIC", setBasic)
	for name, sets := range map[string][]Identity{
		"same header twice":  {{Set: setRemote, Names: map[string]string{pieceUser: "X-Forwarded-User"}}, {Set: setForwarded}},
		"hop by hop":         {{Set: setRemote, Names: map[string]string{pieceUser: "keep-alive"}}},
		"a long name":        {{Set: setRemote, Names: map[string]string{pieceUser: "X-" + strings.Repeat("a", longestName-1)}}},
		"an unknown set":     {{Set: "{env.LOGINWALL_TEST_NAME}"}},
		"unset set":          {{Set: "{env.LOGINWALL_UNSET}"}},
		"basic by way of":    {{Set: "{env.LOGINWALL_TEST_BASIC}"}},
		"a cookie by way of": {{Set: setRemote, Names: map[string]string{pieceUser: "{env.LOGINWALL_TEST_NAME}"}}},
		"two secrets":        {{Set: setBasic, Secret: "a"}, {Set: "{env.LOGINWALL_TEST_BASIC}", Secret: "b"}},
		"a cookie":           {{Set: setRemote, Names: map[string]string{pieceUser: "Cookie"}}},
		"no header name":     {{Set: setRemote, Names: map[string]string{pieceUser: "a b"}}},
		"unknown set":        {{Set: "saml"}},
		"secret of remote":   {{Set: setRemote, Secret: "x"}},
		"empty secret":       {{Set: setBasic}},
		"broken secret":      {{Set: setBasic, Secret: "a\nb"}},
		"unset secret":       {{Set: setBasic, Secret: "{env.LOGINWALL_UNSET}"}},
	} {
		if _, err := newWear(sets); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// Ensure what is adapted with placeholders is loaded with what they stand for.
func TestIdentityOfPlaceholders(t *testing.T) {
	for name, value := range map[string]string{"SET": setForwarded, "BASIC": setBasic, "NAME": "x-webauth-user", "SECRET": "s3cret"} {
		t.Setenv("LOGINWALL_TEST_"+name, value)
	}
	w, err := newWear([]Identity{
		{Set: "{env.LOGINWALL_TEST_SET}", Names: map[string]string{pieceUser: "{env.LOGINWALL_TEST_NAME}"}},
		{Set: "{env.LOGINWALL_TEST_BASIC}", Secret: "{env.LOGINWALL_TEST_SECRET}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []header{
		{"X-Webauth-User", pieceUser}, {"X-Forwarded-Email", pieceEmail},
		{"X-Forwarded-Preferred-Username", pieceName}, {"X-Forwarded-Groups", pieceGroups},
	}
	if !slices.Equal(w.headers, want) || w.basic != "s3cret" {
		t.Errorf("headers %v, secret %q", w.headers, w.basic)
	}
}

// Ensure every name that a configuration may give is also taken from a client's request.
func TestPX03_TheLongestNameIsScrubbed(t *testing.T) {
	name := "X-" + strings.Repeat("A", longestName-2)
	w, err := newWear([]Identity{{Set: setRemote, Names: map[string]string{pieceUser: name}}})
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Header: http.Header{
		http.CanonicalHeaderKey(name): {"bob"}, strings.ToUpper(strings.Replace(name, "-", "_", 1)): {"bob"}, name + "a": {"kept"},
	}}
	newScrubber(w.names()).scrub(r, false)
	if len(r.Header) != 1 || r.Header[name+"a"] == nil {
		t.Errorf("left: %v", r.Header)
	}
}

// Ensure labels of metrics stay within a fixed set whatever comes.
func TestXS14_BoundedLabels(t *testing.T) {
	if got := signInOutcome("alice@example.com"); got != "other" {
		t.Errorf("outcome %q", got)
	}
	if got := messageKind("+15550100"); got != "other" {
		t.Errorf("kind %q", got)
	}
}
