// Package services starts the real servers that integration tests talk to: Postfix, Kannel with its fake SMS centre,
// Roundcube on Dovecot, and an endpoint that answers as Twilio documents. Each runs on loopback, on ports of its own,
// in a directory of its own, and ends with the test that started it. Nothing of the machine's own installation of
// these programs is read, changed or stopped.
//
// A program that is not installed skips the test, except where everything must be there (CI=true or
// LOGINWALL_REQUIRE_SERVICES=1): there it fails, so that a missing package cannot look like a passing run.
package services

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 50 * time.Millisecond
)

// required reports whether a missing service is a failure.
func required() bool {
	ci, _ := strconv.ParseBool(os.Getenv("CI"))
	asked, _ := strconv.ParseBool(os.Getenv("LOGINWALL_REQUIRE_SERVICES"))
	return ci || asked
}

// missing ends the test because something is not there.
func missing(tb testing.TB, what string) {
	tb.Helper()
	if required() {
		tb.Fatalf("missing %s, and this run must not do without", what)
	}
	tb.Skipf("missing %s", what)
}

// program returns the path of the first candidate that can be run. Candidates are names to be looked up in PATH and
// the system directories that an ordinary user's PATH lacks, or absolute paths.
func program(tb testing.TB, candidates ...string) string {
	tb.Helper()
	for _, name := range candidates {
		for _, dir := range []string{"", "/usr/sbin", "/usr/local/sbin"} {
			if dir != "" && filepath.IsAbs(name) {
				continue
			}
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path
			}
		}
	}
	missing(tb, candidates[0])
	return ""
}

// asRoot ends the test unless it runs as root: servers that change user need it.
func asRoot(tb testing.TB, what string) {
	tb.Helper()
	if os.Geteuid() != 0 {
		missing(tb, "root, which "+what+" needs")
	}
}

// directory makes a directory that other users may enter, unlike testing.TB.TempDir: the servers change user.
func directory(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "loginwall-"+name+"-")
	if err != nil {
		tb.Fatalf("make directory: %v", err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatalf("open directory to other users: %v", err)
	}
	return dir
}

// makeDirectory makes a directory that everybody may enter, and those above it.
func makeDirectory(tb testing.TB, path string) {
	tb.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		tb.Fatalf("make directory: %v", err)
	}
}

// write puts text into a file of dir and returns its path.
func write(tb testing.TB, dir, name, text string, mode os.FileMode) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		tb.Fatalf("write %s: %v", name, err)
	}
	return path
}

// FreePort returns a loopback TCP port that nobody listens on now.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// listening reports whether something accepts connections at a TCP address.
func listening(address string) bool { return accepts("tcp", address) }

func accepts(network, address string) bool {
	c, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// eventually asks until the answer is yes, and fails the test when it is not within the timeout.
func eventually(tb testing.TB, what string, timeout time.Duration, yes func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(pollInterval) {
		if yes() {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("no %s within %s", what, timeout)
		}
	}
}

// process is a running program, in a process group of its own, with all that it prints in a file.
type process struct {
	cmd  *exec.Cmd
	name string
	log  string
	done chan struct{}
}

// start runs a program until stop or the end of the test. Its output is shown when the test has failed.
func start(tb testing.TB, dir, name string, env []string, path string, args ...string) *process {
	tb.Helper()
	p := &process{name: name, log: filepath.Join(dir, name+".out"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		tb.Fatalf("open output of %s: %v", name, err)
	}
	defer out.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	tb.Cleanup(func() {
		p.stop()
		if tb.Failed() {
			tb.Logf("output of %s:\n%s", name, tail(p.log))
		}
	})
	return p
}

// stop asks the program to end, waits, and ends what is left of its group. Twice is safe.
func (p *process) stop() {
	group := -p.cmd.Process.Pid
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(stopTimeout):
		}
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// up waits until the program accepts connections at a TCP address, and fails at once when it has ended.
func (p *process) up(tb testing.TB, address string) {
	tb.Helper()
	p.upAt(tb, "tcp", address)
}

func (p *process) upAt(tb testing.TB, network, address string) {
	tb.Helper()
	eventually(tb, p.name+" at "+address, startTimeout, func() bool {
		select {
		case <-p.done:
			tb.Fatalf("%s ended at once:\n%s", p.name, tail(p.log))
		default:
		}
		return accepts(network, address)
	})
}

// tail returns the end of a file.
func tail(path string) []byte {
	const most = 4096
	text, _ := os.ReadFile(path)
	if len(text) > most {
		text = text[len(text)-most:]
	}
	return bytes.TrimSpace(text)
}
