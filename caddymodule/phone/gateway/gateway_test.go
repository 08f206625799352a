package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/message"
)

func TestAD18_RedirectsAreNotFollowed(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL, status))
		answer, err := NewClient(0).Do(t.Context(), mustRequest(t, srv.URL))
		srv.Close()
		if err != nil || answer.Status != status {
			t.Errorf("got %d and %v, want %d", answer.Status, err, status)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

func TestAD18_LongAnswerIsCut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 10 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	answer, err := NewClient(0).Do(t.Context(), mustRequest(t, srv.URL))
	if err != nil || answer.Status != 200 || len(answer.Body) != 64<<10 || answer.Cut != nil {
		t.Errorf("got %d bytes, %v and %v, want 64 KiB", len(answer.Body), answer.Cut, err)
	}
}

func TestSlowProviderIsLeft(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"endless answer": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, ".")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		srv := httptest.NewServer(handler)
		began := time.Now()
		answer, err := NewClient(100*time.Millisecond).Do(t.Context(), mustRequest(t, srv.URL))
		if !errors.Is(errors.Join(err, answer.Cut), context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: got %v and %v after %s", name, answer.Cut, err, time.Since(began))
		}
		srv.Close()
	}
}

// Ensure that a request which reached the provider is never sent a second time by the transport.
func TestRequestIsSentOnce(t *testing.T) {
	var requests atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%2 == 0 { // takes the second of each pair, then dies
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		}
	}))
	defer srv.Close()
	c := NewClient(0)
	if _, err := c.Do(t.Context(), mustRequest(t, srv.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), mustRequest(t, srv.URL)); err == nil {
		t.Error("a connection that broke gave no error")
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("the provider saw %d requests, want 2", n)
	}
}

func TestErrorsAreDiscreet(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 +15550100 secret\r\n\r\n")
			_ = conn.Close()
		}
	}()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, tt := range map[string]struct{ base, want string }{
		"no HTTP":             {"http://" + echo.Addr().String(), "no answer that could be understood"},
		"unknown certificate": {untrusted.URL, "certificate"},
		"nobody there":        {gone.URL, "connection refused"},
	} {
		_, err := NewClient(0).Do(t.Context(), mustRequest(t, tt.base+"/?to=%2B15550100&password=secret"))
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, message.ErrRefused) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
			continue
		}
		if strings.Contains(err.Error(), "15550100") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %q tells too much", name, err)
		}
	}
}

func TestFailure(t *testing.T) {
	for status, refused := range map[int]bool{
		400: true, 404: true, 405: true, 410: true, 413: true, 415: true, 422: true,
		401: false, 403: false, 407: false, 408: false, 425: false, 429: false,
		302: false, 304: false, 500: false, 502: false, 503: false, 504: false, 599: false,
	} {
		if got := errors.Is(Failure(status), message.ErrRefused); got != refused {
			t.Errorf("%d: refused is %v, want %v", status, got, refused)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for address, want := range map[string]struct{ allowed, insecure bool }{
		"https://gateway.example.com/send":  {true, true},
		"http://gateway.example.com/send":   {false, true},
		"http://10.0.0.5/send":              {false, true},
		"http://127.0.0.1.evil.test/send":   {false, true},
		"http://127.0.0.1:13013/send":       {true, true},
		"http://[::1]/send":                 {true, true},
		"http://localhost/send":             {true, true},
		"ftp://gateway.example.com/send":    {false, false},
		"file:///etc/passwd":                {false, false},
		"gateway.example.com":               {false, false},
		"https:///send":                     {false, false},
		"https://:443/send":                 {false, false},
		"//gateway.example.com/send":        {false, false},
		"HTTPS://gateway.example.com:8443/": {true, true},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := CheckURL(u, false) == nil; got != want.allowed {
			t.Errorf("%s: allowed is %v, want %v", address, got, want.allowed)
		}
		if got := CheckURL(u, true) == nil; got != want.insecure {
			t.Errorf("%s, insecure: allowed is %v, want %v", address, got, want.insecure)
		}
	}
}

func mustRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
