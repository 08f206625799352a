package web

import (
	"testing"

	"github.com/loginwall/loginwall/policy/gate"
)

func TestNear(t *testing.T) {
	for _, c := range []struct {
		here, there string
		want        bool
	}{
		{"192.0.2.1", "192.0.2.1", true}, {"192.0.2.1", "192.0.2.2", false}, {"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:1", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
		{"", "", false}, {"192.0.2.1", "", false}, {"garbage", "garbage", false},
	} {
		v := &visit{req: Request{Client: gate.Client{Address: c.here}}}
		if got := v.near(c.there); got != c.want {
			t.Errorf("%q near %q: %v", c.there, c.here, got)
		}
	}
}
