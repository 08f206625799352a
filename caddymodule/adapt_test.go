package caddymodule

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
)

var update = flag.Bool("update", false, "write what the fixtures adapt to into them")

// Ensure Caddyfiles adapt to the JSON below their line of dashes, or fail with the message there.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("fixtures: %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			const dashes = "----------\n"
			input, want, found := strings.Cut(string(content), dashes)
			if !found {
				t.Fatal("no line of dashes")
			}
			got := adapt(t, input)
			if *update {
				if err := os.WriteFile(file, []byte(input+dashes+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if strings.HasPrefix(want, "{") {
				want = indent(t, []byte(want))
			}
			if strings.TrimSpace(got) != strings.TrimSpace(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// adapt gives the JSON, indented, or the error. A warning is a failure: what we document must be without.
func adapt(t *testing.T, input string) string {
	t.Helper()
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(input), map[string]any{"filename": "Caddyfile"})
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	if err != nil {
		return err.Error() + "\n"
	}
	return indent(t, config)
}

func indent(t *testing.T, config []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, config, "", "\t"); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String()) + "\n"
}

// Ensure the Caddyfile of the repository adapts without a word.
func TestExampleAdapts(t *testing.T) {
	content, err := os.ReadFile("../Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	if got := adapt(t, string(content)); !strings.HasPrefix(got, "{") {
		t.Error(got)
	}
}
