package caddymodule

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy/gate"
)

// passage is one request on its way through the wall.
type passage struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	next caddyhttp.Handler
	repl *caddy.Replacer
	wall *wall

	path, query string // as the browser sent them: rewrites in front of the wall do not count
	trusted     bool   // came from a trusted proxy
	secure      bool   // the browser speaks https

	signedIn bool
	id       gate.Identity // zero unless signedIn
	worn     worn          // likewise
	private  bool          // the answer is for one person
	fence    []string      // Set-Cookie lines for the answer

	parsed url.Values
}

func (h *Handler) newPassage(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) *passage {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	p := &passage{Handler: h, w: w, r: r, next: next, repl: repl}
	sent := r.URL
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		sent = original.URL
	}
	p.path, p.query = sent.EscapedPath(), sent.RawQuery
	p.trusted, _ = caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	p.secure = r.TLS != nil || p.trusted && strings.EqualFold(last(r.Header["X-Forwarded-Proto"]), "https")
	if p.trusted {
		h.app.warnTrusted(r)
	}
	return p
}

// last gives the last element of a list header: the one the nearest proxy has written.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	list := values[len(values)-1]
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

// warnTrusted tells once that anybody can write the address that limits go by: without trusted_proxies_strict Caddy
// takes the first entry of X-Forwarded-For, which is the client's own.
func (a *App) warnTrusted(r *http.Request) {
	server, ok := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if ok && server.TrustedProxiesStrict == 0 && a.warned.CompareAndSwap(false, true) {
		a.logger.Warn("trusted_proxies is set without trusted_proxies_strict: clients can choose the address that limits and the audit trail go by; add trusted_proxies_strict to the servers block")
	}
}

// host is the host the browser asked for.
func (p *passage) host() string {
	if p.trusted {
		if forwarded := last(p.r.Header["X-Forwarded-Host"]); forwarded != "" {
			return forwarded
		}
	}
	return p.r.Host
}

// origin is the origin the browser sees.
func (p *passage) origin() string {
	if p.secure {
		return "https://" + p.host()
	}
	return "http://" + p.host()
}

// request is what the pages need to know, without the client.
func (p *passage) request() web.Request {
	return web.Request{
		Path: p.path, Query: p.query, Secure: p.secure, Plain: p.inClear(), Origin: p.origin(),
		EarlyData: p.r.TLS != nil && !p.r.TLS.HandshakeComplete,
	}
}

// withClient adds who is asking. It makes the request's id, so it is not for the hot path.
func (p *passage) withClient() web.Request {
	req := p.request()
	id, _ := p.repl.GetString("http.request.uuid")
	req.Client = gate.Client{Address: clientAddress(p.r), Agent: short(p.r.UserAgent(), maxAgent), RequestID: id}
	return req
}

// clientAddress is the address Caddy has found out, in one spelling; "" when it is not known.
func clientAddress(r *http.Request) string {
	text, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// inClear says whether cookies and passwords travel in clear: http, and to a host that is not this machine.
func (p *passage) inClear() bool { return !p.secure && !clause.Loopback(hostName(p.host())) }

// tooPlain says whether that was not allowed by name either.
func (p *passage) tooPlain() bool { return p.inClear() && !p.app.InsecureHTTP }

// hostName cuts the port off a host.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// values parses a query once, and only when a rule asks for it.
func (p *passage) values() url.Values {
	if p.parsed == nil {
		parsed, err := url.ParseQuery(p.query)
		if err != nil {
			parsed = url.Values{} // a query that servers could read differently fits no rule
		}
		p.parsed = parsed
	}
	return p.parsed
}
