package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/securecookie"

	"github.com/loginwall/loginwall/policy/gate"
)

// The cookies of the wall, without the prefixes that https adds.
const (
	sessionName = "loginwall"      // the session's token
	flowName    = "loginwall-flow" // the emailed link a browser has opened
	formName    = "loginwall-form" // what the forms before a sign-in are bound to
)

// cookie is one of our cookies under the name and with the attributes it has for one kind of connection.
type cookie struct {
	name   string
	domain string
	secure bool
	sealed bool // encrypted, not only signed
	life   int  // seconds; 0: until the browser is closed
}

// sessionCookie holds a random token only, so it is signed and not encrypted.
func (h *Handler) sessionCookie(secure bool) cookie {
	c := hostCookie(sessionName, secure, false)
	if h.CookieDomain != "" {
		c.domain = h.CookieDomain
		if secure {
			c.name = "__Secure-" + sessionName // __Host- allows no domain
		}
	}
	return c
}

// hostCookie is a cookie that no other host can set over https: browsers accept the prefix only from the host itself
// (RFC 6265bis, 4.1.3).
func hostCookie(name string, secure, sealed bool) cookie {
	if secure {
		name = "__Host-" + name
	}
	return cookie{name: name, secure: secure, sealed: sealed}
}

// SessionToken reads the session's token from the Cookie header. present says that a cookie of the name was there;
// token is "" when none of them verifies, and then the visitor is anonymous. Garbage never reaches the store. An error
// means that the keys could not be read, and has been reported.
func (h *Handler) SessionToken(r *http.Request, req Request) (token string, present bool, err error) {
	var value []byte
	ok, present, err := h.read(r, h.sessionCookie(req.Secure), &value)
	if !ok {
		return "", present, err
	}
	return string(value), true, nil
}

// read decodes the first cookie of the name that verifies. A browser may send several of one name, of which a
// neighbouring host has set all but one.
func (h *Handler) read(r *http.Request, c cookie, into any) (ok, present bool, err error) {
	values := sentValues(r, c.name)
	if len(values) == 0 {
		return false, false, nil
	}
	codecs, err := h.codecsFor(r.Context(), c)
	if err != nil {
		return false, true, err
	}
	for _, value := range values {
		for _, codec := range codecs {
			if codec.Decode(c.name, value, into) == nil {
				return true, true, nil
			}
		}
	}
	return false, true, nil
}

// sentValues lists what the browser sent under a name, also what no cookie of ours can look like.
func sentValues(r *http.Request, wanted string) []string {
	var values []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); name == wanted {
				values = append(values, value)
			}
		}
	}
	return values
}

// set encodes a cookie to be sent with the answer. How long it means anything is the server's decision.
func (v *visit) set(c cookie, value any) error {
	codecs, err := v.codecsFor(v.ctx(), c)
	if err != nil {
		return err
	}
	encoded, err := codecs[0].Encode(c.name, value)
	if err != nil {
		return fmt.Errorf("encode cookie: %w", err)
	}
	v.queue(c, encoded, c.life)
	return nil
}

// clear takes a cookie from the browser, with the attributes it was set with.
func (v *visit) clear(c cookie) { v.queue(c, "", -1) }

// queue replaces what was queued under the same name.
func (v *visit) queue(c cookie, value string, maxAge int) {
	next := &http.Cookie{
		Name: c.name, Value: value, Path: "/", Domain: c.domain, MaxAge: maxAge,
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	for i, queued := range v.cookies {
		if queued.Name == c.name {
			v.cookies[i] = next
			return
		}
	}
	v.cookies = append(v.cookies, next)
}

// setCookies sends what was queued.
func (v *visit) setCookies() {
	for _, c := range v.cookies {
		http.SetCookie(v.w, c)
	}
	v.cookies = nil
}

// codecs are those of the cookies that are only signed, or of those that are sealed too, for one state of the keyring.
type codecs struct {
	signing, sealing []gate.Derived // what list was built from
	list             []*securecookie.SecureCookie
}

// codecsFor returns the codecs of a cookie, the one to write with first. All keys of the realm are good for reading.
// They are built when the keyring has changed, and not for each request.
func (h *Handler) codecsFor(ctx context.Context, c cookie) ([]*securecookie.SecureCookie, error) {
	signing, err := h.keys(ctx, "cookie")
	if err != nil {
		return nil, err
	}
	cache, sealing := &h.signed, []gate.Derived(nil)
	if c.sealed {
		cache = &h.sealed
		if sealing, err = h.keys(ctx, "cookie encryption"); err != nil {
			return nil, err
		}
	}
	built := cache.Load()
	if built == nil || !slices.Equal(built.signing, signing) || !slices.Equal(built.sealing, sealing) {
		built = newCodecs(signing, sealing)
		cache.Store(built)
	}
	if len(built.list) == 0 {
		return nil, errors.New("read cookie keys: keyring changed")
	}
	return built.list, nil
}

// newCodecs makes a codec of each key. Without keys to seal with, the codecs only sign.
func newCodecs(signing, sealing []gate.Derived) *codecs {
	built := &codecs{signing: signing, sealing: sealing}
	for i, key := range signing {
		codec := securecookie.New(key.Secret[:], nil).SetSerializer(securecookie.NopEncoder{})
		if sealing != nil {
			if i >= len(sealing) || sealing[i].ID != key.ID {
				break // the keyring changed between the two; what is left is good
			}
			codec = securecookie.New(key.Secret[:], sealing[i].Secret[:]).SetSerializer(securecookie.JSONEncoder{})
		}
		codec.MaxAge(0) // what is too old is decided by the server's records
		built.list = append(built.list, codec)
	}
	return built
}

// keys returns the secrets for a purpose, the one to sign with first. Errors have been reported.
func (h *Handler) keys(ctx context.Context, purpose string) ([]gate.Derived, error) {
	keys, err := h.Gate.Keys().Derive(ctx, purpose)
	if err != nil {
		h.Gate.Observer.StoreFailed("read keys", err)
	}
	return keys, err
}
