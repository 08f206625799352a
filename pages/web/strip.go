package web

import (
	"net/http"
	"net/url"
	"strings"
)

// OwnCookie tells whether a cookie's name is one of ours, or one that some app server could fold to it: PHP turns
// blanks, dots and brackets into underscores and once undid percent signs, others do not look at case. Whatever begins
// like ours is ours.
func OwnCookie(name string) bool {
	for range 3 { // each round undoes one layer of encoding
		next, err := url.PathUnescape(name)
		if err != nil || next == name {
			break
		}
		name = next
	}
	folded := strings.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r == 0x7f:
			return -1
		case r == '.' || r == '[' || r == '-':
			return '_'
		}
		return r
	}, strings.ToLower(name))
	for _, prefix := range []string{"__host_", "__secure_"} {
		folded = strings.TrimPrefix(folded, prefix)
	}
	return strings.HasPrefix(strings.TrimLeft(folded, "_"), sessionName)
}

// StripCookies removes our cookies from the Cookie lines of a request that goes on to the app. All other cookies stay
// byte for byte as they were sent; a line without any of ours is not touched.
func StripCookies(header http.Header) {
	lines := header["Cookie"]
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		if line = stripLine(line); line != "" {
			kept = append(kept, line)
		}
	}
	switch {
	case len(kept) == 0:
		delete(header, "Cookie")
	default:
		header["Cookie"] = kept
	}
}

func stripLine(line string) string {
	pairs := strings.Split(line, ";")
	kept := pairs[:0:0]
	for _, pair := range pairs {
		if name, _, _ := strings.Cut(pair, "="); !OwnCookie(name) {
			kept = append(kept, pair)
		}
	}
	if len(kept) == len(pairs) {
		return line
	}
	left := strings.Join(kept, ";")
	if strings.Trim(left, "; \t") == "" {
		return ""
	}
	return strings.TrimLeft(left, " \t")
}
