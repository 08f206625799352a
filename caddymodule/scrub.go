package caddymodule

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// scrubber takes from a request what only the wall may say. It runs on every request, signed in or not, public or not,
// and allocates only when it finds something.
type scrubber struct {
	identity  foldedNames // never from a client
	untrusted foldedNames // only from a trusted proxy
}

// longestName is the length to which names are folded without allocating. No name of ours may be longer, or it would
// not be found again.
const longestName = 64

// foldedNames is a set of header names in folded form.
type foldedNames struct {
	names   map[string]struct{}
	longest int
}

// fold gives the one form of all spellings of a header name that servers take for the same: CGI and its children turn
// everything that is no letter and no digit into an underscore.
func fold(name string) string {
	b := []byte(name)
	for i, c := range b {
		b[i] = foldByte(c)
	}
	return string(b)
}

func foldByte(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	}
	return '-'
}

func newFoldedNames(names ...string) foldedNames {
	f := foldedNames{names: make(map[string]struct{}, len(names))}
	for _, name := range names {
		f.names[fold(name)] = struct{}{}
		f.longest = max(f.longest, len(name))
	}
	return f
}

// has says whether some server would take name for one of the set.
func (f foldedNames) has(name string) bool {
	var buffer [longestName]byte
	if len(name) > f.longest || len(name) > len(buffer) {
		return false
	}
	for i := range len(name) {
		buffer[i] = foldByte(name[i])
	}
	_, found := f.names[string(buffer[:len(name)])]
	return found
}

// claims are what clients write to be taken for somebody else's proxy: where a request came from, and where it was
// going to. X-Forwarded-For, -Host and -Proto are Caddy's own to overwrite.
var claims = []string{
	"CF-Connecting-IP", "CF-Connecting-IPv6", "Client-IP", "Fastly-Client-IP", "Forwarded", "Forwarded-For",
	"Front-End-Https", "Remote-Addr", "True-Client-IP", "X-Appengine-User-IP", "X-Auth-User", "X-Azure-ClientIP",
	"X-Envoy-External-Address", "X-Forwarded", "X-Originating-IP", "X-Remote-Addr", "X-Remote-IP", "X-Remote-User", "X-Scheme",
	"X-Client-IP", "X-Cluster-Client-IP", "X-Host", "X-Original-Forwarded-For", "X-Original-Host", "X-Original-Method",
	"X-Original-URI", "X-Original-URL", "X-ProxyUser-IP", "X-Real-IP", "X-Rewrite-URL",
}

const forwardedPrefix = "x-forwarded-"

func newScrubber(identity []string) *scrubber {
	return &scrubber{
		// Proxy becomes HTTP_PROXY in CGI programs, which then send their own requests through it (httpoxy).
		identity:  newFoldedNames(append([]string{"Proxy"}, identity...)...),
		untrusted: newFoldedNames(claims...),
	}
}

// unwanted says whether a header or trailer must not reach the app.
func (s *scrubber) unwanted(name string, trusted bool) bool {
	if s.identity.has(name) {
		return true
	}
	return !trusted && (s.untrusted.has(name) || forwarded(name))
}

// forwarded says whether name is of the X-Forwarded family and not one of the three that Caddy overwrites, in exactly
// the spelling that it overwrites.
func forwarded(name string) bool {
	if len(name) < len(forwardedPrefix) {
		return false
	}
	for i := range len(forwardedPrefix) {
		if foldByte(name[i]) != forwardedPrefix[i] {
			return false
		}
	}
	switch name {
	case "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return false
	}
	return true
}

// scrub takes everything unwanted from the request: headers, trailers that are announced or yet to come, and names
// listed in Connection, by which a client could have the proxy delete what the wall sets. trusted says whether the
// request came from a trusted proxy.
func (s *scrubber) scrub(r *http.Request, trusted bool) {
	for name := range r.Header {
		if s.unwanted(name, trusted) {
			delete(r.Header, name)
		}
	}
	s.dropH2C(r.Header)
	s.cleanConnection(r.Header)
	if r.Trailer == nil && r.ContentLength >= 0 {
		return // no trailers can follow
	}
	s.cleanTrailer(r.Trailer, trusted)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &trailerScrubber{ReadCloser: r.Body, scrubber: s, trailer: func() http.Header { return r.Trailer }, trusted: trusted}
	}
}

// dropH2C removes the offer to go on in clear-text HTTP/2, behind which an app would answer unseen.
func (s *scrubber) dropH2C(h http.Header) {
	delete(h, "Http2-Settings")
	for _, v := range h["Upgrade"] {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "h2c") {
				delete(h, "Upgrade")
				return
			}
		}
	}
}

// cleanConnection takes our names out of the Connection header, and Upgrade when there is nothing left to upgrade to.
func (s *scrubber) cleanConnection(h http.Header) {
	lines := h["Connection"]
	upgrade := len(h["Upgrade"]) > 0
	bad := func(token string) bool {
		return s.identity.has(token) || strings.EqualFold(token, "http2-settings") || !upgrade && strings.EqualFold(token, "upgrade")
	}
	if !slices.ContainsFunc(lines, func(line string) bool { return anyToken(line, bad) }) {
		return
	}
	var kept []string
	for _, line := range lines {
		for token := range strings.SplitSeq(line, ",") {
			if token = strings.TrimSpace(token); token != "" && !bad(token) {
				kept = append(kept, token)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

func anyToken(line string, is func(string) bool) bool {
	for token := range strings.SplitSeq(line, ",") {
		if is(strings.TrimSpace(token)) {
			return true
		}
	}
	return false
}

func (s *scrubber) cleanTrailer(t http.Header, trusted bool) {
	for name := range t {
		if s.unwanted(name, trusted) {
			delete(t, name)
		}
	}
}

// trailerScrubber cleans the trailers when the body ends: only then are they read, and any name can be among them.
type trailerScrubber struct {
	io.ReadCloser
	scrubber *scrubber
	trailer  func() http.Header
	trusted  bool
}

func (t *trailerScrubber) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err != nil {
		t.scrubber.cleanTrailer(t.trailer(), t.trusted)
	}
	return n, err
}
