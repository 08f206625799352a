package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/pages"
	"github.com/loginwall/loginwall/pages/web"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// withHome has a home page on which everybody sees the mail, and billing the bills.
func withHome(t *testing.T) func(*web.Options) {
	t.Helper()
	renderer, err := pages.New(pages.Options{Home: true})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *web.Options) {
		o.Renderer = renderer
		o.Home = func(groups []string) []pages.Tile {
			tiles := []pages.Tile{{Name: "Mail", URL: "/mail/"}}
			if slices.Contains(groups, "billing") {
				tiles = append(tiles, pages.Tile{Name: "Bills", URL: "https://bills.example.com"})
			}
			return tiles
		}
	}
}

func TestHomePage(t *testing.T) {
	w := newWall(t, withHome(t))
	w.active(jo, good) // in billing
	for _, path := range []string{"/_auth/", "/_auth"} {
		b := w.browser()
		page := b.open(path)
		if next := hidden(t, page); next != path {
			t.Errorf("%s: next %q", path, next)
		}
		wantLocation(t, b.submit(page, "/_auth/login", "email", jo, "password", good, "next", path), path)
		home := b.get(path)
		wantStatus(t, home, http.StatusOK)
		for _, text := range []string{"Jo Public", `href="/mail/"`, `href="https://bills.example.com"`, `action="/_auth/logout"`, `href="/_auth/account"`} {
			wantText(t, home, text)
		}
		if strings.Contains(home.body, "expires") {
			t.Error("tells of an end that is far away")
		}
		p := b.submit(home, "/_auth/logout")
		wantLocation(t, p, "/_auth/login?signed_out")
		if b.signedIn() {
			t.Error("still signed in")
		}
	}
	wantStatus(t, w.browser().get("/_auth/", script...), http.StatusUnauthorized)
}

// Ensure whoever wants nowhere in particular is led to the home page, and whoever wants somewhere is led there.
func TestHomePageIsTheStart(t *testing.T) {
	w := newWall(t, withHome(t))
	w.active(jo, good)
	b := w.browser()
	wantLocation(t, b.login(jo, good), "/_auth/")
	wantText(t, b.get("/_auth/login"), `<a class="button" href="/_auth/">`)
	wantText(t, b.get("/_auth/logout"), `href="/_auth/"`)
	wantText(t, b.get("/_auth/account"), `href="/_auth/"`)
	r, req := b.request("GET", "/bills", "", nil)
	id := gate.Identity{Account: w.account(jo)}
	wantText(t, b.answer(func(rw http.ResponseWriter) { w.Forbidden(rw, r, req, id) }), `<a class="button" href="/_auth/">`)
	for next, want := range map[string]string{"/": "/", "/mail/": "/mail/", "/_auth/": "/_auth/", "/_auth/logout": "/_auth/", "//evil.test": "/_auth/", "/_auth//": "/_auth/", "/_auth/?x": "/_auth/"} {
		page := w.browser().get("/_auth/login?next=" + url.QueryEscape(next))
		if got := hidden(t, page); got != want && (got != "" || want != "/_auth/") {
			t.Errorf("next %q: the form has %q", next, got)
		}
		x := w.browser()
		wantLocation(t, x.submit(x.get("/_auth/login"), "/_auth/login", "email", jo, "password", good, "next", next), want)
	}
}

func TestHomePageCountsAsActivity(t *testing.T) {
	w := newWall(t, withHome(t))
	w.active(jo, good)
	b := w.browser()
	b.signIn(jo, good)
	for range 3 {
		w.advance(14 * time.Minute)
		wantStatus(t, b.get("/_auth/"), http.StatusOK)
	}
}

func TestHomePageTellsOfThePasswordsEnd(t *testing.T) {
	w := newWall(t, withHome(t))
	w.active(jo, good)
	rules := policy.DefaultRules()
	w.advance(rules.MaxAge - rules.Warn)
	b := w.browser()
	b.signIn(jo, good)
	wantText(t, b.get("/_auth/"), "14 days")
}

func TestWithoutAHomePage(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	b := w.browser()
	wantLocation(t, b.get("/_auth/"), "/_auth/login")
	wantLocation(t, b.submit(b.get("/_auth/login"), "/_auth/login", "email", jo, "password", good, "next", "/_auth/"), "/")
	wantLocation(t, b.get("/_auth/"), "/_auth/account")
}
