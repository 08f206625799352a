// Package gateway tests the wall as its users meet it: whole Caddy processes, asked over the network, with real servers
// behind and beside them. What the tests know of the product is what anybody may rely on: pages, forms, cookies, commands, metrics
// and logs. The names of the tests carry the ids of the cases they cover.
package gateway

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// caddy is the program under test.
var caddy string

// repository is the directory of the module.
const repository = "../.."

// TestMain builds Caddy with the wall once, unless CADDY_BIN names one.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if caddy = os.Getenv("CADDY_BIN"); caddy != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "loginwall-caddy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make directory:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	caddy = filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", caddy, "./caddymodule/cmd/caddy")
	build.Dir, build.Stdout, build.Stderr = repository, os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build caddy:", err)
		return 1
	}
	return m.Run()
}
