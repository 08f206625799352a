package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/loginwall/loginwall/e2e/services"
)

const (
	startTime = 30 * time.Second
	stopTime  = 20 * time.Second
	patience  = 20 * time.Second // for what must happen by itself: mails, texts, recovery
	look      = 20 * time.Millisecond
)

// Settings are what a gateway is started with. Caddyfile is used as it is where it is given; else one site is written
// from the parts. In all of them {$PORT}, {$ADMIN}, {$APP}, {$DIR} and {$SPOOL} stand for what the rig has chosen.
type Settings struct {
	Global    string   // lines of the global block
	Realm     string   // lines of the global login_wall; senders are files unless they say otherwise
	Site      string   // lines of the site's login_wall
	Caddyfile string   // instead of all these
	App       string   // host:port of what is behind the wall
	Spool     string   // where file senders write; default: in the gateway's own directory
	Env       []string // of the process
}

const caddyfile = `{
	admin {$ADMIN}
	log {
		output stderr
		format json
		level {$LEVEL:INFO}
	}
	%s
	login_wall {
		name "SecureMail"
		url http://localhost:{$PORT}
		%s
	}
}
http://localhost:{$PORT} {
	bind 127.0.0.1
	log
	login_wall {
		%s
	}
	reverse_proxy {$APP}
}
`

// Gateway is a Caddy with the wall in a process of its own, with directories and ports of its own.
type Gateway struct {
	URL   string // of the site
	Admin string // host:port of the admin endpoint
	Dir   string // all that it writes
	Spool *Spool // what the file senders have written
	File  string // the Caddyfile

	tb      testing.TB
	port    int // of the site
	env     []string
	process *exec.Cmd
	done    chan struct{}
}

// Start starts a gateway and returns when it answers. It ends with the test.
func Start(tb testing.TB, s Settings) *Gateway {
	tb.Helper()
	g := Prepare(tb, s)
	g.Start()
	return g
}

// Prepare is Start without starting.
func Prepare(tb testing.TB, s Settings) *Gateway {
	tb.Helper()
	dir := tb.TempDir()
	port, admin := freePort(tb), freePort(tb)
	g := &Gateway{
		URL: fmt.Sprintf("http://localhost:%d", port), Admin: loopback(admin), Dir: dir,
		File: filepath.Join(dir, "Caddyfile"), tb: tb, port: port,
	}
	if s.Spool == "" {
		s.Spool = filepath.Join(dir, "spool")
	}
	g.Spool = &Spool{tb: tb, dir: s.Spool, taken: make(map[string]bool)}
	if s.App == "" {
		s.App = loopback(1) // nobody is there
	}
	g.env = append(os.Environ(),
		"XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "HOME="+dir,
		"PORT="+strconv.Itoa(port), "ADMIN="+g.Admin, "APP="+s.App, "DIR="+dir, "SPOOL="+s.Spool)
	g.env = append(g.env, s.Env...)
	text := s.Caddyfile
	if text == "" {
		text = fmt.Sprintf(caddyfile, s.Global, withSenders(s.Realm), s.Site)
	}
	g.Configure(text)
	return g
}

// withSenders adds the senders that a realm does not have.
func withSenders(realm string) string {
	for _, kind := range []string{"mail", "phone"} {
		if !strings.Contains("\n"+strings.ReplaceAll(realm, "\t", ""), "\n"+kind+" ") {
			realm += "\n\t\t" + kind + " file {$SPOOL}/" + kind
		}
	}
	return realm
}

// Configure writes the Caddyfile that the next start or reload uses.
func (g *Gateway) Configure(text string) {
	g.tb.Helper()
	if err := os.WriteFile(g.File, []byte(text), 0o600); err != nil {
		g.tb.Fatalf("write Caddyfile: %v", err)
	}
}

// Start starts a gateway that does not run, on the same ports and directories.
func (g *Gateway) Start() {
	g.tb.Helper()
	log, err := os.OpenFile(g.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		g.tb.Fatalf("open log: %v", err)
	}
	defer log.Close()
	cmd := exec.Command(caddy, "run", "--config", g.File, "--adapter", "caddyfile")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = g.Dir, g.env, log, log
	if err := cmd.Start(); err != nil {
		g.tb.Fatalf("start caddy: %v", err)
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(done)
	}()
	g.process, g.done = cmd, done
	g.tb.Cleanup(func() {
		g.Stop()
		if g.tb.Failed() {
			g.tb.Logf("end of the log of %s:\n%s", g.URL, g.tail(6000))
		}
	})
	g.Eventually("answer of the admin endpoint", startTime, func() bool {
		select {
		case <-done:
			g.tb.Fatalf("caddy ended at once:\n%s", g.tail(6000))
		default:
		}
		status, _ := g.admin(http.MethodGet, "/config/")
		return status == http.StatusOK
	})
}

// Stop asks the process to end and waits until it has. Twice is safe.
func (g *Gateway) Stop() { g.end(syscall.SIGTERM) }

// Kill ends the process as a crash does.
func (g *Gateway) Kill() { g.end(syscall.SIGKILL) }

func (g *Gateway) end(signal os.Signal) {
	g.tb.Helper()
	if g.process == nil {
		return
	}
	_ = g.process.Process.Signal(signal) // it may have ended by itself
	select {
	case <-g.done:
	case <-time.After(stopTime):
		g.tb.Errorf("caddy did not end within %s", stopTime)
		_ = g.process.Process.Kill()
		<-g.done
	}
	g.process = nil
}

// Running tells whether the process is alive.
func (g *Gateway) Running() bool {
	if g.process == nil {
		return false
	}
	select {
	case <-g.done:
		return false
	default:
		return true
	}
}

// Run runs a command of the program against this gateway: what it printed on its two outputs, and its exit status.
func (g *Gateway) Run(args ...string) (out, errs string, status int) {
	g.tb.Helper()
	return g.run(append(args, "--address", g.Admin)...)
}

func (g *Gateway) run(args ...string) (out, errs string, status int) {
	g.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, caddy, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = g.Dir, g.env, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		g.tb.Fatalf("run caddy %s: %v", args[0], err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// Must runs a command of login-wall that must succeed and returns what it printed.
func (g *Gateway) Must(args ...string) string {
	g.tb.Helper()
	out, errs, status := g.Run(append([]string{"login-wall"}, args...)...)
	if status != 0 {
		g.tb.Fatalf("login-wall %s: status %d: %s", strings.Join(args, " "), status, errs)
	}
	return out
}

// Reload loads the Caddyfile into the running process.
func (g *Gateway) Reload() {
	g.tb.Helper()
	if _, errs, status := g.Run("reload", "--config", g.File, "--adapter", "caddyfile", "--force"); status != 0 {
		g.tb.Fatalf("reload: status %d: %s", status, errs)
	}
	services.AwaitSoleListeners(g.tb, g.port)
}

// Eventually asks until the answer is yes.
func (g *Gateway) Eventually(what string, within time.Duration, yes func() bool) {
	g.tb.Helper()
	eventually(g.tb, what, within, yes)
}

func eventually(tb testing.TB, what string, within time.Duration, yes func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(within); !yes(); time.Sleep(look) {
		if time.Now().After(deadline) {
			tb.Fatalf("no %s within %s", what, within)
		}
	}
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Ports are below those that the system gives to connections, so that none is taken while a gateway restarts.
var nextPort atomic.Int64

func freePort(tb testing.TB) int {
	tb.Helper()
	const from, many = 11000, 20000
	for range many {
		port := from + (os.Getpid()*97+int(nextPort.Add(1)))%many
		l, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		_ = l.Close()
		return port
	}
	tb.Fatal("no port is free")
	return 0
}
