package address

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLG18_EmailNormalForm(t *testing.T) {
	for raw, want := range map[string]string{
		"alice@example.test":                      "alice@example.test",
		"ALICE@Example.TEST":                      "alice@example.test",
		"  alice@example.test ":                   "alice@example.test",
		"alice@example.test.":                     "alice@example.test",
		"al.ice@example.test":                     "al.ice@example.test",
		"alice+x@example.test":                    "alice+x@example.test",
		"o'brien@example.test":                    "o'brien@example.test",
		"r&d_x-1/2=#$^~@a-b.test":                 "r&d_x-1/2=#$^~@a-b.test",
		"root@localhost":                          "root@localhost",
		"a@1.example":                             "a@1.example",
		"praxis@müller.example":                   "praxis@xn--mller-kva.example",
		"praxis@MÜLLER.example":                   "praxis@xn--mller-kva.example",
		"praxis@mu\u0308ller.test":                "praxis@xn--mller-kva.test",
		"a@straße.example":                        "a@xn--strae-oqa.example", // never strasse.example: that is another domain
		"a@XN--MLLER-KVA.example":                 "a@xn--mller-kva.example",
		"a@例え。テスト":                                "a@xn--r8jz45g.xn--zckzah",
		"a@ｅｘａｍｐｌｅ.test":                          "a@example.test",
		strings.Repeat("a", 64) + "@example.test": strings.Repeat("a", 64) + "@example.test",
	} {
		got, err := Email(raw)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", raw, got, err, want)
		}
		if again, err := Email(got); err != nil || again != got {
			t.Errorf("%q is not stable: %q, %v", got, again, err)
		}
	}
}

func TestEmailRefuses(t *testing.T) {
	for name, list := range map[string][]string{
		"LG-20 control characters and broken text": {
			"ali\x00ce@example.test", "alice\r@example.test", "alice@example.test\n", "\talice@example.test",
			"alice@exam\tple.test", "alice\u0000@example.test", "\xff@example.test", "alice@\xff.test",
			"alice@\xed\xa0\x80.test", "\xed\xa0\x80@example.test", "alice@example.test\u00a0", "alice@example\u200b .test",
		},
		"LG-21 characters of keys and patterns": {
			"a:b@example.test", "*@example.test", "a{b}@example.test", "a[b]@example.test", "a b@example.test",
			"lock:alice@example.test", "a?@example.test", "alice@example.test:x", "alice@{a}.test", "alice@*.test",
		},
		"XS-05 header injection": {
			"alice@example.test\r\nBcc: mallory@example.test", "alice%0d%0aBcc:@example.test",
			"alice@example.test, bob@example.test", "=?utf-8?q?alice?=@example.test", "Alice <alice@example.test>",
			"<alice@example.test>", "alice@example.test (Alice)",
		},
		"PX-37 quoting": {`"a,b"@example.test`, `a,b@example.test`, `a"b@example.test`, `a\b@example.test`, "a;b@example.test"},
		"shape": {
			"", " ", "alice", "@", "@example.test", "alice@", "a@b@example.test", ".alice@example.test",
			"alice.@example.test", "al..ice@example.test", "alice@.test", "alice@example..test", "alice@-a.test",
			"alice@a_b.test", "alice@[127.0.0.1]", "alice@127.0.0.1", "alice@example.test..", "alice@.", "a@xn--a.test",
			"a!b@example.test", "a|b@example.test", "a`b@example.test", "a%b@example.test",
		},
		"not ASCII before the @": {"\u0430lice@example.test", "müller@example.test", "AL\u0130CE@example.test", "\u212a@example.test"},
	} {
		for _, raw := range list {
			if got, err := Email(raw); !errors.Is(err, ErrNotEmail) {
				t.Errorf("%s: %q gives %q, %v", name, raw, got, err)
			}
		}
	}
}

func TestLG22_EmailTooLong(t *testing.T) {
	domain := strings.Repeat(strings.Repeat("d", 61)+".", 3) + "test" // 190 bytes
	fits := strings.Repeat("a", MaxEmail-1-len(domain)) + "@" + domain
	if got, err := Email(fits); err != nil || len(got) != MaxEmail {
		t.Errorf("%d bytes: %v", len(fits), err)
	}
	for _, raw := range []string{
		"a" + fits, fits + "x", strings.Repeat("a", 65) + "@example.test", strings.Repeat("a", 300) + "@example.test",
	} {
		if _, err := Email(raw); !errors.Is(err, ErrTooLong) {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	}
	if _, err := Email("a@" + strings.Repeat("d", 64) + ".test"); !errors.Is(err, ErrNotEmail) {
		t.Errorf("label of 64 bytes: %v", err)
	}
	for _, raw := range []string{
		strings.Repeat("a", 10_000) + "@example.test", strings.Repeat("a", 1<<20), strings.Repeat("@", 1<<20),
		"a@" + strings.Repeat("ü.", 1<<19), strings.Repeat(" ", 1<<20) + "alice@example.test",
	} {
		if _, err := Email(raw); !errors.Is(err, ErrTooLong) {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	}
}

// Ensure an address is measured before it is read: refusing a thousand times more bytes takes no longer for it, but for
// the blanks around it, which are read once.
func TestLG22_RefusingIsCheap(t *testing.T) {
	cost := func(raw string) int64 {
		return testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				_, _ = Email(raw)
			}
		}).AllocedBytesPerOp()
	}
	small, large := cost("a@"+strings.Repeat("ü.", 1<<9)), cost("a@"+strings.Repeat("ü.", 1<<19))
	if large > small {
		t.Errorf("refusing takes %d bytes for a long address, %d for one a thousand times shorter", large, small)
	}
}

func TestEmailErrorsDoNotRepeatTheAddress(t *testing.T) {
	for _, raw := range []string{"mallory secret@example.test", "mallory@sec ret", "mallory", "mallory@xn--a.secret"} {
		_, err := Email(raw)
		if err == nil || strings.Contains(err.Error(), "mallory") || strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	for email, want := range map[string]string{
		"alice@example.test": "a•••@example.test", "a@example.test": "•••@example.test", "alice": "•••", "": "•••",
	} {
		if got := MaskEmail(email); got != want {
			t.Errorf("%q: %q", email, got)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{
		"alice@example.test", " A.B+c@MÜLLER.example. ", "a@例え。テスト", "a\x00@b", "\"a b\"@c", "a@xn--mller-kva.example",
		"a@\u1e9e.test", "a@ßß\u200d.test",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		email, err := Email(raw)
		if err != nil {
			return
		}
		if again, err := Email(email); err != nil || again != email {
			t.Fatalf("%q gives %q, which gives %q, %v", raw, email, again, err)
		}
		if len(email) > MaxEmail || strings.Count(email, "@") != 1 || strings.ToLower(email) != email {
			t.Fatalf("%q gives %q", raw, email)
		}
		for _, c := range email {
			if c <= ' ' || c >= utf8.RuneSelf-1 || strings.ContainsRune("\"<>()[]{},:;\\*%!?|`", c) {
				t.Fatalf("%q gives %q", raw, email)
			}
		}
	})
}

func BenchmarkEmail(b *testing.B) {
	for name, raw := range map[string]string{"ascii": "Alice@Example.TEST", "idn": "praxis@müller.example"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Email(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
