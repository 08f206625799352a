package address

import "testing"

func TestNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "192.0.2": "", "example.com": "",
	} {
		if got, ok := Network(text); got != want || ok != (want != "") {
			t.Errorf("%q is of %q, %v, want %q", text, got, ok, want)
		}
	}
}
