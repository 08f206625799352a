package caddymodule

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
)

// Identity is one set of headers by which the app learns who is signed in.
//
// Values are printable ASCII: every other byte, and the percent sign itself, is written as %XX of its UTF-8, so that an
// app gets the value back with any URL decoder and no value can be read as two headers. In the list of groups a comma
// within a group is written %2C. Empty values are not sent at all.
type Identity struct {
	// remote, forwarded or basic.
	Set string `json:"set,omitempty"`
	// Header names that differ from the set's own: user, email, name or groups to a header's name.
	Names map[string]string `json:"names,omitempty"`
	// The password of the set basic, by which the app knows that the wall is asking. May hold placeholders.
	Secret string `json:"secret,omitempty"`
}

// The sets of identity headers.
const (
	setRemote    = "remote"
	setForwarded = "forwarded"
	setBasic     = "basic"
)

// The pieces of an identity, as the configuration names them.
const (
	pieceUser   = "user"
	pieceEmail  = "email"
	pieceName   = "name"
	pieceGroups = "groups"
)

var pieces = []string{pieceUser, pieceEmail, pieceName, pieceGroups}

// sets holds the header names of the sets that have several.
var sets = map[string]map[string]string{
	setRemote: {
		pieceUser: "Remote-User", pieceEmail: "Remote-Email", pieceName: "Remote-Name", pieceGroups: "Remote-Groups",
	},
	setForwarded: {
		pieceUser: "X-Forwarded-User", pieceEmail: "X-Forwarded-Email",
		pieceName: "X-Forwarded-Preferred-Username", pieceGroups: "X-Forwarded-Groups",
	},
}

// assertionHeader will carry the signed assertion. It is taken from requests already: an app that is being prepared
// for it must not believe a client's.
const assertionHeader = "Loginwall-Assertion"

// maxIdentity bounds the bytes of one request's identity. Servers cut or refuse longer headers each in its own way, and
// a list of groups that was cut is a wrong one.
const maxIdentity = 8 << 10

// errIdentity means that an identity cannot be written in headers; then nobody passes.
var errIdentity = errors.New("identity does not fit into headers")

// checkSecret judges the secret of the set basic.
func checkSecret(secret string) error {
	if secret == "" || !httpguts.ValidHeaderFieldValue(secret) {
		return errors.New("identity basic has no usable secret: write identity basic {env.APP_SECRET}")
	}
	return nil
}

func checkSet(set string) error {
	switch set {
	case setRemote, setForwarded, setBasic:
		return nil
	}
	return fmt.Errorf("identity %q is unknown: write remote, forwarded or basic <secret>", set)
}

// hopByHop are the names that a proxy takes out before it asks the app.
var hopByHop = []string{
	"Alt-Svc", "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te",
	"Trailer", "Transfer-Encoding", "Upgrade",
}

// reserved are names that mean something else to every server, so that setting them would break requests.
var reserved = []string{
	"Authorization", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "Expect", "Host", "Origin",
	"Proxy", "Range", "Referer", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// checkHeaderName judges the name of an identity header.
func checkHeaderName(name string) error {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case len(name) > longestName:
		return fmt.Errorf("identity header %q is too long: at most %d letters, such as X-WebAuth-User", name, longestName)
	case !httpguts.ValidHeaderFieldName(name) || strings.Trim(fold(name), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
		strings.ContainsFunc(name, func(r rune) bool { return r != '-' && foldByte(byte(r)) == '-' }):
		return fmt.Errorf("identity header %q is no plain header name: use letters, digits and -, such as X-WebAuth-User", name)
	case slices.Contains(hopByHop, canonical):
		return fmt.Errorf("identity header %q is for one hop only and would never reach the app: use another, such as X-WebAuth-User", name)
	case slices.Contains(reserved, canonical):
		return fmt.Errorf("identity header %q has a meaning of its own: use another, such as X-WebAuth-User", name)
	}
	return nil
}

// check judges the set and its names, as far as they hold no placeholders.
func (i Identity) check() error {
	if err := clause.CheckLiteral(i.Set, checkSet); err != nil {
		return err
	}
	if i.Set == setBasic {
		if len(i.Names) > 0 {
			return errors.New("identity basic has no names to change: it is always Authorization")
		}
		return nil
	}
	if i.Secret != "" && !clause.HasPlaceholder(i.Set) {
		return fmt.Errorf("identity %s has no secret: only basic has one", i.Set)
	}
	for _, piece := range slices.Sorted(maps.Keys(i.Names)) {
		if !slices.Contains(pieces, piece) {
			return fmt.Errorf("identity %s has no %q: the names are user, email, name and groups", i.Set, piece)
		}
		if err := clause.CheckLiteral(i.Names[piece], checkHeaderName); err != nil {
			return err
		}
	}
	return nil
}

// expanded is the set with the values its placeholders stand for, judged.
func (i Identity) expanded() (Identity, error) {
	set, err := clause.Expand("identity", i.Set, checkSet)
	if err != nil {
		return i, err
	}
	out := Identity{Set: set}
	if out.Secret, err = clause.Expand("identity "+set, i.Secret, nil); err != nil {
		return i, err
	}
	for piece, name := range i.Names {
		if name, err = clause.Expand("identity "+piece, name, nil); err != nil {
			return i, err
		}
		if err := checkHeaderName(name); err != nil {
			return i, err
		}
		if out.Names == nil {
			out.Names = make(map[string]string)
		}
		out.Names[piece] = name
	}
	return out, out.check()
}

// wear is how the identity is put on: which header takes which piece.
type wear struct {
	headers []header
	basic   string // the secret; "" without the set basic
}

type header struct{ name, piece string }

// newWear expands and judges the configured sets. Without any it is the set remote.
func newWear(configured []Identity) (*wear, error) {
	if len(configured) == 0 {
		configured = []Identity{{Set: setRemote}}
	}
	w := new(wear)
	seen := make(map[string]bool)
	for _, raw := range configured {
		i, err := raw.expanded()
		if err != nil {
			return nil, err
		}
		if i.Set == setBasic {
			if err := checkSecret(i.Secret); err != nil {
				return nil, err
			}
			if w.basic != "" {
				return nil, errors.New("identity basic is given twice: one of them would be lost")
			}
			w.basic = i.Secret
			continue
		}
		for _, piece := range pieces {
			name := sets[i.Set][piece]
			if own, changed := i.Names[piece]; changed {
				name = own
			}
			name = http.CanonicalHeaderKey(name)
			if seen[name] {
				return nil, fmt.Errorf("identity header %q is given twice: one of them would be lost", name)
			}
			seen[name] = true
			w.headers = append(w.headers, header{name, piece})
		}
	}
	return w, nil
}

// names are the header names that only the wall may set on a request for this site.
func (w *wear) names() []string {
	all := []string{assertionHeader}
	for _, set := range sets {
		all = slices.AppendSeq(all, maps.Values(set))
	}
	for _, h := range w.headers {
		all = append(all, h.name)
	}
	if w.basic != "" {
		all = append(all, "Authorization")
	}
	return all
}

// worn is an account as it is written in headers.
type worn struct{ email, name, groups string }

func dress(a *policy.Account) worn {
	return worn{email: encode(a.Email, ""), name: encode(a.Name, ""), groups: encodeList(a.Groups)}
}

func (w worn) piece(piece string) string {
	switch piece {
	case pieceName:
		return w.name
	case pieceGroups:
		return w.groups
	}
	return w.email
}

// put sets the identity of an account. The client's own are gone by then. An error means that it does not fit.
func (w *wear) put(h http.Header, a *policy.Account, as worn) error {
	size := 0
	for _, target := range w.headers {
		value := as.piece(target.piece)
		if size += len(value); size > maxIdentity {
			return errIdentity
		}
		if value != "" {
			h[target.name] = []string{value}
		}
	}
	if w.basic != "" {
		if strings.Contains(a.Email, ":") { // the app would take the rest of the address for the password
			return errIdentity
		}
		h["Authorization"] = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(a.Email+":"+w.basic))}
	}
	return nil
}

// encodeList joins words with commas; a comma within a word is encoded.
func encodeList(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return encode(list[0], ",")
	}
	encoded := make([]string, len(list))
	for i, s := range list {
		encoded[i] = encode(s, ",")
	}
	return strings.Join(encoded, ",")
}

// encode writes what is not printable ASCII, the percent sign and the bytes in also as %XX. A blank at either end is
// encoded too, since servers drop it.
func encode(s, also string) string {
	plain := func(i int) bool {
		c := s[i]
		return c > ' ' && c < 0x7f && c != '%' && strings.IndexByte(also, c) < 0 || c == ' ' && i > 0 && i < len(s)-1
	}
	clean := true
	for i := range len(s) {
		clean = clean && plain(i)
	}
	if clean {
		return s
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(i) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
