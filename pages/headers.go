package pages

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// contentSecurityPolicy lets a page load the style sheet and images of this site and post to it, and nothing else: a
// name that slipped through the escaping could still run no script. form-action also stops a redirect after a post to
// another origin (Chromium), which no form of ours leads to. The script of a page is let in by a nonce of that page and
// not by 'self': what the app behind the wall lets people upload is of the same origin.
const contentSecurityPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

// permissionsPolicy gives up what a sign-in page never needs.
const permissionsPolicy = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

// SetSecurityHeaders sets what every answer under the prefix carries, redirects and JSON included. It does not set the
// type of the content.
func SetSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("Cache-Control", "no-store")
}

// SetHeaders sets all headers of the page v: the security headers, and what the view adds. The caller sends v.Status().
func (r *Renderer) SetHeaders(h http.Header, v View) {
	SetSecurityHeaders(h)
	if nonce := v.nonce(); nonce != "" {
		h.Set("Content-Security-Policy", contentSecurityPolicy+"; script-src 'nonce-"+nonce+"'")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", r.edition(v.language()).words.language)
	h.Set("Referrer-Policy", v.referrer())
	h.Add("Vary", "Cookie")
	if len(r.editions) > 1 {
		h.Add("Vary", "Accept-Language")
	}
	v.addHeaders(h)
}

// SetAssetHeaders sets the headers of an asset. Its name holds a hash of its content, so it may be kept for ever. Headers
// that tell a browser something of pages only are left out: the login page weighs what its assets' headers weigh, too.
func SetAssetHeaders(h http.Header, a Asset) {
	SetSecurityHeaders(h)
	for _, ofPages := range []string{"Cross-Origin-Opener-Policy", "Permissions-Policy", "Referrer-Policy"} {
		h.Del(ofPages)
	}
	h.Set("Content-Type", a.ContentType)
	if a.Gzip != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
}

// setRetryAfter rounds up, so that nobody comes back a moment too early.
func setRetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}
