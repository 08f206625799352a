package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/loginwall/loginwall/policy"
)

// An app keeps sessions of its own, by cookies of its own, and most do not ask again who is there. So the second person
// at one browser would be shown what the first one left open. The fence cookie remembers whose cookies of the app a
// browser holds; when somebody else signs in, the browser is told to drop them.
//
// Only cookies for the whole host can be seen at a sign-in. An app that limits its cookies to a path below needs a host
// of its own (docs/security.md).
const fenceName = "loginwall-fence"

// fenceLife outlives every cookie of an app that may still be there after the browser was closed.
const fenceLife = 400 * 24 * 60 * 60 // seconds; browsers keep none for longer (RFC 6265bis, 5.5)

type fence struct {
	Account policy.AccountID `json:"a"`
}

func (h *Handler) fenceCookie(secure bool) cookie {
	c := hostCookie(fenceName, secure, true)
	c.life = fenceLife
	return c
}

// enter makes the browser one of the account that signs in.
func (v *visit) enter(account policy.AccountID) error {
	var f fence
	c := v.fenceCookie(v.req.Secure)
	if _, _, err := v.read(v.r, c, &f); err != nil {
		return err
	}
	if f.Account != account {
		v.dropForeign()
	}
	return v.set(c, fence{Account: account})
}

// Fence is enter for a host where nobody signs in, since one sign-in holds for several (CookieDomain). It must be asked
// before a request goes on to the app, and takes somebody else's cookies out of it. The lines of Set-Cookie that it
// returns belong to the answer, which no cache may keep then.
func (h *Handler) Fence(r *http.Request, req Request, account policy.AccountID) ([]string, error) {
	if h.CookieDomain == "" {
		return nil, nil
	}
	v := &visit{Handler: h, r: r, req: req}
	var f fence
	c := h.fenceCookie(req.Secure)
	ok, _, err := h.read(r, c, &f)
	switch {
	case err != nil:
		return nil, err
	case ok && f.Account == account:
		return nil, nil
	case ok:
		v.dropForeign()
		delete(r.Header, "Cookie")
	}
	if err := v.set(c, fence{Account: account}); err != nil {
		return nil, err
	}
	lines := make([]string, 0, len(v.cookies))
	for _, c := range v.cookies {
		lines = append(lines, c.String())
	}
	return lines, nil
}

// dropForeign tells the browser to drop the app's cookies that it has just sent.
func (v *visit) dropForeign() {
	seen := make(map[string]bool)
	for _, line := range v.r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if !seen[name] && !OwnCookie(name) && (&http.Cookie{Name: name}).Valid() == nil {
				seen[name] = true
				v.dropCookie(name)
			}
		}
	}
}

// dropCookie writes both forms a cookie of this host can have: a browser only drops the one it was set in.
func (v *visit) dropCookie(name string) {
	domains := []string{""}
	if host := v.hostName(); host != "" && !strings.HasPrefix(name, "__Host-") {
		domains = append(domains, host)
	}
	for _, domain := range domains {
		v.cookies = append(v.cookies, &http.Cookie{
			Name: name, Path: "/", Domain: domain, MaxAge: -1,
			Secure: v.req.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
}

// hostName is the host's name, "" when it is an address or cannot have cookies for a domain.
func (v *visit) hostName() string {
	_, host, _ := strings.Cut(v.req.origin(v.r.Host), "://")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || !strings.Contains(host, ".") {
		return ""
	}
	return host
}
