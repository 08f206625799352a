package passhash_test

import (
	"testing"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/passhash"
)

// The two packages do not know each other; what the rules allow must be what can be hashed.
func TestMaxLengthIsThatOfTheRules(t *testing.T) {
	if passhash.MaxLength != policy.MaxPasswordLength {
		t.Errorf("%d is hashed, %d is allowed", passhash.MaxLength, policy.MaxPasswordLength)
	}
}
