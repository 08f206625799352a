package web_test

import (
	"testing"
)

// The session cookie is read on every request that goes on to the app.
func BenchmarkSessionToken(b *testing.B) {
	w := newWall(b, nil)
	w.active(jo, good)
	c := w.browser()
	c.signIn(jo, good)
	r, req := c.request("GET", "/inbox", "", nil)
	b.ReportAllocs()
	for b.Loop() {
		if token, _, err := w.SessionToken(r, req); token == "" || err != nil {
			b.Fatal(token, err)
		}
	}
}
