package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"testing"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/pages/web"
)

// heaviest is the most that the login page may weigh on the way, with all it loads: what fits into the first round trip
// of a connection.
const heaviest = 14 * 1024

// weigh gets a page or asset over a connection, and tells what came over it: the head of the answer and its body, in
// bytes. Caddy adds its own headers to those of the wall.
func weigh(t *testing.T, server *httptest.Server, address, coding string) (weight int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Encoding", coding)
	response, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", address, response.Status)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	head := new(bytes.Buffer)
	response.Header.Set("Server", "Caddy")
	response.Header.Set("Via", "1.1 Caddy")
	response.Header.Set("Alt-Svc", `h3=":443"; ma=2592000`)
	head.WriteString("HTTP/1.1 200 OK\r\n")
	if err := response.Header.Write(head); err != nil {
		t.Fatal(err)
	}
	weight = head.Len() + len("\r\n") + len(content)
	if response.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if content, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return weight, string(content)
}

var (
	loaded    = regexp.MustCompile(`<(?:link|script|img|source)\b[^>]*\b(?:href|src|srcset)="([^"]+)"`)
	fetched   = regexp.MustCompile(`url\(|@import|@font-face`)
	elsewhere = regexp.MustCompile(`\b(?:href|src|srcset|action)="(?:[a-z]+:)?//`)
)

// Ensure the login page and all it loads fit into the first round trip as browsers ask for them, compressed
// and not, and that nothing comes from elsewhere: no font, and no other origin.
func TestU32_LoginPageIsLight(t *testing.T) {
	for _, coding := range []string{"gzip, deflate, br, zstd", "identity"} {
		renderer, err := pages.New(pages.Options{Languages: pages.LanguagesWith(nil)}) // each adds to the choice at the foot
		if err != nil {
			t.Fatal(err)
		}
		w := newWall(t, func(o *web.Options) { o.Renderer = renderer })
		server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			b := w.browser()
			_, req := b.request(http.MethodGet, r.URL.Path, "", nil)
			w.Serve(out, r, req)
		}))
		t.Cleanup(server.Close)
		sum, page := weigh(t, server, "/_auth/login", coding)
		t.Logf("%s: page %d", coding, sum)
		if elsewhere.MatchString(page) {
			t.Error("the page leads to another origin")
		}
		addresses := loaded.FindAllStringSubmatch(page, -1)
		if len(addresses) != 3 {
			t.Errorf("%d files are loaded, want style sheet, script and icon: %q", len(addresses), addresses)
		}
		for _, a := range addresses {
			if u, err := url.Parse(a[1]); err != nil || u.IsAbs() || u.Host != "" {
				t.Fatalf("%s is loaded from another origin", a[1])
			}
			weight, content := weigh(t, server, a[1], coding)
			t.Logf("%s: %s %d", coding, a[1], weight)
			if fetched.MatchString(content) {
				t.Errorf("%s loads more", a[1])
			}
			sum += weight
		}
		t.Logf("%s: all %d of %d", coding, sum, heaviest)
		if sum > heaviest {
			t.Errorf("%s: the login page weighs %d bytes, and at most %d are allowed", coding, sum, heaviest)
		}
	}
}
