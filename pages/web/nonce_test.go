package web_test

import (
	"net/http"
	"testing"
)

// Ensure each page lets in its own script and no other: by a nonce that no other answer has.
func TestScriptRunsByANonceOfItsPage(t *testing.T) {
	w := newWall(t, nil)
	seen := map[string]bool{}
	for range 3 {
		for _, p := range []reply{w.browser().get("/_auth/login"), w.browser().get("/_auth/nothing-here")} {
			wantText(t, p, `nonce="NONCE"`)
			if len(p.nonce) < 22 || seen[p.nonce] {
				t.Errorf("status %d: nonce %q", p.StatusCode, p.nonce)
			}
			seen[p.nonce] = true
		}
	}
	if p := w.browser().get("/_auth/session"); p.nonce != "" || p.StatusCode == http.StatusNotFound {
		t.Errorf("an answer without a script: status %d, nonce %q", p.StatusCode, p.nonce)
	}
}
