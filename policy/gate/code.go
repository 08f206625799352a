package gate

import (
	"strings"
	"unicode"
)

// readCode takes a code as people type and paste it: blanks and dashes between digits, digits of any script.
func readCode(typed string) (string, bool) {
	if len(typed) > 64 {
		return "", false
	}
	var b strings.Builder
	for _, r := range typed {
		switch {
		case unicode.IsDigit(r):
			d, ok := digit(r)
			if !ok {
				return "", false
			}
			b.WriteByte('0' + d)
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r):
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == 6
}

// digit gives the value of a decimal digit of any script. Each script's ten digits stand in one row that begins at a
// zero, so the value is the distance from the first of the row.
func digit(r rune) (byte, bool) {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10), true
		}
	}
	return 0, false
}
