package passhash

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// pbkdf2Params are the costs of one PBKDF2-HMAC-SHA-256 computation (RFC 8018).
type pbkdf2Params struct {
	iterations uint32
}

// maxIterations is the dearest PBKDF2 that is computed: a few seconds.
const maxIterations = 10_000_000

// pbkdf2Memory is what one computation is said to need in the lane: next to nothing.
const pbkdf2Memory = 4 << 10

func (p pbkdf2Params) check() error {
	switch {
	case p.iterations < 1:
		return fmt.Errorf("%w: parameters", ErrMalformed)
	case p.iterations > maxIterations:
		return ErrTooDear
	}
	return nil
}

func (p pbkdf2Params) memory() int64 { return pbkdf2Memory }

func (p pbkdf2Params) sum(salt, password []byte, length int) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, string(password), salt, int(p.iterations), length)
	if err != nil {
		return nil, fmt.Errorf("compute pbkdf2: %w", err)
	}
	return key, nil
}

func (p pbkdf2Params) encode(salt, sum []byte) string {
	return fmt.Sprintf("$pbkdf2-sha256$i=%d$%s$%s", p.iterations,
		phcBase64.EncodeToString(salt), phcBase64.EncodeToString(sum))
}

func (p pbkdf2Params) made(s stored) bool {
	h, ok := s.(pbkdf2Hash)
	return ok && h.pbkdf2Params == p && len(h.salt) == saltLength && len(h.want) == sumLength
}

// pbkdf2Hash is a stored PBKDF2 hash.
type pbkdf2Hash struct {
	pbkdf2Params
	salt, want []byte
}

// parsePBKDF2 reads i=… $ salt $ sum. A sum longer than one SHA-256 block of output is refused: it would multiply the
// work of the defender and not that of the attacker.
func parsePBKDF2(fields []string) (stored, error) {
	if len(fields) != 3 {
		return nil, fmt.Errorf("%w: pbkdf2-sha256", ErrMalformed)
	}
	n, err := numbers(fields[0], "i")
	if err != nil {
		return nil, err
	}
	h := pbkdf2Hash{pbkdf2Params: pbkdf2Params{iterations: n[0]}}
	if err := h.check(); err != nil {
		return nil, err
	}
	h.salt, h.want, err = saltAndSum(fields[1], fields[2])
	if err != nil {
		return nil, err
	}
	if len(h.want) > sha256.Size {
		return nil, fmt.Errorf("%w: sum", ErrMalformed)
	}
	return h, nil
}

func (h pbkdf2Hash) matches(password []byte) (bool, error) {
	sum, err := h.sum(h.salt, password, len(h.want))
	return err == nil && subtle.ConstantTimeCompare(sum, h.want) == 1, err
}
