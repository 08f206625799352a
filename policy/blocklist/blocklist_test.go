package blocklist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// words unpacks the built-in list without the code under test.
func words(t testing.TB) []string {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(common))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	scanner := bufio.NewScanner(packed)
	for scanner.Scan() {
		all = append(all, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDefaultIsSortedAndFolded(t *testing.T) {
	all := words(t)
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Error("not in order, or with doubles: the search would miss words")
	}
	for _, word := range all {
		if strings.ToLower(word) != word || len(word) < 8 {
			t.Errorf("%q has capitals or is short", word)
		}
	}
	if len(all) < 40_000 || Default().Len() != len(all) {
		t.Errorf("%d words, %d found", len(all), Default().Len())
	}
}

func TestASVS_6_2_4_CommonPasswordsAreContained(t *testing.T) {
	long := 0
	for _, word := range words(t) {
		if !Default().listed(word) {
			t.Fatalf("%q is not found", word)
		}
		if !Default().Contains(strings.ToUpper(word)) {
			t.Fatalf("%q is not found in capitals", word)
		}
		if len(word) >= 15 {
			long++
		}
	}
	if long < 3000 {
		t.Errorf("only %d passwords fit the default minimum", long)
	}
	for _, word := range []string{"password", "12345678", "iloveyou", "sunshine", "qwertyuiop", "1qaz2wsx3edc4rfv"} {
		if !Default().Contains(word) {
			t.Errorf("%q is missing", word)
		}
	}
}

func TestASVS_6_2_4_RandomPasses(t *testing.T) {
	for range 20_000 {
		var raw [12]byte
		rand.Read(raw[:])
		if word := base64.RawStdEncoding.EncodeToString(raw[:]); Default().Contains(word) {
			t.Errorf("%q is refused", word)
		}
		number := fmt.Sprintf("%03d%03d%03d%03d%03d", int(raw[0])*3, int(raw[1])*3, int(raw[2])*3, int(raw[3])*3, int(raw[4])*3)
		if Default().Contains(number) {
			t.Errorf("%q is refused", number)
		}
	}
}

func TestVariants(t *testing.T) {
	for word, want := range map[string]bool{
		"abcabcabcabcabc":      true, // one unit
		"aaaaaaaaaaaaaaa":      true,
		"               ":      true,
		"Summer1Summer1S":      true,
		"passwordpassword":     true, // listed unit
		"Sunshine24Sunshine24": true, // padded unit
		"123456789012345":      true, // straight runs
		"qwertyuiopasdfgh":     true,
		"poiuytrewqlkjhg":      true,
		"zyxwvutsrqponml":      true,
		"abcdefghijklmno":      true,
		"qwertzuiopasdfg":      true,
		"1q2w3e4r5t6y7u8i":     true,
		"!@#$%^&*()12345":      true,
		"aaaaabbbbbccccc":      true,
		"password1234567":      true, // padded
		"1234567password":      true,
		"Password2026!!!":      true,
		"**iloveyou**2026":     true,
		"football!483920":      true,

		"xk7qp2mzxk7qp2mz":               false, // a unit that is nobody's password
		"correct horse battery":          false,
		"my password is a long phrase":   false, // N-09: contains a listed word
		"password and more":              false,
		"aaaa bbbb cccc dd":              false, // N-04
		"eleven purple cats":             false,
		"481516234268357":                false, // fifteen digits
		"jvkqmzrtwpxhbdn":                false, // fifteen letters
		"quick-brown-1234-fox":           false,
		strings.Repeat("é", 15):          false, // ASVS 6.2.1: counted in code points
		strings.Repeat("😀", 15):          false,
		"":                               false,
		"\n":                             false,
		"password\npassword2\nand more?": false,
	} {
		if got := Default().Contains(word); got != want {
			t.Errorf("%q: %v", word, got)
		}
	}
	var printing strings.Builder
	for c := byte(' '); c <= '~'; c++ {
		printing.WriteByte(c)
	}
	if Default().Contains(printing.String()) {
		t.Error("N-03: all printing characters of ASCII are refused")
	}
}

func TestPeriod(t *testing.T) {
	for word, want := range map[string]int{"": 0, "a": 1, "aa": 1, "abab": 2, "ababa": 2, "abac": 4, "abcab": 3, "aabaab": 3} {
		if got := period(word); word != "" && got != want {
			t.Errorf("%q: %d", word, got)
		}
	}
}

func TestParse(t *testing.T) {
	list, err := Parse(strings.NewReader("\ufeffZebra crossing\r\n\nSpringfield Clinic\n#hash\nzebra CROSSING\n Блок \nlast"))
	if err != nil {
		t.Fatal(err)
	}
	if list.Len() != 5 {
		t.Errorf("%d words", list.Len())
	}
	for word, want := range map[string]bool{
		"zebra crossing": true, "SPRINGFIELD CLINIC": true, "#hash": true, " БЛОК ": true, "last": true,
		"Springfield Clinic 2026!": false, "springfield clinic2026!": true, "lastlastlastlast": true,
		"springfield": false, "блок": false, "": false, "clinic": false,
	} {
		if got := list.Contains(word); got != want {
			t.Errorf("%q: %v", word, got)
		}
	}
	both := Lists{Default(), list}
	if !both.Contains("zebra crossing") || !both.Contains("iloveyou") || both.Contains("neither of them") {
		t.Error("two lists are not as one")
	}
	for name, text := range map[string]string{
		"line 2 is not UTF-8":              "good\nb\xffd\n",
		"line 3 is longer than 1024 bytes": "good\n\n" + strings.Repeat("x", 1100),
	} {
		if _, err := Parse(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
	if _, err := Parse(iotest.ErrReader(fmt.Errorf("disk"))); err == nil {
		t.Error("an unreadable file became a list")
	}
	if list, err := Parse(strings.NewReader(strings.Repeat("x", maxLine) + "\n")); err != nil || list.Len() != 1 {
		t.Errorf("line of the greatest length: %v", err)
	}
}

func TestEmptyLists(t *testing.T) {
	for _, list := range []*List{nil, {}, newList("")} {
		if list.Contains("iloveyou") || list.Len() != 0 || !list.Contains("qwertyuiop") {
			t.Errorf("%+v", list)
		}
	}
}

func FuzzContains(f *testing.F) {
	small, err := Parse(strings.NewReader("b\nbb\nbcd\nc\nümlaut\n"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"b", "a", "bcd", "zz", "ü", "abcabc", "ÜMLAUT", "\n", "b\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		want := slices.Contains([]string{"b", "bb", "bcd", "c", "ümlaut"}, strings.ToLower(word))
		if got := small.listed(strings.ToLower(word)); got != want {
			t.Fatalf("%q: %v", word, got)
		}
		small.Contains(word)
	})
}

func BenchmarkContains(b *testing.B) {
	for name, word := range map[string]string{
		"listed": "1qaz2wsx3edc4rfv", "phrase": "correct horse battery staple", "padded": "no such word123456789",
		"longest": strings.Repeat("correct horse ", 18),
	} {
		b.Run(name, func(b *testing.B) {
			list := Default()
			b.ReportAllocs()
			for b.Loop() {
				list.Contains(word)
			}
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		packed, err := gzip.NewReader(bytes.NewReader(common))
		if err != nil {
			b.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(packed); err != nil {
			b.Fatal(err)
		}
		newList(text.String())
	}
}
