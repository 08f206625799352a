package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sites of a realm on https: two that share their sign-in when cookie_domain says so, and one on plain http that
// should not be there.
const httpsCaddyfile = `{
	admin {$ADMIN}
	log {
		output stderr
		format json
	}
	skip_install_trust
	local_certs
	http_port {$HTTP}
	https_port {$PORT}
	default_bind 127.0.0.1
	login_wall {
		name "SecureMail"
		url https://mail.example.test:{$PORT}
		mail file {$SPOOL}/mail
		phone file {$SPOOL}/phone
		%s
	}
}
https://mail.example.test:{$PORT}, https://files.example.test:{$PORT} {
	login_wall
	reverse_proxy {$APP}
}
http://mail.example.test:{$PLAIN} {
	login_wall
	reverse_proxy {$APP}
}
`

// secureSite starts it. host opens a browser on one of its hosts; port is one of those of the rig.
func secureSite(t *testing.T, app *App, realm string) (g *Gateway, open func(scheme, host string) *Browser) {
	t.Helper()
	plainPort, httpPort := freePort(t), freePort(t)
	g = Start(t, Settings{
		App: app.Address, Caddyfile: fmt.Sprintf(httpsCaddyfile, realm),
		Env: []string{fmt.Sprintf("PLAIN=%d", plainPort), fmt.Sprintf("HTTP=%d", httpPort)},
	})
	port := g.URL[strings.LastIndexByte(g.URL, ':')+1:]
	root, err := os.ReadFile(filepath.Join(g.Dir, "data/caddy/pki/authorities/local/root.crt"))
	if err != nil {
		t.Fatalf("read authority: %v", err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(root)
	ports := map[string]string{"https": port, "http": fmt.Sprint(plainPort), "redirect": fmt.Sprint(httpPort)}
	open = func(scheme, host string) *Browser {
		origin := strings.Replace(scheme, "redirect", "http", 1) + "://" + host + ":" + ports[scheme]
		b := NewBrowser(t, origin, &tls.Config{RootCAs: trusted})
		b.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
		}
		return b
	}
	// Certificates are made in the background.
	g.Eventually("answer over https", startTime, func() bool {
		_, err := open("https", "files.example.test").Do(open("https", "files.example.test").Request(http.MethodGet, "/_auth/login", nil))
		_, err2 := open("https", "mail.example.test").Do(open("https", "mail.example.test").Request(http.MethodGet, "/_auth/login", nil))
		return err == nil && err2 == nil
	})
	return g, open
}

// setUp is Active on a site of another origin.
func setUp(g *Gateway, b *Browser) *Person {
	g.tb.Helper()
	p := g.Invite()
	link := g.Spool.Link(p.Email)
	if !strings.HasPrefix(link, b.Origin+"/_auth/setup?token=") {
		g.tb.Errorf("link leads to %s, want %s", strings.SplitN(link, "?", 2)[0], b.Origin)
	}
	b.Finish(b.ToPassword(link, func() string { return g.Spool.Code(p.Phone) }), p.Password)
	return p
}

// wantCookies checks the attributes of what an answer sets and returns the cookies by name.
func wantCookies(t *testing.T, p Page, prefix, domain string) map[string]*http.Cookie {
	t.Helper()
	set := make(map[string]*http.Cookie)
	for _, c := range p.Cookies() {
		set[c.Name] = c
		wantDomain, wantPrefix := "", "__Host-"
		if c.Name == prefix+"loginwall" {
			wantDomain, wantPrefix = domain, prefix
		}
		if !strings.HasPrefix(c.Name, wantPrefix) || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != wantDomain || len(c.Raw) > 4096 {
			t.Errorf("%s sets %q", p.Request.URL.Path, c.Raw)
		}
	}
	return set
}

func TestSE04_HTTPS(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	g, open := secureSite(t, app, "")
	b := open("https", "mail.example.test")
	p := b.Get("/_auth/login")
	if p.ProtoMajor != 2 {
		t.Errorf("spoken over %s, want HTTP/2", p.Proto)
	}
	if hsts := p.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(hsts, "max-age=") || hsts == "max-age=0" {
		t.Errorf("Strict-Transport-Security %q", hsts)
	}
	if len(wantCookies(t, p, "__Host-", "")) == 0 {
		t.Error("the login page sets no cookie that its form could be bound to")
	}
	jo := setUp(g, b)
	p = b.Login(jo.Email, jo.Password)
	session := wantCookies(t, p, "__Host-", "")["__Host-loginwall"]
	if session == nil || session.MaxAge < 0 || strings.Contains(session.Value, jo.Email) {
		t.Fatalf("sign-in sets %v", p.Header["Set-Cookie"])
	}
	p = b.Get("/")
	wantStatus(t, p, http.StatusOK)
	if len(p.Cookies()) > 0 {
		t.Errorf("an answer of the app sets %v", p.Header["Set-Cookie"])
	}
	wantRefused(t, open("https", "files.example.test").Get("/")) // each site has its own sign-in

	p = b.Submit(b.Get("/_auth/logout"))
	gone := wantCookies(t, p, "__Host-", "")["__Host-loginwall"]
	if gone == nil || gone.MaxAge >= 0 {
		t.Errorf("sign-out sets %v, want the session's cookie taken away", p.Header["Set-Cookie"])
	}
	if clear := p.Header.Get("Clear-Site-Data"); !strings.Contains(clear, `"cache"`) { // SE-18
		t.Errorf("Clear-Site-Data %q", clear)
	}
	wantRefused(t, b.Get("/"))
}

func TestSE26_NothingOverPlainHTTP(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	g, open := secureSite(t, app, "")
	secure := open("https", "mail.example.test")
	jo := setUp(g, secure)
	secure.SignIn(jo.Email, jo.Password)
	stolen := "__Host-loginwall=" + secure.Cookies()["__Host-loginwall"] + "; loginwall=" + secure.Cookies()["__Host-loginwall"]

	for _, scheme := range []string{"http", "redirect"} {
		for _, cookie := range []string{"", stolen} {
			b := open(scheme, "mail.example.test")
			if cookie != "" {
				b.Header.Set("Cookie", cookie)
			}
			for _, path := range []string{"/", "/_auth/login", "/_auth/account", "/_auth/reset?token=abc"} {
				p := b.Get(path)
				if to := p.Header.Get("Location"); p.StatusCode < 300 || p.StatusCode >= 400 || !strings.HasPrefix(to, "https://mail.example.test") {
					t.Errorf("%s%s: status %d, location %q; want a redirect to https", b.Origin, path, p.StatusCode, to)
				}
				if len(p.Cookies()) > 0 || strings.Contains(p.Body, "<form") {
					t.Errorf("%s%s: sets %v or shows a form", b.Origin, path, p.Header["Set-Cookie"])
				}
			}
			p, err := b.Do(b.Request(http.MethodPost, "/_auth/login", fields([]string{"email", jo.Email, "password", jo.Password})))
			if err != nil {
				t.Fatal(err)
			}
			if p.StatusCode < 300 || p.StatusCode == http.StatusSeeOther || len(p.Cookies()) > 0 {
				t.Errorf("%s: sign-in over plain http: status %d, sets %v", b.Origin, p.StatusCode, p.Header["Set-Cookie"])
			}
		}
	}
	if n := len(app.Requests()); n != 0 {
		t.Errorf("the app has seen %d requests", n)
	}
}

func TestCookieDomain(t *testing.T) {
	t.Parallel()
	g, open := secureSite(t, StartApp(t), "cookie_domain example.test")
	b := open("https", "mail.example.test")
	jo := setUp(g, b)
	p := b.Login(jo.Email, jo.Password)
	if set := wantCookies(t, p, "__Secure-", "example.test"); set["__Secure-loginwall"] == nil {
		t.Fatalf("sign-in sets %v", p.Header["Set-Cookie"])
	}
	files := *b
	files.Origin = open("https", "files.example.test").Origin
	wantStatus(t, b.Get("/"), http.StatusOK)
	wantStatus(t, files.Get("/"), http.StatusOK)
	files.SignOut()
	wantRefused(t, b.Get("/"))
	names := []string{}
	for name := range b.Cookies() {
		names = append(names, name)
	}
	if slices.Contains(names, "__Secure-loginwall") {
		t.Error("the session's cookie is still there after the sign-out")
	}
}
