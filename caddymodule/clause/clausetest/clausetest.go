// Package clausetest tests the Caddyfile side of guest modules.
package clausetest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Module is a guest module as a test needs it.
type Module interface {
	caddy.Module
	caddyfile.Unmarshaler
}

// Case is one clause, from the module's name on, and either the configuration it must become or what its error must
// say. The file is called Testfile in errors.
type Case struct {
	In    string
	JSON  string // the whole of it
	Error string // a part of it
}

// Run reads each case into a fresh module. What a clause becomes must also be accepted as JSON.
func Run(t *testing.T, module Module, cases map[string]Case) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			m := module.CaddyModule().New().(Module)
			err := m.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tt.In))
			if tt.Error != "" {
				if err == nil || !strings.Contains(err.Error(), tt.Error) {
					t.Errorf("got  %v\nwant %s", err, tt.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := mustEncode(t, m)
			if got != tt.JSON {
				t.Errorf("got  %s\nwant %s", got, tt.JSON)
			}
			again := module.CaddyModule().New()
			if err := caddy.StrictUnmarshalJSON([]byte(got), again); err != nil || mustEncode(t, again) != got {
				t.Errorf("as JSON it became %s (%v), want the same", mustEncode(t, again), err)
			}
		})
	}
}

// Provision loads a module as Caddy does, and fails the test if it is refused or if its configuration no longer shows
// the placeholders it was given.
func Provision(t testing.TB, module caddy.Module) {
	t.Helper()
	if err := Load(t, module); err != nil {
		t.Fatal(err)
	}
}

// Load is Provision for modules that may be refused.
func Load(t testing.TB, module caddy.Module) error {
	t.Helper()
	before := mustEncode(t, module)
	err := module.(caddy.Provisioner).Provision(caddy.Context{Context: t.Context()})
	if err == nil {
		err = module.(caddy.Validator).Validate()
	}
	if after := mustEncode(t, module); after != before {
		t.Errorf("configuration became %s, want it unchanged: %s", after, before)
	}
	return err
}

func mustEncode(t testing.TB, module any) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(module); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}
