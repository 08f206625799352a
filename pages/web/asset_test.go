package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/pages/web"
)

// Ensure assets are sent compressed to whoever takes that, and to nobody else.
func TestAssetsAreCompressed(t *testing.T) {
	w := newWall(t, nil)
	b := w.browser()
	target := "/_auth/assets/" + styleSheet(t, b)
	plain := b.get(target)
	for accepted, compressed := range map[string]bool{
		"gzip": true, "br, GZIP;q=0.5": true, "x-gzip": true, "*": true, "gzip;q=1.0, *;q=0": true, "br, deflate , gzip": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip; q=0.000, *": false, "*;q=0": false, "br": false, "gzipped": false, "gzip;q=x": false,
	} {
		h := []string{"Accept-Encoding", accepted}
		p := b.get(target, h...)
		wantStatus(t, p, http.StatusOK)
		if (p.Header.Get("Content-Encoding") == "gzip") != compressed || p.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: headers %v", accepted, p.Header)
		}
		body := p.body
		if compressed {
			z, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(z)
			if err != nil || len(body) >= len(plain.body) {
				t.Errorf("%q: %d bytes, %v", accepted, len(body), err)
			}
			body = string(unpacked)
		}
		if body != plain.body {
			t.Errorf("%q: other content", accepted)
		}
		r, req := b.request(http.MethodHead, target, "", h)
		head := b.serve(r, req)
		if head.body != "" || head.Header.Get("Content-Length") != p.Header.Get("Content-Length") ||
			head.Header.Get("Content-Encoding") != p.Header.Get("Content-Encoding") {
			t.Errorf("HEAD with %q: %v", accepted, head.Header)
		}
	}
}

func styleSheet(t *testing.T, b *browser) string {
	t.Helper()
	_, rest, ok := strings.Cut(b.get("/_auth/login").body, `href="/_auth/assets/`)
	name, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal("no style sheet")
	}
	return name
}

// Ensure pictures of the operator's need no session, and a drawing that is opened by itself can run nothing.
func TestPicturesCarryTheStrictHeaders(t *testing.T) {
	drawing := pages.Picture{Name: "logo.svg", Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)}
	photo := pages.Picture{Name: "mail.PNG", Content: []byte("\x89PNG\r\n\x1a\n and so on")}
	renderer, err := pages.New(pages.Options{Logo: &drawing, Icons: []pages.Picture{photo}})
	if err != nil {
		t.Fatal(err)
	}
	b := newWall(t, func(o *web.Options) { o.Renderer = renderer }).browser()
	wantText(t, b.get("/_auth/login"), renderer.PicturePath(drawing))
	for path, kind := range map[string]string{renderer.PicturePath(drawing): "image/svg+xml", renderer.PicturePath(photo): "image/png"} {
		p := b.get(path)
		wantStatus(t, p, http.StatusOK)
		policy := p.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "script-src") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if kind == "image/svg+xml" && !strings.HasSuffix(policy, "; sandbox") {
			t.Errorf("%s is a document of this origin: %q", path, policy)
		}
		if p.Header.Get("Content-Type") != kind || p.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(p.Header.Get("Cache-Control"), "immutable") || len(p.Cookies()) != 0 {
			t.Errorf("%s: headers %v", path, p.Header)
		}
	}
}
