package blocklist

import "unicode/utf8"

// shortestMinimum is the least length that any policy may ask for. A repeated unit shorter than this is no better than
// a password that no policy would take.
const shortestMinimum = 8

// variant says whether a lower-cased word is a shape that guessing programs try right after the lists:
//
//   - one unit again and again ("abcabcabcabcabc"), when the unit is shorter than any minimum or itself contained;
//   - straight runs over the keyboard, the alphabet or the digits ("qwertyuiopasdfgh", "123456789012345");
//   - a listed password with digits and punctuation before or behind it ("password1234567").
//
// Only ASCII has these shapes: they come from keyboards. Fifteen of any other sign are what a policy that counts code
// points has promised to accept.
func (l *List) variant(word string) bool {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return false
		}
	}
	return l.repeated(word) || straight(word) || l.padded(word)
}

// repeated looks for the shortest unit that the word repeats at least twice; the last one may be cut short.
func (l *List) repeated(word string) bool {
	unit := period(word)
	if 2*unit > len(word) {
		return false
	}
	return unit < shortestMinimum || l.Contains(word[:unit])
}

// period gives the least p with word[i] == word[i+p] for all i, in linear time (Knuth, Morris and Pratt).
func period(word string) int {
	border := make([]int, len(word)+1) // border[i]: longest proper prefix of word[:i] that also ends it
	border[0] = -1
	for i, b := 0, -1; i < len(word); {
		for b >= 0 && word[i] != word[b] {
			b = border[b]
		}
		i, b = i+1, b+1
		border[i] = b
	}
	return len(word) - border[len(word)]
}

// padded takes digits and punctuation away, from behind and from the front, one by one.
func (l *List) padded(word string) bool {
	front, back := 0, len(word)
	for front < back && padding(word[front]) {
		front++
	}
	for back > front && padding(word[back-1]) {
		back--
	}
	if front == back { // nothing but padding: a number may well begin with a listed one
		return false
	}
	for end := back; end <= len(word); end++ {
		if l.listed(word[:end]) || l.listed(word[front:end]) {
			return true
		}
	}
	for start := 1; start <= front; start++ {
		if l.listed(word[start:]) || l.listed(word[start:back]) {
			return true
		}
	}
	return false
}

func padding(c byte) bool { return c > ' ' && c < 0x7f && (c < 'a' || c > 'z') }

// tracks are the lines along which fingers and minds run. Each is read in both directions, and begins again at its end.
var tracks = []string{
	"0123456789",
	"abcdefghijklmnopqrstuvwxyz",
	"qwertyuiopasdfghjklzxcvbnm",
	"qwertzuiopasdfghjklyxcvbnm",
	"azertyuiopqsdfghjklmwxcvbn",
	"!@#$%^&*()",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
	"1q2w3e4r5t6y7u8i9o0p",
	"q1w2e3r4t5y6u7i8o9p0",
}

// straightRun is how long the runs of a straight word are on average: a word that falls into fewer and longer ones is
// a handful of choices, whatever its length.
const straightRun = 5

// steps has, for each way of going straight, the byte that follows a byte; zero for none.
var steps = func() [][128]byte {
	same := [128]byte{}
	for c := range same {
		same[c] = byte(c)
	}
	all := [][128]byte{same}
	for _, track := range tracks {
		var up, down [128]byte
		for i := range len(track) {
			next := track[(i+1)%len(track)]
			up[track[i]], down[next] = next, track[i]
		}
		all = append(all, up, down)
	}
	return all
}()

// straight splits the word into as few straight runs as possible. Taking the longest run each time does that, since a
// part of a run is a run.
func straight(word string) bool {
	runs := 0
	for i := 0; i < len(word); runs++ {
		longest := i + 1
		for s := range steps {
			end := i + 1
			for end < len(word) && steps[s][word[end-1]] == word[end] {
				end++
			}
			longest = max(longest, end)
		}
		i = longest
	}
	return runs > 0 && runs*straightRun <= len(word)
}
