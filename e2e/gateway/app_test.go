package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// App is what is behind the wall: it remembers every request and says who it was told is there.
type App struct {
	Address string // host:port

	mu       sync.Mutex
	requests []Request
}

// Request is one that has reached the app.
type Request struct {
	Method, URI, Host, Body string
	Header                  http.Header
}

// StartApp starts one. It ends with the test.
func StartApp(tb testing.TB) *App {
	tb.Helper()
	a := new(App)
	server := httptest.NewServer(a)
	tb.Cleanup(server.Close)
	a.Address = strings.TrimPrefix(server.URL, "http://")
	return a
}

// ServeHTTP answers with the identity it was told.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.requests = append(a.requests, Request{r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone()})
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "app: user=%q groups=%q", r.Header.Get("Remote-User"), r.Header.Get("Remote-Groups"))
}

// Requests are all that have come so far.
func (a *App) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Request(nil), a.requests...)
}
