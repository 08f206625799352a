package gate

import (
	"errors"
	"unicode/utf8"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/passhash"
)

// unusable says why a text cannot be a password at all.
func unusable(typed string, err error) []policy.Violation {
	if errors.Is(err, passhash.ErrTooLong) {
		return []policy.Violation{{Code: policy.TooLong, Want: passhash.MaxLength, Have: utf8.RuneCountInString(typed)}}
	}
	return []policy.Violation{{Code: policy.NotText}}
}
