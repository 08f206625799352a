package passhash

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func newHasher(t testing.TB, settings Settings) *Hasher {
	t.Helper()
	h, err := New(settings, NewLane(LaneLimits{Parallel: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Made with the argon2 reference implementation's command and with Python's hashlib, not with this package.
const (
	referenceArgon2id     = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$APpDX5jhp8WMuB21wlWT2ZQrFcZBgF2X9DkcpWT4o+Q"
	referencePBKDF2       = "$pbkdf2-sha256$i=600000$MDEyMzQ1Njc4OWFiY2RlZg$EeyqbUsMI9/n9fRZ6/TKkY3ebw0NumGjBKDXz0KhRcY"
	referencePassword     = "paßwort 😀"
	referenceArgon2idLess = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)

func TestVerifyReferenceHashes(t *testing.T) {
	h := newHasher(t, Settings{})
	for _, c := range []struct{ phc, password string }{
		{referenceArgon2id, referencePassword},
		{referenceArgon2idLess, "password"},
		{referencePBKDF2, referencePassword},
	} {
		if match, err := h.Verify(t.Context(), c.phc, c.password); err != nil || !match {
			t.Errorf("%s: match %v, error %v", c.phc, match, err)
		}
		if match, err := h.Verify(t.Context(), c.phc, c.password+"x"); err != nil || match {
			t.Errorf("%s with another password: match %v, error %v", c.phc, match, err)
		}
	}
}

func TestPBKDF2KnownAnswer(t *testing.T) { // RFC 7914, section 11
	want, _ := hex.DecodeString("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56" +
		"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")
	sum, err := pbkdf2Params{iterations: 80000}.sum([]byte("NaCl"), []byte("Password"), 64)
	if err != nil || !bytes.Equal(sum, want) {
		t.Fatalf("got %x, %v", sum, err)
	}
}

func TestHashAndVerify(t *testing.T) {
	for _, settings := range []Settings{{}, {Kind: PBKDF2}} {
		h := newHasher(t, settings)
		first, err := h.Hash(t.Context(), "a horse in the rain")
		if err != nil {
			t.Fatal(err)
		}
		second, _ := h.Hash(t.Context(), "a horse in the rain")
		if first == second {
			t.Error("two hashes of one password are equal: no salt")
		}
		for password, want := range map[string]bool{
			"a horse in the rain": true, "A horse in the rain": false,
		} {
			if match, err := h.Verify(t.Context(), first, password); err != nil || match != want {
				t.Errorf("%v %q: match %v, error %v", settings.Kind, password, match, err)
			}
		}
		if h.NeedsRehash(first) {
			t.Error("a fresh hash needs a rehash")
		}
		if err := h.Decoy(t.Context(), "a horse in the rain"); err != nil {
			t.Error(err)
		}
		if h.NeedsRehash(h.decoy) {
			t.Error("the decoy is not of the current settings")
		}
	}
}

func TestASVS_11_4_2_DefaultsAndFloor(t *testing.T) {
	phc, err := newHasher(t, Settings{}).Hash(t.Context(), "x")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("default: %s, %v", phc, err)
	}
	phc, err = newHasher(t, Settings{Kind: PBKDF2}).Hash(t.Context(), "x")
	if err != nil || !strings.HasPrefix(phc, "$pbkdf2-sha256$i=600000$") {
		t.Errorf("pbkdf2: %s, %v", phc, err)
	}
	for _, s := range []Settings{
		{Memory: 19455}, {Time: 1}, {Memory: 46080, Time: 1}, {Memory: maxMemoryKiB + 1}, {Memory: maxMemoryKiB, Time: 5},
		{Iterations: 700000}, {Kind: PBKDF2, Iterations: 599999}, {Kind: PBKDF2, Iterations: maxIterations + 1},
		{Kind: PBKDF2, Memory: 19456}, {Kind: "bcrypt"},
	} {
		if _, err := New(s, NewLane(LaneLimits{})); err == nil {
			t.Errorf("%+v was accepted", s)
		}
	}
}

func TestUP10_NeedsRehash(t *testing.T) {
	dearer := newHasher(t, Settings{Memory: 32768, Time: 3})
	for phc, want := range map[string]bool{
		referenceArgon2id: false, // the reference is of the default cost
		"$argon2id$v=19$m=19456,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$APpDX5jhp8WMuB21wlWT2ZQrFcZBgF2X9DkcpWT4o+Q": true,
		"$argon2id$v=19$m=19456,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$APpDX5jhp8WMuB21wlWT2ZQrFcZBgF2X9DkcpWT4o+Q": true,
		referenceArgon2idLess: true, // dearer, but its sign-in would take another time
		referencePBKDF2:       true,
		"":                    true,
	} {
		if got := newHasher(t, Settings{}).NeedsRehash(phc); got != want {
			t.Errorf("%q: %v", phc, got)
		}
		if !dearer.NeedsRehash(phc) {
			t.Errorf("%q is not of the raised cost", phc)
		}
	}
}

func TestLG23_TooLongIsNotHashed(t *testing.T) {
	h := newHasher(t, Settings{})
	longest := strings.Repeat("x", MaxLength)
	phc, err := h.Hash(t.Context(), longest)
	if err != nil {
		t.Fatal(err)
	}
	if match, err := h.Verify(t.Context(), phc, longest); err != nil || !match {
		t.Errorf("exactly the maximum: match %v, error %v", match, err)
	}
	// A lane without a free place tells hashing from refusing: whatever is hashed must wait for it.
	release := occupy(t, h.lane)
	defer release()
	for _, password := range []string{longest + "x", strings.Repeat("x", 1<<20), strings.Repeat("e\u0301", MaxLength+1)} {
		if _, err := h.Verify(t.Context(), phc, password); !errors.Is(err, ErrTooLong) {
			t.Errorf("verify %d bytes: %v", len(password), err)
		}
		if _, err := h.Hash(t.Context(), password); !errors.Is(err, ErrTooLong) {
			t.Errorf("hash %d bytes: %v", len(password), err)
		}
		if err := h.Decoy(t.Context(), password); !errors.Is(err, ErrTooLong) {
			t.Errorf("decoy %d bytes: %v", len(password), err)
		}
	}
}

func TestASVS_6_2_9_LongPasswords(t *testing.T) {
	for _, password := range []string{
		strings.Repeat("😀", 64), strings.Repeat("x", 128), strings.Repeat("😀", MaxLength),
		strings.Repeat("\u1112\u1161\u11ab", MaxLength), // decomposed Hangul: nine bytes for each syllable
	} {
		if _, err := Prepare(password); err != nil {
			t.Errorf("%d bytes: %v", len(password), err)
		}
	}
}

func TestLG27_NormalForm(t *testing.T) {
	h := newHasher(t, Settings{})
	phc, err := h.Hash(t.Context(), "caf\u00e9 au lait")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{
		"cafe\u0301 au lait": true, "caf\u00e9\u00a0au lait": false, "cafe au lait": false, "CAF\u00c9 AU LAIT": false,
	} {
		if match, err := h.Verify(t.Context(), phc, password); err != nil || match != want {
			t.Errorf("%q: match %v, error %v", password, match, err)
		}
	}
}

func TestLG28_BlanksAreKept(t *testing.T) {
	h := newHasher(t, Settings{})
	for _, password := range []string{" leading", "trailing ", "   ", "newline\n"} {
		phc, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if match, err := h.Verify(t.Context(), phc, password); err != nil || !match {
			t.Errorf("%q: match %v, error %v", password, match, err)
		}
		if match, _ := h.Verify(t.Context(), phc, strings.TrimSpace(password)); match {
			t.Errorf("%q: matches without its blanks", password)
		}
	}
}

func TestPrepareRefusesWhatIsNotText(t *testing.T) {
	for _, password := range []string{"a\x00b", "\xff", "\xed\xa0\x80", "tail\xc3"} {
		if _, err := Prepare(password); !errors.Is(err, ErrNotText) {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func FuzzPrepare(f *testing.F) {
	f.Add("cafe\u0301")
	f.Add(" \x00")
	f.Add(strings.Repeat("\u0301", 40))
	f.Fuzz(func(t *testing.T, raw string) {
		once, err := Prepare(raw)
		if err != nil {
			return
		}
		if twice, err := Prepare(once); err != nil || twice != once {
			t.Fatalf("preparing %q twice: %q, then %q, %v", raw, once, twice, err)
		}
	})
}

func TestVerifyHonoursContext(t *testing.T) {
	h := newHasher(t, Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if match, err := h.Verify(ctx, referenceArgon2id, referencePassword); match || !errors.Is(err, context.Canceled) {
		t.Errorf("match %v, error %v", match, err)
	}
	if phc, err := h.Hash(ctx, "x"); phc != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("hash %q, error %v", phc, err)
	}
}

func TestVerifyWaitsOnlySoLong(t *testing.T) {
	h, err := New(Settings{}, NewLane(LaneLimits{Parallel: 1, Wait: 20 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	release := occupy(t, h.lane)
	defer release()
	if match, err := h.Verify(t.Context(), referenceArgon2id, referencePassword); match || !errors.Is(err, ErrBusy) {
		t.Errorf("match %v, error %v", match, err)
	}
	if err := h.Decoy(t.Context(), "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("the decoy does not go through the lane: %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	for name, phc := range map[string]string{"argon2id": referenceArgon2id, "pbkdf2": referencePBKDF2} {
		b.Run(name, func(b *testing.B) {
			h := newHasher(b, Settings{})
			for b.Loop() {
				if match, err := h.Verify(b.Context(), phc, referencePassword); err != nil || !match {
					b.Fatal(match, err)
				}
			}
		})
	}
}
