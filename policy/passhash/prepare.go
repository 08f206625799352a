// Package passhash turns passwords into what is kept of them, and checks passwords against it.
//
// Hashing is meant to be dear, so an attacker who cannot guess can still try to exhaust: every computation goes
// through a Lane, which bounds how many run at once and how long the next may wait.
package passhash

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the longest password in code points, counted after normalisation; that is at most 1024 bytes. It is far
// beyond what anybody types, and small enough that its length costs nothing to hash.
const MaxLength = 256

// maxRaw bounds the bytes that are looked at before normalisation. No code point of NFC comes from more than 18 bytes
// in canonical order, so no password of MaxLength is refused by it.
const maxRaw = MaxLength * 18

// The reasons why a text cannot be a password. They depend on the text alone and say nothing about any account.
var (
	ErrTooLong = errors.New("password is too long")
	ErrNotText = errors.New("password is not text")
)

// Prepare gives the form of a password that is hashed and compared: Unicode NFC, so that one password typed on two
// keyboards is one password (NIST SP 800-63B-4, 3.1.1.2). Nothing else is changed: blanks count, at either end too.
// ErrNotText means invalid UTF-8 or a NUL, ErrTooLong more than MaxLength code points; both are found out before
// anything dear is done.
func Prepare(password string) (string, error) {
	if len(password) > maxRaw {
		return "", ErrTooLong
	}
	if !utf8.ValidString(password) || strings.IndexByte(password, 0) >= 0 {
		return "", ErrNotText
	}
	prepared := norm.NFC.String(password)
	if utf8.RuneCountInString(prepared) > MaxLength {
		return "", ErrTooLong
	}
	return prepared, nil
}
