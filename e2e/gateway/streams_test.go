package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// streaming is an app that keeps connections open: events at /events, and whatever is upgraded elsewhere.
func streaming(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello\n")
		_ = buffered.Flush()
		_, _ = io.Copy(c, buffered) // an echo, until somebody closes
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for {
		if _, err := fmt.Fprint(w, "data: tick\n\n"); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// open opens a connection by hand and reads until the app speaks.
func (b *Browser) connect(path string, headers ...string) net.Conn {
	b.tb.Helper()
	address := strings.TrimPrefix(b.Origin, "http://")
	c, err := net.Dial("tcp", strings.Replace(address, "localhost", "127.0.0.1", 1))
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { c.Close() })
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nCookie: loginwall=%s\r\n", path, address, b.Origin, b.Session())
	if _, err := io.WriteString(c, request+strings.Join(headers, "\r\n")+"\r\n\r\n"); err != nil {
		b.tb.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	lines := bufio.NewReader(c)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			b.tb.Fatalf("%s: no answer of the app: %v", path, err)
		}
		if strings.Contains(line, "tick") || strings.Contains(line, "hello") {
			return c
		}
	}
}

// closes tells whether the other side ends a connection in time.
func closes(c net.Conn, within time.Duration) bool {
	_ = c.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, c)
	var network net.Error
	if e, ok := err.(net.Error); ok {
		network = e
	}
	return network == nil || !network.Timeout()
}

// T5 and ASVS 7.4.1: signing out ends the session everywhere it is in use, streams that are open too.
func TestT5_OpenStreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(streaming))
	t.Cleanup(app.CloseClientConnections)
	g := Start(t, Settings{App: strings.TrimPrefix(app.URL, "http://")})
	jo := g.Active()
	for name, end := range map[string]func(b *Browser){
		"sign-out":     func(b *Browser) { b.SignOut() },
		"admin's word": func(*Browser) { g.Must("user", "sign-out", jo.Email) },
	} {
		b := g.Browser()
		b.SignIn(jo.Email, jo.Password)
		socket := b.connect("/socket", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
		events := b.connect("/events", "Accept: text/event-stream")
		end(b)
		if !closes(socket, 2*time.Second) {
			t.Errorf("%s: the WebSocket is still open two seconds later", name)
		}
		if !closes(events, 2*time.Second) {
			t.Errorf("%s: the event stream goes on two seconds later", name)
		}
	}
}
