package passhash

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// Kind names a way to hash new passwords, as in the configuration.
type Kind string

// The kinds of hash for new passwords.
const (
	Argon2id Kind = "argon2id"
	PBKDF2   Kind = "pbkdf2" // HMAC-SHA-256, for those who may only use what NIST approves
)

// Settings say how new passwords are hashed. A zero field takes its default; the defaults are also the least that is
// allowed (OWASP Password Storage Cheat Sheet; ASVS 5.0, 11.4.2).
type Settings struct {
	Kind       Kind   // default argon2id
	Memory     uint32 // argon2id, KiB; default 19456
	Time       uint32 // argon2id, passes; default 2
	Iterations uint32 // pbkdf2; default 600000
}

const (
	leastMemory     = 19456
	leastTime       = 2
	leastIterations = 600_000

	saltLength = 16
	sumLength  = 32
)

// The reasons why a stored hash cannot be checked. Both mean "could not decide": nobody passes.
var (
	ErrMalformed = errors.New("stored hash is malformed")
	ErrTooDear   = errors.New("stored hash asks for more work than is allowed")
)

// Hasher hashes and checks passwords with one set of settings. It is safe for concurrent use.
type Hasher struct {
	lane    *Lane
	current recipe
	decoy   string
}

// recipe is how one kind makes new hashes: its parameters, without salt and sum.
type recipe interface {
	// memory is what one computation needs, in bytes.
	memory() int64
	// sum computes; it fails only where the platform forbids these parameters (FIPS 140 mode).
	sum(salt, password []byte, length int) ([]byte, error)
	// encode writes parameters, salt and sum as a PHC string.
	encode(salt, sum []byte) string
	// made says whether a stored hash was made by exactly this recipe.
	made(stored) bool
}

// stored is one parsed hash, ready to be compared. What is not sane to compute does not parse.
type stored interface {
	memory() int64
	// matches compares in constant time.
	matches(password []byte) (bool, error)
}

// New makes a hasher that computes in the given lane. Settings that are weaker than the defaults, or dearer than what
// a check would agree to compute, are errors. New computes nothing itself, so a flood cannot make a reload fail.
func New(settings Settings, lane *Lane) (*Hasher, error) {
	current, err := settings.recipe()
	if err != nil {
		return nil, fmt.Errorf("set up password hash: %w", err)
	}
	// A sum drawn by chance is the hash of no known password, and takes as long to compare as any other.
	return &Hasher{lane: lane, current: current, decoy: current.encode(random(saltLength), random(sumLength))}, nil
}

func (s Settings) recipe() (recipe, error) {
	switch s.Kind {
	case Argon2id, "":
		if s.Iterations != 0 {
			return nil, errors.New("argon2id has no iterations; use time and memory")
		}
		a := argon2Params{memoryKiB: orDefault(s.Memory, leastMemory), time: orDefault(s.Time, leastTime), threads: 1}
		if a.memoryKiB < leastMemory || a.time < leastTime {
			return nil, fmt.Errorf("argon2id needs at least memory %d KiB and time %d", leastMemory, leastTime)
		}
		return a, a.check()
	case PBKDF2:
		if s.Memory != 0 || s.Time != 0 {
			return nil, errors.New("pbkdf2 has no memory and no time; use iterations")
		}
		p := pbkdf2Params{iterations: orDefault(s.Iterations, leastIterations)}
		if p.iterations < leastIterations {
			return nil, fmt.Errorf("pbkdf2 needs at least %d iterations", leastIterations)
		}
		return p, p.check()
	}
	return nil, fmt.Errorf("unknown kind %q; use argon2id or pbkdf2", s.Kind)
}

func orDefault(value, otherwise uint32) uint32 {
	if value == 0 {
		return otherwise
	}
	return value
}

// Hash makes a new PHC string of the password, with a fresh salt. Errors: those of Prepare, ErrBusy, the context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	prepared, err := Prepare(password)
	if err != nil {
		return "", err
	}
	salt := random(saltLength)
	var sum []byte
	err = h.lane.run(ctx, h.current.memory(), func() (err error) {
		sum, err = h.current.sum(salt, []byte(prepared), sumLength)
		return err
	})
	if err != nil {
		return "", err
	}
	return h.current.encode(salt, sum), nil
}

// Verify says whether phc is a hash of the password. Errors: those of Prepare, before any work; ErrMalformed and
// ErrTooDear, before any work; ErrBusy and the context's. An account without a hash is checked with Decoy instead.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	prepared, err := Prepare(password)
	if err != nil {
		return false, err
	}
	known, err := parse(phc)
	if err != nil {
		return false, err
	}
	match := false
	err = h.lane.run(ctx, known.memory(), func() (err error) {
		match, err = known.matches([]byte(prepared))
		return err
	})
	return match && err == nil, err
}

// Decoy does the work of a Verify that does not match, for addresses that have no account, or none with a password:
// the time of an answer must not say which. Its errors are those of Verify.
func (h *Hasher) Decoy(ctx context.Context, password string) error {
	_, err := h.Verify(ctx, h.decoy, password)
	return err
}

// NeedsRehash says whether phc was made in any other way than new hashes are made now, cheaper or dearer: one cost for
// all accounts is what makes their sign-ins take one time. What cannot be read is to be replaced as well.
func (h *Hasher) NeedsRehash(phc string) bool {
	known, err := parse(phc)
	return err != nil || !h.current.made(known)
}

func random(length int) []byte {
	b := make([]byte, length)
	rand.Read(b) // never fails: the runtime ends the process rather than return less
	return b
}
