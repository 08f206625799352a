package passhash

import (
	"crypto/subtle"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// argon2Params are the costs of one argon2id computation (RFC 9106).
type argon2Params struct {
	memoryKiB uint32
	time      uint32
	threads   uint8
}

// The dearest argon2id that is computed: 1 GiB, and in all passes together 4 GiB, which is a few seconds.
const (
	maxMemoryKiB     = 1 << 20
	maxMemoryPasses  = 4 << 20
	maxArgon2Threads = 16
)

func (a argon2Params) check() error {
	switch {
	case a.time < 1 || a.threads < 1 || a.memoryKiB < 8*uint32(a.threads):
		return fmt.Errorf("%w: parameters", ErrMalformed)
	case a.threads > maxArgon2Threads, a.memoryKiB > maxMemoryKiB,
		uint64(a.memoryKiB)*uint64(a.time) > maxMemoryPasses:
		return ErrTooDear
	}
	return nil
}

func (a argon2Params) memory() int64 { return int64(a.memoryKiB) << 10 }

func (a argon2Params) sum(salt, password []byte, length int) ([]byte, error) {
	return argon2.IDKey(password, salt, a.time, a.memoryKiB, a.threads, uint32(length)), nil
}

func (a argon2Params) encode(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memoryKiB, a.time, a.threads,
		phcBase64.EncodeToString(salt), phcBase64.EncodeToString(sum))
}

func (a argon2Params) made(s stored) bool {
	h, ok := s.(argon2Hash)
	return ok && h.argon2Params == a && len(h.salt) == saltLength && len(h.want) == sumLength
}

// argon2Hash is a stored argon2id hash.
type argon2Hash struct {
	argon2Params
	salt, want []byte
}

// parseArgon2id reads v=19 $ m=…,t=…,p=… $ salt $ sum.
func parseArgon2id(fields []string) (stored, error) {
	if len(fields) != 4 || fields[0] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, fmt.Errorf("%w: argon2id", ErrMalformed)
	}
	n, err := numbers(fields[1], "m", "t", "p")
	if err != nil {
		return nil, err
	}
	if n[2] > maxArgon2Threads { // before it is cut down to eight bits
		return nil, ErrTooDear
	}
	h := argon2Hash{argon2Params: argon2Params{memoryKiB: n[0], time: n[1], threads: uint8(n[2])}}
	if err := h.check(); err != nil {
		return nil, err
	}
	h.salt, h.want, err = saltAndSum(fields[2], fields[3])
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (h argon2Hash) matches(password []byte) (bool, error) {
	sum, err := h.sum(h.salt, password, len(h.want))
	return err == nil && subtle.ConstantTimeCompare(sum, h.want) == 1, err
}
