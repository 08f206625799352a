// Package blocklist knows the passwords that are guessed first: a built-in list of common ones, an operator's own
// words, and the shapes into which people stretch them when a minimum length asks for more.
//
// The whole password is compared (NIST SP 800-63B-4, 3.1.1.2): a long phrase is not refused for a word in it.
package blocklist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// List is a set of lower-cased passwords. It is never changed, and safe for concurrent use. The zero value and nil are
// the empty list, which still knows the shapes.
type List struct {
	// text holds the words in byte order, each with a line feed behind it. It is searched as it is: fifty thousand
	// words are half a megabyte, and would be several as strings or a map.
	text    string
	longest int // bytes
}

// Bounds of an operator's file.
const (
	maxLine = 1024
	maxFile = 64 << 20
)

//go:embed common.txt.gz
var common []byte

var builtIn = sync.OnceValue(func() *List {
	packed, err := gzip.NewReader(bytes.NewReader(common))
	if err != nil {
		panic(fmt.Sprintf("read built-in block list: %v", err)) // it is part of the binary, and a test reads it
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		panic(fmt.Sprintf("read built-in block list: %v", err))
	}
	return newList(string(text))
})

// Default gives the built-in list: the 40,000 commonest passwords of at least 8 characters, and of the commonest
// million all of at least 15. It is unpacked by the first call.
func Default() *List { return builtIn() }

// newList takes the text of a List.
func newList(text string) *List {
	longest := 0
	for word := range strings.SplitSeq(text, "\n") {
		longest = max(longest, len(word))
	}
	return &List{text: text, longest: longest}
}

// Parse reads an operator's list: UTF-8, one password in a line, in any order and case. Blanks are part of a password;
// there are no comments. Errors name the line: what is not UTF-8 or longer than any password, so that a wrong
// file is noticed; and files beyond 64 MiB.
func Parse(r io.Reader) (*List, error) {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	scanner := bufio.NewScanner(limited)
	scanner.Buffer(make([]byte, 0, maxLine+2), maxLine+2)
	var words []string
	size, line := 0, 0
	for scanner.Scan() { // which takes a carriage return away too
		line++
		word := scanner.Text()
		if line == 1 {
			word = strings.TrimPrefix(word, "\ufeff")
		}
		if !utf8.ValidString(word) {
			return nil, fmt.Errorf("read block list: line %d is not UTF-8", line)
		}
		if word == "" {
			continue
		}
		word = strings.ToLower(word)
		words = append(words, word)
		size += len(word) + 1
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("read block list: line %d is longer than %d bytes", line+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("read block list: %w", err)
	case limited.N <= 0:
		return nil, fmt.Errorf("read block list: more than %d MiB", maxFile>>20)
	}
	slices.Sort(words)
	var text strings.Builder
	text.Grow(size)
	for _, word := range slices.Compact(words) {
		text.WriteString(word)
		text.WriteByte('\n')
	}
	return newList(text.String()), nil
}

// Len gives the number of passwords in the list.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return strings.Count(l.text, "\n")
}

// Contains says whether the password, in any case, is in the list or is one of the shapes that are as easy to guess:
// see variants.go. The candidate is expected in NFC.
func (l *List) Contains(candidate string) bool {
	if l == nil {
		l = &List{}
	}
	word := strings.ToLower(candidate)
	return l.listed(word) || l.variant(word)
}

// listed searches for a lower-cased word by halves of the text.
func (l *List) listed(word string) bool {
	if word == "" || len(word) > l.longest || strings.IndexByte(word, '\n') >= 0 {
		return false
	}
	low, high := 0, len(l.text) // both at the beginning of a line, or the end
	for low < high {
		start := low + strings.LastIndexByte(l.text[low:low+(high-low)/2], '\n') + 1
		end := start + strings.IndexByte(l.text[start:], '\n')
		switch strings.Compare(word, l.text[start:end]) {
		case 0:
			return true
		case -1:
			high = start
		default:
			low = end + 1
		}
	}
	return false
}

// Lists are several lists, as one.
type Lists []*List

// Contains says whether any of the lists contains the password.
func (ls Lists) Contains(candidate string) bool {
	return slices.ContainsFunc(ls, func(l *List) bool { return l.Contains(candidate) })
}
