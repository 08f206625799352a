package caddymodule

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Ensure the wall's cookies and the app's keep out of each other's way.
func TestSE23T3_Cookies(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	g.account("alice@example.com")
	own := g.cookies(g.signIn("alice@example.com"))
	for _, path := range []string{"/", "/public/x"} {
		g.get(path, "Cookie: a=1; "+own+"; b=\"2\"; LOGINWALL=x; __Host-loginwall=x", "Cookie: c=3")
		got := g.app.only(t)
		if strings.Contains(strings.ToLower(got), "loginwall") {
			t.Errorf("%s: a cookie of the wall reached the app:\n%s", path, got)
		}
		cookies := strings.Join(headerOf(got, "Cookie"), "; ")
		for _, want := range []string{"a=1", `b="2"`, "c=3"} {
			if !strings.Contains(cookies, want) {
				t.Errorf("%s: cookie %s is gone: %q", path, want, cookies)
			}
		}
	}
	g.app.setAnswer("HTTP/1.1 200 OK\nSet-Cookie: a=1; Path=/\nSet-Cookie: loginwall=evil\nset-cookie: __Host-loginwall=evil; Path=/\n" +
		"Set-Cookie: LoginWall-Flow=evil\nSet-Cookie: b=2\nContent-Length: 0\n\n")
	for _, path := range []string{"/", "/public/x"} {
		answer := g.get(path, "Cookie: "+own)
		if strings.Contains(answer, "evil") || !strings.Contains(answer, "a=1; Path=/") || !strings.Contains(answer, "b=2") {
			t.Errorf("%s: %q", path, answer)
		}
	}
}

// Ensure what was made for one person is not kept by shared caches, and the app's own word on it stands.
func TestPX26_CacheControl(t *testing.T) {
	g := startGateway(t, "", "public /public/*")
	g.account("alice@example.com")
	cookie := "Cookie: " + g.cookies(g.signIn("alice@example.com"))
	if answer := g.get("/", cookie); !strings.Contains(answer, "Cache-Control: private\r\n") {
		t.Errorf("no word on caching: %q", answer)
	}
	if answer := g.get("/public/x", cookie); strings.Contains(answer, "Cache-Control") {
		t.Errorf("public path: %q", answer)
	}
	g.app.setAnswer("HTTP/1.1 200 OK\nContent-Type: Text/HTML; charset=utf-8\nContent-Length: 0\n\n")
	if answer := g.get("/", cookie); !strings.Contains(answer, "Cache-Control: no-store\r\n") { // SE-18: the back button
		t.Errorf("a page: %s", answer)
	}
	g.app.setAnswer("HTTP/1.1 200 OK\nCache-Control: max-age=60\nContent-Length: 0\n\n")
	if answer := g.get("/", cookie); !strings.Contains(answer, "Cache-Control: max-age=60\r\n") || strings.Contains(answer, "private") {
		t.Errorf("the app's word was changed: %q", answer)
	}
}

// Ensure placeholders are there for later handlers, and are empty, not their own names, when nobody is signed in.
func TestPlaceholders(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	login_wall {
		store file {$DIR}/store
	}
}
http://localhost:{$PORT} {
	login_wall {
		public /public
	}
	respond "id={http.auth.user.id} email={http.auth.user.email} name={http.auth.user.name} groups={http.auth.user.groups} session={http.auth.user.session}."
}`)
	a := g.account("alice@example.com", "a", "b")
	c := g.signIn("alice@example.com")
	_, body := g.page(c, "/")
	want := fmt.Sprintf("id=%s email=alice@example.com name=Alice A groups=a,b session=", a.ID)
	if !strings.HasPrefix(body, want) || strings.HasSuffix(body, "session=.") {
		t.Errorf("signed in: %q", body)
	}
	if _, body := g.page(c, "/public"); body != "id= email= name= groups= session=." {
		t.Errorf("public: %q", body)
	}
}

// Ensure rewrites in front of the wall neither hide its pages nor open the app.
func TestRewriteInFront(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	login_wall {
		store file {$DIR}/store
	}
}
http://localhost:{$PORT} {
	rewrite /b /billing/x
	rewrite /billing/old /archive
	rewrite /c /public/x
	rewrite /_auth/* /index.html
	login_wall {
		public /public/*
		require /billing/* billing
	}
	reverse_proxy {$APP}
}`)
	if _, body := g.page(g.browser(), "/_auth/login"); !strings.Contains(body, "Sign In") {
		t.Errorf("login page: %q", body)
	}
	if response, _ := g.page(g.browser(), "/c"); response.StatusCode != 303 {
		t.Errorf("rewritten to a public path: status %d", response.StatusCode)
	}
	g.account("alice@example.com", "sales")
	c := g.signIn("alice@example.com")
	for _, path := range []string{"/b", "/billing/old"} {
		if response, _ := g.page(c, path); response.StatusCode != 403 {
			t.Errorf("%s without the group: status %d", path, response.StatusCode)
		}
	}
}

// Ensure every rule that covers a path must admit, and any one of its groups does.
func TestRequire(t *testing.T) {
	g := startGateway(t, "", "require /billing/* billing admins\nrequire /billing/refunds/* refunds")
	g.account("billing@example.com", "billing")
	g.account("both@example.com", "admins", "refunds")
	g.account("refunds@example.com", "refunds")
	for _, test := range []struct {
		email, path string
		status      int
	}{
		{"billing@example.com", "/", 200},
		{"billing@example.com", "/billing/x", 200},
		{"billing@example.com", "/billing/refunds/1", 403},
		{"both@example.com", "/billing/refunds/1", 200},
		{"refunds@example.com", "/billing/refunds/1", 403},
		{"refunds@example.com", "/billing/", 403},
		{"refunds@example.com", "/Billing/x", 403},
		{"refunds@example.com", "/x/..%2fbilling/x", 403},
		{"refunds@example.com", "//billing/x", 403},
		{"refunds@example.com", "/billin", 200},
	} {
		got := status(g.get(test.path, "Cookie: "+g.cookies(g.signIn(test.email))))
		if got != fmt.Sprint(test.status) {
			t.Errorf("%s at %s: status %s, want %d", test.email, test.path, got, test.status)
		}
		if n := len(g.app.take()); n != 0 && test.status == 403 {
			t.Errorf("%s at %s: the app got %d requests", test.email, test.path, n)
		}
	}
}

// Ensure identity basic speaks as the app expects and the client's own Authorization never does.
func TestLG31_IdentityBasic(t *testing.T) {
	t.Setenv("APP_SECRET", "s3cret")
	g := startGateway(t, "", "public /public/*\nidentity basic {env.APP_SECRET}\nidentity remote {\nuser X-WebAuth-User\n}")
	g.account("alice@example.com")
	cookie := "Cookie: " + g.cookies(g.signIn("alice@example.com"))
	forged := []string{"Authorization: Basic Ym9iOnMzY3JldA==", "X-WebAuth-User: bob", "X_WebAuth_User: bob", "Remote-User: bob"}
	g.get("/", append(forged, cookie)...)
	got := g.app.only(t)
	wantHeader(t, got, "Authorization", "Basic YWxpY2VAZXhhbXBsZS5jb206czNjcmV0")
	wantHeader(t, got, "X-WebAuth-User", "alice@example.com")
	wantHeader(t, got, "Remote-User")
	g.get("/public/x", forged...)
	got = g.app.only(t)
	wantHeader(t, got, "Authorization")
	wantHeader(t, got, "X-WebAuth-User")
	if got := status(g.get("/", "Authorization: Basic YWxpY2VAZXhhbXBsZS5jb206Y29ycmVjdA==")); got != "401" {
		t.Errorf("Authorization in place of a session: status %s", got)
	}
}

const handshake = "\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"

// Ensure a WebSocket is opened by the site's own pages for people who are signed in, and bytes go both ways.
func TestPX23_WebSocket(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	cookie := "\nCookie: " + g.cookies(g.signIn("alice@example.com"))
	echo := startEcho(t)
	if err := g.load(strings.Replace(g.config, "{$APP}", echo, 1)); err != nil {
		t.Fatal(err)
	}
	start := "GET /ws HTTP/1.1\nHost: localhost:" + g.port
	for name, test := range map[string]struct{ lines, want string }{
		"anonymous":      {"\nOrigin: http://localhost:" + g.port, "401"},
		"foreign origin": {cookie + "\nOrigin: https://evil.test", "403"},
		"null origin":    {cookie + "\nOrigin: null", "403"},
		"two origins":    {cookie + "\nOrigin: http://localhost:" + g.port + "\nOrigin: http://localhost:" + g.port, "403"},
	} {
		if got := status(g.raw(start + test.lines + strings.Replace(handshake, "Upgrade\nUpgrade", "Upgrade, close\nUpgrade", 1))); got != test.want {
			t.Errorf("%s: status %s, want %s", name, got, test.want)
		}
	}
	for name, lines := range map[string]string{
		"own origin": cookie + "\nOrigin: http://localhost:" + g.port,
		"no origin":  cookie,
	} {
		c, err := net.Dial("tcp", g.http)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		fmt.Fprint(c, strings.ReplaceAll(start+lines+handshake, "\n", "\r\n"))
		reader := bufio.NewReader(c)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != 101 {
			t.Fatalf("%s: %v %v", name, response, err)
		}
		if response.Header.Get("Set-Cookie") != "kept=1" {
			t.Errorf("%s: cookies %q", name, response.Header["Set-Cookie"])
		}
		fmt.Fprint(c, "ping")
		answer := make([]byte, 4)
		if _, err := io.ReadFull(reader, answer); err != nil || string(answer) != "ping" {
			t.Errorf("%s: %q, %v", name, answer, err)
		}
	}
}

// startEcho is an app that takes any upgrade and sends back what it gets.
func startEcho(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: kept=1\r\nSet-Cookie: loginwall=evil\r\n\r\n")
		_, _ = io.Copy(c, buffered)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// Ensure events arrive when they are sent, and uploads go through without being held in memory.
func TestT19_Streaming(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	cookies := g.cookies(g.signIn("alice@example.com"))
	next := make(chan struct{})
	received := make(chan int64, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			n, _ := io.Copy(io.Discard, r.Body)
			received <- n
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			fmt.Fprint(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	}))
	defer app.Close()
	if err := g.load(strings.Replace(g.config, "{$APP}", strings.TrimPrefix(app.URL, "http://"), 1)); err != nil {
		t.Fatal(err)
	}
	request, _ := http.NewRequest("GET", g.url("/events"), nil)
	request.Header.Set("Cookie", cookies)
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	for i := range 3 { // each event is read before the app may send the next
		if line, err := reader.ReadString('\n'); line != "data: x\n" {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
		_, _ = reader.ReadString('\n')
		next <- struct{}{}
	}

	const size = 200 << 20
	upload, _ := http.NewRequest("POST", g.url("/upload"), io.LimitReader(zeros{}, size))
	upload.Header.Set("Cookie", cookies)
	most := watchMemory(func() {
		if _, err := (&http.Client{Timeout: time.Minute}).Do(upload); err != nil {
			t.Fatal(err)
		}
	})
	if got := <-received; got != size {
		t.Errorf("the app got %d bytes, want %d", got, size)
	}
	if most > 64<<20 {
		t.Errorf("memory grew by %d MiB", most>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// watchMemory gives by how much the heap in use grew while run ran.
func watchMemory(run func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() { defer close(done); run() }()
	most := before.HeapInuse
	for {
		select {
		case <-done:
			return most - before.HeapInuse
		case <-time.After(20 * time.Millisecond):
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}
	}
}

// Ensure the wall is the same over TLS and HTTP/2: cookies are secure and bound to the host.
func TestSE04_HTTP2(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	skip_install_trust
	storage file_system {$DIR}/caddy
	auto_https disable_redirects
	login_wall {
		store file {$DIR}/store
	}
}
https://localhost:{$PORT} {
	tls internal
	login_wall {
		identity remote
	}
	reverse_proxy {$APP}
}`)
	g.account("alice@example.com")
	if got, want := g.wall().gate.URL(), "https://localhost:"+g.port; got != want {
		t.Errorf("url %q, want %q", got, want)
	}
	c := g.browser()
	c.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	for range 100 { // the certificate is made in the background
		if tried, err := tls.Dial("tcp", g.http, &tls.Config{ServerName: "localhost", InsecureSkipVerify: true}); err == nil {
			tried.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	get := func(path string) (*http.Response, string) {
		r, _ := http.NewRequest("GET", "https://localhost:"+g.port+path, nil)
		return g.do(c, r)
	}
	response, page := get("/_auth/login")
	if response.ProtoMajor != 2 {
		t.Fatalf("protocol %s", response.Proto)
	}
	form := "email=alice%40example.com&password=" + strings.ReplaceAll(password, " ", "+") + "&csrf=" + csrfField.FindStringSubmatch(page)[1]
	r, _ := http.NewRequest("POST", "https://localhost:"+g.port+"/_auth/login", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, _ = g.do(c, r)
	if response.StatusCode != 303 {
		t.Fatalf("sign in: status %d", response.StatusCode)
	}
	found := false
	for _, line := range response.Header["Set-Cookie"] {
		if strings.HasPrefix(line, "__Host-loginwall=") {
			found = true
			for _, want := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
				if !strings.Contains(line, want) {
					t.Errorf("cookie without %q: %s", want, line)
				}
			}
			if strings.Contains(line, "Domain") || len(line) > 4096 {
				t.Errorf("cookie: %s", line)
			}
		}
	}
	if !found {
		t.Errorf("cookies: %q", response.Header["Set-Cookie"])
	}
	r, _ = http.NewRequest("GET", "https://localhost:"+g.port+"/", nil)
	r.Header.Set("Remote-User", "bob")
	if response, body := g.do(c, r); response.StatusCode != 200 || body != "hello" {
		t.Errorf("status %d: %q", response.StatusCode, body)
	}
	wantHeader(t, g.app.only(t), "Remote-User", "alice@example.com")

	// PX-07, in HTTP/2.
	r, _ = http.NewRequest("POST", "https://localhost:"+g.port+"/", io.NopCloser(strings.NewReader("hello")))
	r.Trailer = http.Header{"Remote-User": {"evil"}, "X-Sum": {"5"}}
	g.do(c, r)
	if got := g.app.only(t); strings.Contains(got, "evil") || !strings.Contains(got, "X-Sum: 5") {
		t.Errorf("trailers:\n%s", got)
	}
}

// Ensure neither cookie nor form is ever given out over plain http to a host on the network.
func TestSE26_PlainHTTP(t *testing.T) {
	g := startCaddyfile(t, `
{
	admin {$ADMIN}
	persist_config off
	storage file_system {$DIR}/caddy
	login_wall {
		url https://mail.example.test
		store file {$DIR}/store
	}
}
http://mail.example.test:{$PORT}, http://other.example.test:{$PORT}, http://127.0.0.1:{$PORT} {
	login_wall {
		public /public
	}
	reverse_proxy {$APP}
}`)
	ask := func(method, host, path string, lines ...string) string {
		return g.raw(method + " " + path + " HTTP/1.1\nHost: " + host + "\nAccept: text/html\nConnection: close\n" + strings.Join(lines, "") + "\n")
	}
	for _, test := range []struct{ method, host, path, line, status, location string }{
		{"GET", "mail.example.test", "/inbox?a=1", "", "307", "https://mail.example.test/inbox?a=1"},
		{"GET", "mail.example.test", "/_auth/login", "", "307", "https://mail.example.test/_auth/login"},
		{"POST", "mail.example.test", "/_auth/login", "Content-Length: 0\n", "403", ""},
		{"GET", "mail.example.test", "/", "X-Forwarded-Proto: https\n", "403", ""},
		{"GET", "other.example.test", "/", "", "403", ""},
		{"GET", "127.0.0.1", "/_auth/login", "", "200", ""},
		{"GET", "mail.example.test", "/_auth/health", "", "200", ""},
		{"GET", "mail.example.test", "/public", "", "200", ""},
	} {
		answer := ask(test.method, test.host, test.path, test.line)
		if status(answer) != test.status || test.location != "" && !strings.Contains(answer, "Location: "+test.location+"\r\n") {
			t.Errorf("%s %s%s: %q", test.method, test.host, test.path, answer)
		}
		if test.host != "127.0.0.1" && strings.Contains(answer, "Set-Cookie") {
			t.Errorf("%s %s%s sets a cookie: %q", test.method, test.host, test.path, answer)
		}
	}
}
