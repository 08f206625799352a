package policy

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// NextPath returns where to go after a sign-in: raw if it is a plain path on this site, with an optional query, and
// "/" for anything a browser could read as another site, a script or one of the wall's own pages below base.
// Browsers drop tabs and newlines and read a backslash as a slash, so such targets are not tried to be understood.
func NextPath(raw, base string) string {
	const start = "/"
	if len(raw) > 2048 || !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") {
		return start
	}
	for i := 0; i < len(raw); i++ {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' || c == '#' || c == '"' || c == '<' || c == '>' {
			return start
		}
	}
	u, err := url.ParseRequestURI(raw)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" {
		return start
	}
	for i := 0; i < len(u.Path); i++ {
		if c := u.Path[i]; c < ' ' || c == 0x7f || c == '\\' {
			return start
		}
	}
	clean := path.Clean(u.Path)
	if strings.HasPrefix(u.Path, "//") || below(strings.ToLower(clean), base) {
		return start
	}
	return raw
}

func below(p, base string) bool { return p == base || strings.HasPrefix(p, base+"/") }

// PathPattern is one path of the configuration: an exact path, or a prefix when it ends in "*". A query after "?" must
// be there too, each parameter with its value.
type PathPattern struct {
	path   string
	prefix bool
	query  url.Values
}

// ParsePathPattern reads a pattern such as "/robots.txt", "/assets/*" or "/?_task=mail&_action=refresh". An error
// says what is wrong with it.
func ParsePathPattern(s string) (PathPattern, error) {
	p := PathPattern{}
	raw, query, hasQuery := strings.Cut(s, "?")
	if hasQuery {
		q, err := url.ParseQuery(query)
		if err != nil {
			return p, fmt.Errorf("path %s: the query cannot be read", s)
		}
		p.query = q
	}
	if strings.HasSuffix(raw, "*") {
		p.prefix, raw = true, strings.TrimSuffix(raw, "*")
	}
	p.path = raw
	switch {
	case !strings.HasPrefix(raw, "/"):
		return p, fmt.Errorf("path %s: a path begins with /", s)
	case strings.Contains(raw, "*"):
		return p, fmt.Errorf("path %s: * may stand only at the end", s)
	case !canonical(raw):
		return p, fmt.Errorf("path %s: write the path plainly, without %%, //, dots or backslashes", s)
	}
	return p, nil
}

func (p PathPattern) matchPath(s string) bool {
	if p.prefix {
		return strings.HasPrefix(s, p.path)
	}
	return s == p.path
}

func (p PathPattern) matchQuery(q url.Values) bool {
	for name, want := range p.query {
		have := q[name]
		if len(have) != 1 || len(want) != 1 || have[0] != want[0] {
			return false
		}
	}
	return true
}

// Admits is the strict match, for rules that let somebody through (public, passive): only a request path that is
// written plainly can match, letter for letter. Servers differ in how they read "%2e", ";" or "\", so whatever two of
// them could read differently is not public. escaped is the path as the browser sent it.
func (p PathPattern) Admits(escaped string, query func() url.Values) bool {
	return canonical(escaped) && p.matchPath(escaped) && (p.query == nil || p.matchQuery(query()))
}

// Covers is the loose match, for rules that keep somebody out (require): any reading of the path that some server
// could come to is enough. An exact path covers what is below it, too: servers run /admin.php for /admin.php/x.
func (p PathPattern) Covers(escaped string) bool {
	want := strings.ToLower(p.path)
	covers := func(reading string) bool {
		if p.prefix {
			return strings.HasPrefix(reading, want) || reading+"/" == want
		}
		return reading == want || want != "/" && strings.HasPrefix(reading, strings.TrimSuffix(want, "/")+"/")
	}
	s := escaped
	for range 4 { // each round undoes one layer of encoding
		for _, reading := range readings(s) {
			if covers(reading) {
				return true
			}
		}
		next, err := url.PathUnescape(s)
		if err != nil || next == s {
			return err != nil // what cannot be read is kept out
		}
		s = next
	}
	return true
}

// readings lists what servers make of a path: with and without parameters, cut where C programs and careless proxies
// end it, with dots and blanks dropped where Windows does, with slashes merged and dot segments resolved.
func readings(s string) []string {
	cut, _, _ := strings.Cut(s, "\x00")
	if i := strings.IndexAny(cut, "#?"); i >= 0 {
		cut = cut[:i]
	}
	var all []string
	for _, r := range []string{s, cut, mapSegments(s, cutParameters), mapSegments(cut, dropTrail)} {
		r = strings.ToLower(strings.ReplaceAll(r, `\`, "/"))
		all = append(all, r, squeeze(r), cleanKeepingSlash(r))
	}
	return all
}

func mapSegments(s string, change func(string) string) string {
	segments := strings.Split(s, "/")
	for i, segment := range segments {
		segments[i] = change(segment)
	}
	return strings.Join(segments, "/")
}

// cutParameters drops ";…" from a segment, as servlet containers do.
func cutParameters(segment string) string {
	name, _, _ := strings.Cut(segment, ";")
	return name
}

// dropTrail drops dots and blanks at the end of a segment that has a name.
func dropTrail(segment string) string {
	if name := strings.TrimRight(segment, ". "); name != "" {
		return name
	}
	return segment
}

func squeeze(s string) string {
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}

func cleanKeepingSlash(s string) string {
	c := path.Clean("/" + s)
	if strings.HasSuffix(s, "/") && c != "/" {
		c += "/"
	}
	return c
}

// canonical tells whether every server reads the path alike: plain letters, digits and a few marks, no empty or dot
// segment.
func canonical(s string) bool {
	if !strings.HasPrefix(s, "/") {
		return false
	}
	start := 1
	for i := 1; i <= len(s); i++ {
		if i < len(s) && s[i] != '/' {
			if !plain(s[i]) {
				return false
			}
			continue
		}
		seg := s[start:i]
		if seg == "." || seg == ".." || seg == "" && i < len(s) {
			return false
		}
		start = i + 1
	}
	return true
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!$&'()+,=:@", c) >= 0
}
