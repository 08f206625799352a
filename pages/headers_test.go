package pages

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestCS11_EveryPageHasTheSecurityHeaders(t *testing.T) {
	r := practice(t)
	for name, v := range samples() {
		h := http.Header{}
		r.SetHeaders(h, v)
		for header, want := range map[string]string{
			"Content-Security-Policy":      contentSecurityPolicy + "; script-src 'nonce-sample-nonce'",
			"Content-Type":                 "text/html; charset=utf-8",
			"Content-Language":             "en",
			"Cache-Control":                "no-store",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           permissionsPolicy,
		} {
			if got := h.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(contentSecurityPolicy, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if strings.Contains(contentSecurityPolicy, "unsafe") || strings.Contains(contentSecurityPolicy, "script-src") {
		t.Error("the policy lets scripts in")
	}
	h := http.Header{}
	r.SetHeaders(h, Login{})
	if h.Get("Content-Security-Policy") != contentSecurityPolicy || strings.Contains(render(t, r, Login{}), "<script") {
		t.Error("a page without a nonce has a script")
	}
}

func TestRS05_PagesBehindALinkSendNoReferrer(t *testing.T) {
	r := practice(t)
	for name, v := range samples() {
		want := "same-origin"
		switch v.(type) {
		case ChooseMethod, EnterCode, NewPassword, LinkDead, Done, TooManyCodes, Paused:
			want = "no-referrer"
		}
		h := http.Header{}
		r.SetHeaders(h, v)
		if got := h.Get("Referrer-Policy"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestStatusAndOwnHeaders(t *testing.T) {
	r := practice(t)
	for name, want := range map[string]struct {
		status                     int
		retryAfter, refresh, allow string
	}{
		"login":                 {200, "", "", ""},
		"login_failure":         {403, "", "", ""},
		"login_throttled":       {429, "420", "", ""},
		"login_too_old":         {422, "", "", ""},
		"forgot_bad":            {422, "", "", ""},
		"forgot_throttled":      {429, "3600", "", ""},
		"sent":                  {200, "", "", ""},
		"expired":               {403, "", "", ""},
		"method":                {200, "", "", ""},
		"method_none":           {422, "", "", ""},
		"method_failed":         {200, "", "", ""},
		"method_limit":          {429, "840", "", ""},
		"code":                  {200, "", "", ""},
		"code_sending":          {200, "", "5", ""},
		"code_failed":           {200, "", "", ""},
		"code_wrong":            {422, "", "", ""},
		"code_missing":          {422, "", "", ""},
		"code_expired":          {422, "", "", ""},
		"password_refused":      {422, "", "", ""},
		"password_mismatch":     {422, "", "", ""},
		"link_dead":             {410, "", "", ""},
		"too_many_codes":        {429, "", "", ""},
		"codes_stopped":         {429, "72000", "", ""},
		"paused":                {409, "", "", ""},
		"account":               {200, "", "", ""},
		"change_password_wrong": {422, "", "", ""},
		"forbidden":             {403, "", "", ""},
		"busy":                  {429, "90", "", ""},
		"unavailable":           {503, "5", "", ""},
		"not_found":             {404, "", "", ""},
		"bad_request":           {400, "", "", ""},
		"method_not_allowed":    {405, "", "", "GET, POST"},
		"fault":                 {500, "", "", ""},
	} {
		v, h := samples()[name], http.Header{}
		r.SetHeaders(h, v)
		if v.Status() != want.status || h.Get("Retry-After") != want.retryAfter || h.Get("Refresh") != want.refresh || h.Get("Allow") != want.allow {
			t.Errorf("%s: %d, Retry-After %q, Refresh %q, Allow %q", name, v.Status(), h.Get("Retry-After"), h.Get("Refresh"), h.Get("Allow"))
		}
	}
	h := http.Header{}
	r.SetHeaders(h, Busy{RetryAfter: 1500 * time.Millisecond})
	if got := h.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %s for 1.5 s, want 2", got)
	}
	if got := (BadRequest{Code: 413}).Status(); got != 413 {
		t.Errorf("status %d, want 413", got)
	}
}

func TestVaryNamesTheLanguageWhereThereAreSeveral(t *testing.T) {
	h := http.Header{}
	r := newRenderer(t, Options{Languages: []string{"en", "nl"}, Overlay: shoutingLanguage(t)})
	r.SetHeaders(h, Login{Page: Page{Language: "nl"}})
	if got := strings.Join(h.Values("Vary"), ","); got != "Cookie,Accept-Language" || h.Get("Content-Language") != "nl" {
		t.Errorf("Vary %q, Content-Language %q", got, h.Get("Content-Language"))
	}
	if page := render(t, r, Login{Page: Page{Language: "nl"}}); !strings.Contains(page, `<html lang="nl" dir="rtl">`) {
		t.Error("the page does not name its language")
	}
}

func TestAssets(t *testing.T) {
	r := practice(t)
	page := render(t, r, Login{})
	_, rest, _ := strings.Cut(page, `href="/_auth/assets/`)
	name, _, _ := strings.Cut(rest, `"`)
	sheet, exact, ok := r.Asset(name)
	if !ok || !exact || sheet.ContentType != "text/css; charset=utf-8" || !strings.Contains(string(sheet.Content), ":focus-visible") {
		t.Errorf("asset %q: %v, %s", name, ok, sheet.ContentType)
	}
	for _, none := range []string{"", "loginwall.css", "../render.go", "styles/loginwall.css", name + "x"} {
		if _, _, ok := r.Asset(none); ok {
			t.Errorf("there is an asset %q", none)
		}
	}
	h := http.Header{}
	SetAssetHeaders(h, sheet)
	if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("the asset cannot be cached")
	}
	other := newRenderer(t, Options{Overlay: fstest.MapFS{"styles/loginwall.css": {Data: []byte("body{color:red}")}}})
	if sheet, exact, ok := other.Asset(name); !ok || exact || string(sheet.Content) != "body{color:red}" {
		t.Errorf("for the sheet of another version: %q, exact %v, %v", sheet.Content, exact, ok)
	}
}
