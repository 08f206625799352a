// Package redistest runs a real redis-server for tests, on a free port of loopback, with its files in the test's own
// directory.
package redistest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a redis-server that is ended with its test.
type Server struct {
	// Addr is host:port; it stays the same when the server is started again.
	Addr string

	tb     testing.TB
	dir    string
	config string // lines of its configuration file
	args   []string

	mu      sync.Mutex
	process *exec.Cmd
	output  *bytes.Buffer
	ended   chan struct{}
}

// Start starts a server that keeps nothing on disk, and returns when it answers. Where redis-server is not installed the
// test is skipped; but with CI=true or LOGINWALL_REQUIRE_REDIS=1 it fails, so that a missing server is noticed.
func Start(tb testing.TB) *Server { return StartWith(tb, "--save", "", "--appendonly", "no") }

// StartDurable starts a server that keeps everything (AOF, synced at each write), to be stopped and started again.
func StartDurable(tb testing.TB) *Server {
	return StartWith(tb, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
}

// StartCluster starts a Cluster of one node, which has all slots, with these further arguments.
func StartCluster(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := StartWith(tb, append([]string{"--save", "", "--appendonly", "no", "--cluster-enabled", "yes"}, args...)...)
	if got := s.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383"); got != "+OK" {
		tb.Fatalf("give the node all slots: %s", got)
	}
	for end := time.Now().Add(20 * time.Second); strings.HasPrefix(s.Do("SET", "{probe}", "1"), "-CLUSTERDOWN"); {
		if time.Now().After(end) {
			tb.Fatal("the cluster does not come up")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return s
}

// StartReplica starts a replica of a server and returns when it follows.
func StartReplica(tb testing.TB, of *Server) *Server {
	tb.Helper()
	host, port, _ := net.SplitHostPort(of.Addr)
	of.Do("CONFIG", "SET", "repl-diskless-sync-delay", "0")
	s := StartWith(tb, "--save", "", "--appendonly", "no", "--replicaof", host+" "+port)
	if got := of.Do("WAIT", "1", "20000"); got != ":1" {
		tb.Fatalf("the replica does not follow: %s", got)
	}
	return s
}

// StartSentinel starts one Sentinel, whose word alone decides, for the primary and its replicas.
func StartSentinel(tb testing.TB, master string, primary *Server) *Server {
	tb.Helper()
	host, port, _ := net.SplitHostPort(primary.Addr)
	return start(tb, fmt.Sprintf("sentinel monitor %s %s %s 1\nsentinel down-after-milliseconds %s 300\n"+
		"sentinel failover-timeout %s 3000\n", master, host, port, master, master), "--sentinel")
}

// StartWith starts a server with these arguments besides its address and directory.
func StartWith(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return start(tb, "", args...)
}

func start(tb testing.TB, config string, args ...string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("LOGINWALL_REQUIRE_REDIS") == "1" {
			tb.Fatalf("redis-server is required here: %v", err)
		}
		tb.Skipf("redis-server is not installed: %v", err)
	}
	s := &Server{tb: tb, dir: tb.TempDir(), config: config, args: args}
	tb.Cleanup(s.Stop)
	for try := 0; ; try++ {
		s.Addr = freeAddr(tb)
		err := s.start()
		if err == nil {
			return s
		}
		if try == 4 { // another process may have been given the port in between
			tb.Fatal(err)
		}
	}
}

// Restart starts a stopped server again, on the same address and files, and returns when it answers.
func (s *Server) Restart() {
	s.tb.Helper()
	if err := s.start(); err != nil {
		s.tb.Fatal(err)
	}
}

// Stop ends the server at once, as a crash does, and waits until it is gone. A stopped server stays stopped.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // it may have ended by itself
	<-s.ended
	s.process = nil
}

// Do sends one command and returns the first line of the answer. It is for what the code under test must not do.
func (s *Server) Do(words ...string) string {
	s.tb.Helper()
	answer, err := s.ask(words...)
	if err != nil {
		s.tb.Fatalf("ask redis: %v", err)
	}
	return answer
}

func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return fmt.Errorf("start redis-server: it runs already")
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	config := filepath.Join(s.dir, "redis.conf")
	if err := os.WriteFile(config, []byte(s.config), 0o600); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	cmd := exec.Command("redis-server", append([]string{config, "--bind", host, "--port", port, "--dir", s.dir}, s.args...)...)
	output, ended := new(bytes.Buffer), make(chan struct{})
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	go func() {
		_ = cmd.Wait() // how it ended is in its output
		close(ended)
	}()
	s.process, s.output, s.ended = cmd, output, ended

	deadline := time.After(20 * time.Second)
	for {
		if answer, err := s.ask("PING"); err == nil && answer == "+PONG" {
			return nil
		}
		select {
		case <-ended:
			s.process = nil
			return fmt.Errorf("start redis-server: it ended: %s", output)
		case <-deadline:
			_ = cmd.Process.Kill()
			<-ended
			s.process = nil
			return fmt.Errorf("start redis-server: no answer: %s", output)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) ask(words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", err
	}
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := conn.Write([]byte(request.String())); err != nil {
		return "", err
	}
	answer := make([]byte, 512)
	n, err := conn.Read(answer)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	return line, nil
}

func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}
