package caddymodule

import (
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// What every request of somebody signed in is given: placeholders and headers.
func BenchmarkIdentity(b *testing.B) {
	w, err := newWear(nil)
	if err != nil {
		b.Fatal(err)
	}
	id := gate.Identity{
		Account: policy.Account{ID: "abcdefghijklmnop", Email: "jo@example.test", Name: "Jörg P", Groups: []string{"billing", "front-desk"}},
		Session: policy.Session{Key: "0123456789abcdef0123456789abcdef"},
	}
	b.ReportAllocs()
	for b.Loop() {
		p := &passage{repl: caddy.NewReplacer(), id: id, signedIn: true}
		p.setPlaceholders()
		if err := w.put(http.Header{}, &p.id.Account, p.worn); err != nil {
			b.Fatal(err)
		}
	}
}
