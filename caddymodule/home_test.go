package caddymodule

import (
	"regexp"
	"strings"
	"testing"
)

// Ensure each person sees the tiles that their groups admit to, and a sign-in leads there.
func TestHomePageByGroups(t *testing.T) {
	g := newGateway(t)
	g.write("mail.svg", drawing)
	err := g.load(withRealm(`home {
			app "Secure Mail" /mail/ {
				about "Letters and appointments"
				icon {$DIR}/mail.svg
			}
			app Billing https://billing.example.com {
				groups billing owners
			}
			app Charts /charts/ {
				groups dentists
			}
		}`, "require /charts/* dentists"))
	if err != nil {
		t.Fatal(err)
	}
	alice := g.accountNamed("alice@example.com", "Alice A", "front-desk", "owners")
	bob := g.accountNamed("bob@example.com", "Bob B", "dentists")
	for email, sees := range map[string]map[string]bool{
		alice.Email: {"Secure Mail": true, "Billing": true, "Charts": false, "Alice A": true},
		bob.Email:   {"Secure Mail": true, "Billing": false, "Charts": true, "Bob B": true},
	} {
		c := g.browser()
		if response, _ := g.page(c, "/_auth/"); response.Header.Get("Location") != "/_auth/login?next=%2F_auth%2F" {
			t.Errorf("anonymous: led to %q", response.Header.Get("Location"))
		}
		_, login := g.page(c, "/_auth/login")
		response, _ := g.post(c, "/_auth/login", login, "email", email, "password", password)
		if response.Header.Get("Location") != "/_auth/" {
			t.Fatalf("%s: led to %q", email, response.Header.Get("Location"))
		}
		_, home := g.page(c, "/_auth/")
		for name, want := range sees {
			if strings.Contains(home, "<bdi>"+name+"</bdi>") != want {
				t.Errorf("%s sees %s: %v\n%s", email, name, !want, home)
			}
		}
		if response, _ := g.page(c, "/charts/x"); (response.StatusCode == 200) != sees["Charts"] {
			t.Errorf("%s: the app answers %d, unlike the tile", email, response.StatusCode)
		}
		icon := regexp.MustCompile(`href="/mail/"><img src="([^"]+)"`).FindStringSubmatch(home)
		if icon == nil {
			t.Fatalf("no icon in\n%s", home)
		}
		if _, content := g.page(g.browser(), icon[1]); content != drawing {
			t.Errorf("icon: %q", content)
		}
	}
}

// Ensure an operator who lists no apps has no home page.
func TestNoHomePageWithoutApps(t *testing.T) {
	g := startGateway(t, "", "")
	g.account("alice@example.com")
	if response, _ := g.page(g.signIn("alice@example.com"), "/_auth/"); response.Header.Get("Location") != "/_auth/account" {
		t.Errorf("led to %q", response.Header.Get("Location"))
	}
}
