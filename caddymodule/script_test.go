package caddymodule

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"caddy": caddycmd.Main})
}

// Ensure the commands for admins do what the scripts say, each against a gateway of its own. $ADMIN is its admin
// endpoint, $NOWHERE an address at which nobody answers.
func TestCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			g := startGateway(t, "", "")
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Cmds:  map[string]func(*testscript.TestScript, bool, []string){"status": wantStatus},
				Setup: func(env *testscript.Env) error {
					env.Setenv("ADMIN", g.admin)
					env.Setenv("NOWHERE", freeAddresses(t, 1)[0])
					env.Setenv("HOME", env.WorkDir)
					return nil
				},
			})
		})
	}
}

// wantStatus is `status N args...`: it runs caddy and wants it to end with that status.
func wantStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("caddy", args[1:]...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != want {
		ts.Fatalf("caddy %s: %v, want status %d", strings.Join(args[1:], " "), err, want)
	}
}
