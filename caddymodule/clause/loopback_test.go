package clause

import "testing"

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "localhost.": true, "app.localhost": true, "APP.LOCALHOST": true,
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true, "[::FFFF:127.0.0.1]": true,

		"": false, "mail.example.com": false, "localhost.example.com": false, "notlocalhost": false, "localhost.localdomain": false,
		"10.0.0.1": false, "0.0.0.0": false, "::": false, "[::2]": false, "::ffff:10.0.0.1": false, "127.0.0.1.example.com": false,
		"127.1": false, "localhost:80": false, "127.0.0.1:80": false, "[::1]:80": false,
	} {
		if got := Loopback(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}
