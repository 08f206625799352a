package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/policy"
)

// ownOrigin tells whether a post came from one of our own pages, as far as the browser says (OWASP ASVS 5.0, 3.5.1).
// Neighbouring hosts are not trusted. Requests that say nothing are left to the form token.
func (v *visit) ownOrigin() bool {
	if v.fromElsewhere() {
		return false
	}
	origins := v.r.Header["Origin"]
	if len(origins) == 0 {
		return true
	}
	if len(origins) > 1 {
		return false
	}
	if origins[0] == "null" {
		// Pages behind a link send no Referer, and so no Origin. A sandboxed frame cannot call itself same-origin.
		return v.r.Header.Get(fetchSite) == "same-origin"
	}
	for _, own := range []string{v.req.origin(v.r.Host), v.Origin()} {
		if own != "" && strings.EqualFold(origins[0], own) {
			return true
		}
	}
	return false
}

const fetchSite = "Sec-Fetch-Site"

// fromElsewhere tells whether the browser says that another site's page made this request.
func (v *visit) fromElsewhere() bool {
	site := v.r.Header.Get(fetchSite)
	return site != "" && site != "same-origin" && site != "none"
}

func (req Request) origin(host string) string {
	switch {
	case req.Origin != "":
		return req.Origin
	case req.Secure:
		return "https://" + host
	}
	return "http://" + host
}

// tokenLife is how long a form may lie open.
const tokenLife = 12 * time.Hour

// A form token is a time, random bytes, the hash of what it is bound to, and a MAC over the three. It carries what it
// is bound to so that a form of a former visit can be told from a forged one, and be shown again.
const (
	timeSize  = 8
	nonceSize = 16
	boundSize = 16
	tokenSize = timeSize + nonceSize + boundSize + sha256.Size
)

// verdict is what a form token is worth.
type verdict int

const (
	forged  verdict = iota // missing, or not made by us
	foreign                // made for another session, link or browser
	tooOld
	fits
)

// What a form token is bound to: the signed-in session, the link opened in this browser, or the browser's form cookie.
func boundToSession(token string) string { return "session " + token }
func boundToFlow(id string) string       { return "flow " + id }
func boundToForm(id string) string       { return "form " + id }

// formToken makes the hidden field of a form.
func (v *visit) formToken(bound string) (string, error) {
	keys, err := v.keys(v.ctx(), "form")
	if err != nil {
		return "", err
	}
	b := make([]byte, timeSize+nonceSize, tokenSize)
	binary.BigEndian.PutUint64(b, uint64(v.Gate.Now().Unix()))
	rand.Read(b[timeSize:])
	b = append(b, boundHash(bound)...)
	b = append(b, sign(keys[0].Secret, b)...)
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// posted reads a form with the named fields and judges its token. binds tells, from what was sent, what the token must be
// bound to; where there is nothing to do it answers and returns "". Whenever the verdict is forged, the post has been
// answered, or there is an error.
func (v *visit) posted(binds func(form) (bound string, err error), names ...string) (form, verdict, error) {
	f, ok := v.form(append(names, fieldToken)...)
	if !ok {
		return nil, forged, nil
	}
	bound, err := binds(f)
	if err != nil || bound == "" {
		return nil, forged, err
	}
	worth, err := v.judge(f[fieldToken], bound)
	if err != nil {
		return nil, forged, err
	}
	if worth == forged {
		v.refuseForged()
	}
	return f, worth, nil
}

// byForm binds to the form cookie, which is left in state. A post without one of the fields that its form has, or with
// what was never typed, is refused.
func (v *visit) byForm(state *formState, fields ...string) func(form) (string, error) {
	return func(f form) (bound string, err error) {
		if !f.hasAll(fields) || len(f[fieldEmail]) > longestEmail {
			v.show(pages.BadRequest{Page: v.page()})
			return "", nil
		}
		if *state, err = v.formState(); err != nil {
			return "", err
		}
		return boundToForm(state.ID), nil
	}
}

// byMember binds to the session of whoever is signed in, who is left in m.
func (v *visit) byMember(m *member) func(form) (string, error) {
	return func(form) (string, error) {
		found, ok, err := v.member()
		if err != nil || !ok {
			return "", err
		}
		*m = found
		return boundToSession(m.token), nil
	}
}

// judge tells what the token of a posted form is worth.
func (v *visit) judge(token, bound string) (verdict, error) {
	keys, err := v.keys(v.ctx(), "form")
	if err != nil {
		return forged, err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != tokenSize {
		return forged, nil
	}
	body, mac := b[:tokenSize-sha256.Size], b[tokenSize-sha256.Size:]
	ours := false
	for _, key := range keys {
		ours = ours || hmac.Equal(mac, sign(key.Secret, body))
	}
	if !ours {
		return forged, nil
	}
	if subtle.ConstantTimeCompare(body[timeSize+nonceSize:], boundHash(bound)) != 1 {
		return foreign, nil
	}
	made, now := time.Unix(int64(binary.BigEndian.Uint64(body)), 0), v.Gate.Now()
	if !now.Before(made.Add(tokenLife)) || made.After(now.Add(policy.FutureTolerance)) {
		return tooOld, nil
	}
	return fits, nil
}

func boundHash(bound string) []byte {
	sum := sha256.Sum256([]byte(bound))
	return sum[:boundSize]
}

func sign(secret [32]byte, body []byte) []byte {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(body)
	return mac.Sum(nil)
}
