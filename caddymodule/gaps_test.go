package caddymodule

import (
	"fmt"
	"strings"
	"testing"
)

// Ensure operators are told of parts of a walled site that anybody can reach, and of nothing else (PX-31).
func TestPX31_GapsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		site string
		want []string // the handlers told of, each as name and place
	}{
		"plain":                  {"login_wall\nreverse_proxy {$APP}", nil},
		"written the other way":  {"reverse_proxy {$APP}\nlogin_wall", nil}, // ordered by the module
		"inside handle":          {"handle /x/* {\nlogin_wall\nreverse_proxy {$APP}\n}", nil},
		"all handles":            {"login_wall\nhandle /x/* {\nreverse_proxy {$APP}\n}\nhandle {\nfile_server\n}", nil},
		"rewritten":              {"rewrite * /index.html\nlogin_wall\nreverse_proxy {$APP}", nil},
		"sibling handle":         {"handle /x/* {\nlogin_wall\nreverse_proxy {$APP}\n}\nhandle {\nreverse_proxy {$APP}\n}", []string{"reverse_proxy "}},
		"order kept by route":    {"route {\nreverse_proxy {$APP}\nlogin_wall\n}", []string{"reverse_proxy "}},
		"right order in route":   {"route {\nlogin_wall\nreverse_proxy {$APP}\n}", nil},
		"route before the proxy": {"route {\nlogin_wall\n}\nreverse_proxy {$APP}", nil},
		"error page by the app":  {"login_wall\nreverse_proxy {$APP}\nhandle_errors {\nreverse_proxy {$APP}\n}", []string{"reverse_proxy handle_errors"}},
		"error page by itself":   {"login_wall\nreverse_proxy {$APP}\nhandle_errors {\nrespond \"sorry\"\n}", nil},
		"handle_path":            {"handle_path /x/* {\nfile_server\n}\nlogin_wall\nreverse_proxy {$APP}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := startCaddyfile(t, strings.NewReplacer("REALM", "", "SITE", c.site).Replace(globals+`http://localhost:{$PORT} {
	SITE
}
http://127.0.0.1:{$PORT} {
	reverse_proxy {$APP}
}`))
			var told []string
			for _, line := range g.log() {
				if message, _ := line["msg"].(string); strings.Contains(message, "without a sign-in") {
					told = append(told, fmt.Sprint(line["handler"], " ", line["in"]))
				}
			}
			if strings.Join(told, ",") != strings.Join(c.want, ",") {
				t.Errorf("told of %q, want %q", told, c.want)
			}
		})
	}
}

// Ensure a realm without sites and links to nowhere are told of at the start.
func TestSlipsOfThePenAreTold(t *testing.T) {
	for name, c := range map[string]struct{ realm, site, want string }{
		"as it should be":  {"", "login_wall", ""},
		"own url":          {"url http://localhost:{$PORT}", "login_wall", ""},
		"no directive":     {"", "respond hello", "no site has the directive"},
		"url of elsewhere": {"url https://mail.exmaple.com", "login_wall", "links in mails lead elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			g := startCaddyfile(t, strings.NewReplacer("REALM", c.realm, "SITE", c.site).Replace(globals+`http://localhost:{$PORT} {
	SITE
}`))
			told := ""
			for _, line := range g.log() {
				if message, _ := line["msg"].(string); line["level"] == "warn" && (strings.Contains(message, "login_wall") || strings.Contains(message, "links")) {
					told += message
				}
			}
			if c.want == "" && told != "" || !strings.Contains(told, c.want) {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

// Ensure the error route is no way in: nobody who is not signed in gets an error from the wall that could lead there (PX-31).
func TestPX31_ErrorRouteIsNoWayIn(t *testing.T) {
	g := startCaddyfile(t, strings.Replace(globals, "REALM", "", 1)+`http://localhost:{$PORT} {
	login_wall {
		require /billing/* billing
	}
	reverse_proxy {$APP}
	handle_errors {
		reverse_proxy {$APP}
	}
}`)
	g.account("alice@example.com")
	member := "Cookie: " + g.cookies(g.signIn("alice@example.com"))
	for _, answer := range []string{
		g.get("/"), g.get("/%zz"), g.get("/_auth/nothing"), g.get("/_auth/reset?token=x"), g.get("/", "Cookie: loginwall=garbage"),
		g.get("/billing/x", member), g.raw("TRACE / HTTP/1.1\nHost: localhost:" + g.port + "\nConnection: close\n\n"),
		g.raw("POST /_auth/login HTTP/1.1\nHost: localhost:" + g.port + "\nContent-Length: 70000\nConnection: close\n\n" + strings.Repeat("x", 70000)),
	} {
		if s := status(answer); !strings.HasPrefix(s, "3") && !strings.HasPrefix(s, "4") {
			t.Errorf("status %q", s)
		}
	}
	if got := g.app.take(); len(got) != 0 {
		t.Errorf("the app saw %d requests, the first:\n%s", len(got), got[0])
	}
}
