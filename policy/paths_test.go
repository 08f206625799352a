package policy

import (
	"net/url"
	"strings"
	"testing"
)

// Ensure only a plain path of this site is gone to after a sign-in (RD-01 to RD-09, RD-11).
func TestRD01_NextPath(t *testing.T) {
	const base = "/_auth"
	for _, good := range []string{
		"/", "/inbox", "/?_task=mail&_mbox=INBOX", "/a/b.html?x=1&y=%2F%2Fevil", "/%E2%9C%93", "/_authority", "/x?next=//evil.test", "/@evil.test",
	} {
		check(t, good, NextPath(good, base), good)
	}
	for _, bad := range []string{
		"", "//evil.test", "///evil.test", "////evil.test", "https://evil.test", "http:evil.test", "https:/evil.test", // RD-01
		`/\evil.test`, `\\evil.test`, `/\/evil.test`, `\/evil.test`, "/%5cevil.test", "/%5Cevil.test", // RD-02
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", // RD-03
		"/x%0d%0aSet-Cookie:a=b", "/x\r\nSet-Cookie: a=b", // RD-04
		"https://mail.example.test@evil.test/", "//mail.example.test:443@evil.test", // RD-05
		" /x", "\t/x", "/\t/evil.test", "/%09/evil.test", "/%00", "/x\n", "/%2f/evil.test", "/%2F%2Fevil.test", // RD-06
		"/_auth", "/_auth/logout", "/_auth/login?next=/", "/_AUTH/logout", "/x/../_auth/logout", "/%5fauth/logout", // RD-08
		"/" + strings.Repeat("a", 8192),                                 // RD-09
		`/"><script>`, "/<x>", "/x#y", "relative", "?x=1", "/%zz", "/ä", // RD-11
	} {
		check(t, bad, NextPath(bad, base), "/")
	}
}

func noQuery() url.Values { return nil }

// Ensure only a plainly written path is public, and that letter for letter (PX-09).
func TestPX09_PublicIsStrict(t *testing.T) {
	p, err := ParsePathPattern("/public/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{"/public/", "/public/a", "/public/a/b.css", "/public/a-b_c~d.txt", "/public/a/"} {
		check(t, good, p.Admits(good, noQuery), true)
	}
	for _, bad := range []string{
		"/public/..;/admin", "/public/%2e%2e/admin", "/public/..%2fadmin", "/public/%5c../admin", "/public/%252e%252e/admin",
		"//public/../admin", "/PUBLIC/x", "/public/%c0%ae%c0%ae/admin", "/public%00/admin", "/%70ublic/../admin", `/public\..\admin`,
		"/public/../admin", "/public/./x", "/public//x", "/public/a;b", "/public", "/publicity", "/public/%41", "public/a", "", "/public/a b", "/public/..",
	} {
		check(t, bad, p.Admits(bad, noQuery), false)
	}
	exact, _ := ParsePathPattern("/robots.txt")
	check(t, "exact", exact.Admits("/robots.txt", noQuery), true)
	check(t, "longer", exact.Admits("/robots.txt/", noQuery), false)
	all, _ := ParsePathPattern("/*")
	check(t, "all but dots", all.Admits("/a/../b", noQuery), false)
}

func TestPassiveQuery(t *testing.T) {
	p, err := ParsePathPattern("/?_task=mail&_action=refresh")
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]bool{
		"_task=mail&_action=refresh":              true,
		"_action=refresh&_task=mail&_remote=1":    true,
		"_task=mail":                              false,
		"_task=mail&_action=send":                 false,
		"_task=mail&_action=refresh&_action=send": false,
		"": false,
	} {
		check(t, query, p.Admits("/", func() url.Values { q, _ := url.ParseQuery(query); return q }), want)
	}
}

// Ensure a path that is kept for a group is kept in every spelling a server might read it by.
func TestRequireIsLoose(t *testing.T) {
	p, err := ParsePathPattern("/billing/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{
		"/billing/", "/billing/x", "/billing", "/BILLING/x", "//billing/x", "/./billing/x", "/x/../billing/y", "/%62illing/x", "/%2562illing/x",
		"/billing%2fx", `/billing\x`, "/billing;a=b/x", "/x;y/../billing/z", "/x/%2e%2e/billing/z", "/billing/%zz", "/%25%32%35%36%32illing/x", "/x/..;/billing/z",
	} {
		check(t, kept, p.Covers(kept), true)
	}
	for _, free := range []string{"/", "/bill", "/billings", "/x/billing", "/inbox?x=/billing/", "/billin%67s/x"} {
		check(t, free, p.Covers(free), false)
	}
}

// Ensure an exact path that is kept for a group is kept with all that servers add to it or cut from it.
func TestRequireExactPath(t *testing.T) {
	p, err := ParsePathPattern("/admin.php")
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{
		"/admin.php", "/admin.php/", "/admin.php//", "/admin.php/x", "/admin.php%2f", "/admin.php.", "/admin.php%20", "/admin.php%00",
		"/admin.php%00.css", "/admin.php%23", "/admin.php%3fx", "/ADMIN.php", "/x/../admin.php", "/admin.php;x", "/admin.php./x",
	} {
		check(t, kept, p.Covers(kept), true)
	}
	for _, free := range []string{"/", "/admin.phps", "/x/admin.php", "/admin", "/admin.html"} {
		check(t, free, p.Covers(free), false)
	}
}

func TestParsePathPatternErrors(t *testing.T) {
	for _, bad := range []string{"", "x", "*", "/a*b", "/a/../b", "/a//b", "/a%20b", `/a\b`, "/a?%zz", "/a;b"} {
		if _, err := ParsePathPattern(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzNextPath(f *testing.F) {
	for _, s := range []string{"/", "//evil", `/\evil`, "/%5c", "/a?b=c", "/_auth/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		next := NextPath(raw, "/_auth")
		if next != raw && next != "/" {
			t.Fatalf("%q became %q", raw, next)
		}
		u, err := url.Parse(next)
		if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
			t.Fatalf("%q is no path of this site", next)
		}
	})
}

func FuzzAdmitsNeverBeyondCovers(f *testing.F) {
	for _, s := range []string{"/billing/x", "/billing/%2e", "/BILLING/"} {
		f.Add(s)
	}
	p, _ := ParsePathPattern("/billing/*")
	f.Fuzz(func(t *testing.T, path string) {
		if p.Admits(path, noQuery) && !p.Covers(path) {
			t.Fatalf("%q is admitted and not covered", path)
		}
	})
}
