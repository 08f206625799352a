package caddymodule

import (
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/pages/web"
)

// guardedWriter keeps the app from setting the wall's cookies, by which a hole in it could sign people out or into
// somebody else's account, and keeps shared caches from holding what only one person may see. It buffers nothing.
type guardedWriter struct {
	*caddyhttp.ResponseWriterWrapper
	private bool     // the answer is for one person
	fence   []string // lines of Set-Cookie of our own
	wrote   bool     // the final headers are out
}

// WriteHeader also sees the headers that come before the answer (1xx) and those of a switch of protocols.
func (g *guardedWriter) WriteHeader(status int) {
	if !g.wrote {
		g.clean(status)
	}
	g.ResponseWriterWrapper.WriteHeader(status)
}

func (g *guardedWriter) clean(status int) {
	h := g.Header()
	if cookies := h["Set-Cookie"]; len(cookies) > 0 {
		h["Set-Cookie"] = withoutOwn(cookies)
		if len(h["Set-Cookie"]) == 0 {
			delete(h, "Set-Cookie")
		}
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	g.wrote = true
	if len(g.fence) > 0 {
		h["Set-Cookie"] = append(h["Set-Cookie"], g.fence...)
		h["Cache-Control"] = []string{"no-store"}
	}
	if g.private && status != http.StatusSwitchingProtocols && len(h["Cache-Control"]) == 0 && len(h["Expires"]) == 0 {
		// Caches may keep what says nothing for as long as they think fit (RFC 9111, 4.2.2), and a browser would show a
		// page again after its person has signed out.
		h["Cache-Control"] = []string{"private"}
		if isPage(h) {
			h["Cache-Control"] = []string{"no-store"}
		}
	}
}

func isPage(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	kind = strings.TrimSpace(strings.ToLower(kind))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// withoutOwn keeps the order and the bytes of what is not ours.
func withoutOwn(cookies []string) []string {
	kept := make([]string, 0, len(cookies))
	for _, line := range cookies {
		if !web.OwnCookie(cookieName(line)) {
			kept = append(kept, line)
		}
	}
	return kept
}

// cookieName is the name a browser will send a cookie under. One without a name is sent as its value alone, which can
// look like a name and a value again.
func cookieName(line string) string {
	line = strings.TrimLeft(line, " \t=")
	for i := range len(line) {
		if line[i] == '=' || line[i] == ';' {
			return line[:i]
		}
	}
	return line
}

// Write sends the headers first, as every writer does.
func (g *guardedWriter) Write(b []byte) (int, error) {
	if !g.wrote {
		g.WriteHeader(http.StatusOK)
	}
	return g.ResponseWriterWrapper.Write(b)
}

// ReadFrom lets the kernel copy where it can.
func (g *guardedWriter) ReadFrom(r io.Reader) (int64, error) {
	if !g.wrote {
		g.WriteHeader(http.StatusOK)
	}
	return g.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError sends what is there. Without it the headers would go out behind our back.
func (g *guardedWriter) FlushError() error {
	if !g.wrote {
		g.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}
