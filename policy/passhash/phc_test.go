package passhash

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	const salt, sum = "MDEyMzQ1Njc4OWFiY2RlZg", "APpDX5jhp8WMuB21wlWT2ZQrFcZBgF2X9DkcpWT4o+Q"
	argon := func(version, params string) string {
		return "$argon2id$" + version + "$" + params + "$" + salt + "$" + sum
	}
	for phc, want := range map[string]error{
		"":                                                             ErrMalformed,
		"$":                                                            ErrMalformed,
		"password":                                                     ErrMalformed,
		"$argon2id":                                                    ErrMalformed,
		"x" + argon("v=19", "m=19456,t=2,p=1"):                         ErrMalformed,
		argon("v=16", "m=19456,t=2,p=1"):                               ErrMalformed,
		argon("v=19", "t=2,m=19456,p=1"):                               ErrMalformed,
		argon("v=19", "m=19456,t=2"):                                   ErrMalformed,
		argon("v=19", "m=19456,t=2,p=1,keyid=x"):                       ErrMalformed,
		argon("v=19", "m=019456,t=2,p=1"):                              ErrMalformed,
		argon("v=19", "m=+19456,t=2,p=1"):                              ErrMalformed,
		argon("v=19", "m=4294967296,t=2,p=1"):                          ErrMalformed,
		argon("v=19", "m=19456,t=0,p=1"):                               ErrMalformed,
		argon("v=19", "m=19456,t=2,p=0"):                               ErrMalformed,
		argon("v=19", "m=7,t=2,p=1"):                                   ErrMalformed,
		argon("v=19", "m=19456,t=2,p=1") + "=":                         ErrMalformed,
		argon("v=19", "m=19456,t=2,p=1") + "$":                         ErrMalformed,
		argon("v=19", "m=19456,t=2,p=1") + "\n":                        ErrMalformed,
		argon("v=19", "m=4194304,t=1,p=1"):                             ErrTooDear,
		argon("v=19", "m=1048576,t=5,p=1"):                             ErrTooDear,
		argon("v=19", "m=8,t=4294967295,p=1"):                          ErrTooDear,
		argon("v=19", "m=19456,t=2,p=257"):                             ErrTooDear, // must not become 1
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum:            ErrMalformed,
		"$argon2id$v=19$m=19456,t=2,p=1$MDEy$" + sum:                   ErrMalformed,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$MDEy":             ErrMalformed,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$":                 ErrMalformed,
		"$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" + sum: ErrMalformed, // spare bits set
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 600) + "$" + sum: ErrMalformed,
		"$pbkdf2-sha256$i=0$" + salt + "$" + sum:                                 ErrMalformed,
		"$pbkdf2-sha256$i=4000000000$" + salt + "$" + sum:                        ErrTooDear,
		"$pbkdf2-sha256$600000$" + salt + "$" + sum:                              ErrMalformed,
		"$pbkdf2-sha256$i=600000$" + salt + "$" + strings.Repeat("A", 64):        ErrMalformed,
		"$pbkdf2-sha512$i=600000$" + salt + "$" + sum:                            ErrMalformed,
		"$5$rounds=5000$saltsalt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8":    ErrMalformed,
		"{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA":                             ErrMalformed,
	} {
		if _, err := parse(phc); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", phc, err, want)
		}
		// A hash that cannot be checked decides nothing, whatever the password is.
		if match, err := newHasher(t, Settings{}).Verify(t.Context(), phc, ""); match || err == nil {
			t.Errorf("%q: verify gives %v, %v", phc, match, err)
		}
	}
}

// FuzzParse looks for panics and for costs beyond the bounds, and holds the parser to one spelling for each hash.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		referenceArgon2id, referencePBKDF2, referenceArgon2idLess, "", "$", "$argon2id$$$$", "$pbkdf2-sha256$i=1$$",
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$MDEyMzQ1Njc$MDEyMzQ1Njc",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, phc string) {
		known, err := parse(phc)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooDear) {
				t.Fatalf("%q: unexpected error %v", phc, err)
			}
			return
		}
		if known.memory() > maxMemoryKiB<<10 {
			t.Fatalf("%q asks for %d bytes", phc, known.memory())
		}
		var again string
		switch h := known.(type) {
		case argon2Hash:
			again = h.encode(h.salt, h.want)
		case pbkdf2Hash:
			again = h.encode(h.salt, h.want)
		}
		if again != phc {
			t.Fatalf("%q is also spelled %q", phc, again)
		}
	})
}
