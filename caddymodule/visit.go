package caddymodule

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// visit is one request on its way through the wall.
type visit struct {
	*Handler
	w    http.ResponseWriter
	r    *http.Request
	repl *caddy.Replacer
	wall *wall

	path, query string // as the browser sent them: rewrites in front of the wall do not count
	trusted     bool   // came from a trusted proxy
	secure      bool   // the browser speaks https
	signedIn    bool
	fence       []string // Set-Cookie lines for the answer

	parsed url.Values
}

func (h *Handler) newVisit(w http.ResponseWriter, r *http.Request, repl *caddy.Replacer) *visit {
	v := &visit{Handler: h, w: w, r: r, repl: repl}
	sent := r.URL
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		sent = original.URL
	}
	v.path, v.query = sent.EscapedPath(), sent.RawQuery
	v.trusted, _ = caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	v.secure = r.TLS != nil || v.trusted && strings.EqualFold(last(r.Header["X-Forwarded-Proto"]), "https")
	if v.trusted {
		h.app.warnTrusted(r)
	}
	return v
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
func (v *visit) host() string {
	if v.trusted {
		if forwarded := last(v.r.Header["X-Forwarded-Host"]); forwarded != "" {
			return forwarded
		}
	}
	return v.r.Host
}

// origin is the origin the browser sees.
func (v *visit) origin() string {
	if v.secure {
		return "https://" + v.host()
	}
	return "http://" + v.host()
}

// request is what the pages need to know, without the client.
func (v *visit) request() web.Request {
	return web.Request{
		Path: v.path, Query: v.query, Secure: v.secure, Plain: v.inClear(), Origin: v.origin(),
		EarlyData: v.r.TLS != nil && !v.r.TLS.HandshakeComplete,
	}
}

// withClient adds who is asking. It makes the request's id, so it is not for the hot path.
func (v *visit) withClient() web.Request {
	req := v.request()
	id, _ := v.repl.GetString("http.request.uuid")
	req.Client = gate.Client{Address: clientAddress(v.r), Agent: short(v.r.UserAgent(), maxAgent), RequestID: id}
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
func (v *visit) inClear() bool { return !v.secure && !clause.Loopback(hostName(v.host())) }

// plain says whether that was not allowed by name either.
func (v *visit) plain() bool { return v.inClear() && !v.app.InsecureHTTP }

// hostName cuts the port off a host.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// isWebSocket says whether a request opens a WebSocket, in HTTP/1 or by the extended CONNECT of HTTP/2 and 3.
func isWebSocket(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		protocol := r.Proto
		if values := r.Header[":protocol"]; len(values) > 0 {
			protocol = values[0]
		}
		return r.ProtoMajor >= 2 && protocol == "websocket"
	}
	for _, line := range r.Header["Upgrade"] {
		if anyToken(line, func(token string) bool { return strings.EqualFold(token, "websocket") }) {
			return true
		}
	}
	return false
}

// ownOrigin says whether a WebSocket was opened by a page of this site. Browsers let any page open one, with cookies,
// and always say which; programs that are no browsers say nothing and hold their cookie by right.
func (v *visit) ownOrigin() bool {
	origins := v.r.Header["Origin"]
	switch len(origins) {
	case 0:
		return true
	case 1:
		return strings.EqualFold(origins[0], v.origin()) || origins[0] == v.app.publicURL()
	}
	return false
}

// serveOwn answers with a page of the wall.
func (v *visit) serveOwn() {
	if v.plain() && v.path != v.app.realm.base+"/health" {
		v.refusePlain()
		return
	}
	if v.secretive() && !v.holdsToken() { // else it is kept already
		v.keepFromLog()
	}
	v.wall.web.Serve(v.w, v.r, v.withClient())
}

// secretive says whether the address itself may hold a secret: a link's token, or what somebody has typed into a form
// that was sent in the wrong way. The access log takes the address before any handler runs.
func (v *visit) secretive() bool {
	if v.query == "" {
		return false
	}
	switch page, _ := strings.CutPrefix(v.path, v.app.realm.base); page {
	case "/reset", "/setup":
		return true
	}
	return !strings.HasPrefix(v.query, "next=") || strings.Contains(v.query, "&")
}

// linkToken finds the token of a link in an address, also where a mail program has escaped what stands around it.
var linkToken = regexp.MustCompile(`token(?:=|%(?:25)*3[Dd])[A-Za-z0-9_-]{43}`)

// holdsToken says whether a link's token is anywhere in the address: in a link to another page than ours, too, since
// people mistype links and mail programs mangle them.
func (v *visit) holdsToken() bool {
	for _, part := range []string{v.path, v.query} {
		if strings.Contains(part, "token") && linkToken.MatchString(part) {
			return true
		}
	}
	return false
}

// keepFromLog drops the line of the access log, which has the address as it was sent, and writes one of the audit
// trail without the secret instead, so that nobody can visit unseen by wearing one.
func (v *visit) keepFromLog() {
	caddyhttp.SetVar(v.r.Context(), caddyhttp.LogSkipVar, true)
	path := linkToken.ReplaceAllString(v.path, "token=REDACTED")
	v.app.observer.Event(gate.Event{
		Name: "request.redacted", Time: time.Now().UTC(), Client: v.withClient().Client, Outcome: policy.OK,
		Detail: v.r.Method + " " + short(path, maxAgent),
	})
}

func (v *visit) refuse() {
	target := v.path
	if v.query != "" {
		target += "?" + v.query
	}
	v.wall.web.Refuse(v.w, v.r, v.withClient(), target)
}

func (v *visit) unavailable() { v.wall.web.Unavailable(v.w, v.r, v.withClient()) }

// refusePlain answers a request over plain http to a host on the network. It sets no cookie and shows no form. A page
// load is led to the configured https address where it is this very host, unless a proxy in front says that the
// browser speaks https already: then the redirect would go round in a circle.
func (v *visit) refusePlain() {
	claimed := strings.EqualFold(last(v.r.Header["X-Forwarded-Proto"]), "https")
	origin, err := url.Parse(v.app.publicURL())
	sameHost := err == nil && origin.Scheme == "https" && strings.EqualFold(origin.Hostname(), hostName(v.host()))
	if claimed || !sameHost || v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		if v.app.warnedPlain.CompareAndSwap(false, true) {
			v.app.logger.Warn("plain http was refused: serve the site over https, name the proxy in front in trusted_proxies, or allow it with insecure_http in the global login_wall block", zap.String("host", short(v.r.Host, 128)))
		}
		v.text(http.StatusForbidden, "This site is reached by https only.")
		return
	}
	target := *origin
	target.RawPath, target.RawQuery = "", ""
	v.w.Header().Set("Location", strings.TrimSuffix(target.String(), "/")+v.path+query(v.query))
	v.text(http.StatusTemporaryRedirect, "")
}

func query(raw string) string {
	if raw == "" {
		return ""
	}
	return "?" + raw
}
