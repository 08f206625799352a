package passhash

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// formats are the hashes that can be checked, by the identifier that a PHC string begins with. A further format is one
// more row; its parser must refuse whatever it would not be sane to compute.
var formats = map[string]func(fields []string) (stored, error){
	"argon2id":      parseArgon2id,
	"pbkdf2-sha256": parsePBKDF2,
}

// Bounds of what is parsed, in bytes. Stored hashes may come from an import, and an import may be hostile.
const (
	maxPHC  = 512
	minSalt = 8
	maxSalt = 64
	minSum  = 16
	maxSum  = 64
)

// phcBase64 is base64 without padding that has one spelling for each value.
var phcBase64 = base64.RawStdEncoding.Strict()

// parse reads "$id$…": the fields after the identifier go to the parser of that format.
func parse(phc string) (stored, error) {
	if len(phc) > maxPHC {
		return nil, ErrMalformed
	}
	fields := strings.Split(phc, "$")
	if len(fields) < 2 || fields[0] != "" {
		return nil, ErrMalformed
	}
	format, ok := formats[fields[1]]
	if !ok {
		return nil, fmt.Errorf("%w: unknown format", ErrMalformed)
	}
	return format(fields[2:])
}

// saltAndSum decodes the two last fields of a PHC string.
func saltAndSum(salt, sum string) ([]byte, []byte, error) {
	s, err := phcBase64.DecodeString(salt)
	if err != nil || len(s) < minSalt || len(s) > maxSalt || strings.ContainsAny(salt, "\r\n") {
		return nil, nil, fmt.Errorf("%w: salt", ErrMalformed)
	}
	h, err := phcBase64.DecodeString(sum)
	if err != nil || len(h) < minSum || len(h) > maxSum || strings.ContainsAny(sum, "\r\n") {
		return nil, nil, fmt.Errorf("%w: sum", ErrMalformed)
	}
	return s, h, nil
}

// numbers reads "a=1,b=2" with exactly the given names in the given order, each in its one decimal spelling.
func numbers(field string, names ...string) ([]uint32, error) {
	parts := strings.Split(field, ",")
	if len(parts) != len(names) {
		return nil, fmt.Errorf("%w: parameters", ErrMalformed)
	}
	values := make([]uint32, len(names))
	for i, part := range parts {
		digits, ok := strings.CutPrefix(part, names[i]+"=")
		if !ok {
			return nil, fmt.Errorf("%w: parameters", ErrMalformed)
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || strconv.FormatUint(n, 10) != digits {
			return nil, fmt.Errorf("%w: parameters", ErrMalformed)
		}
		values[i] = uint32(n)
	}
	return values, nil
}
