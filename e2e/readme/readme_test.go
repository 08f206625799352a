// Package readme does what the README and the manuals tell a reader to do.
package readme

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	root       = "../.."
	published  = "https://github.com/loginwall/loginwall"
	buildTime  = 15 * time.Minute // a first build compiles all of Caddy
	readyLine  = "The example is running"
	exampleURL = "http://localhost:8080"
)

var block = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// blocks returns the fenced blocks of a language in a file.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range block.FindAllSubmatch(text, -1) {
		if string(m[1]) == language {
			found = append(found, string(m[2]))
		}
	}
	return found
}

// Ensure every Caddyfile that a reader may copy is understood, without a warning.
func TestCaddyfiles(t *testing.T) {
	caddy := program(t)
	manuals, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, file := range append(manuals, root+"/README.md") {
		for i, text := range blocks(t, file, "caddyfile") {
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(file), i+1), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "Caddyfile")
				if err := os.WriteFile(path, []byte(whole(text)), 0o600); err != nil {
					t.Fatal(err)
				}
				var stderr bytes.Buffer
				adapt := exec.Command(caddy, "adapt", "--config", path)
				adapt.Stderr = &stderr
				if err := adapt.Run(); err != nil || strings.Contains(strings.ToLower(stderr.String()), "warn") {
					t.Errorf("%v\n%s\n%s", err, text, stderr.String())
				}
				if out, err := exec.Command(caddy, "fmt", "--diff", path).CombinedOutput(); err != nil {
					t.Errorf("not formatted: %v\n%s", err, out)
				}
			})
			tried++
		}
	}
	if tried < 3 {
		t.Errorf("only %d Caddyfiles found", tried)
	}
}

// program is the Caddy that reads them: the one that CADDY_BIN names, or one that is built.
func program(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("CADDY_BIN"); named != "" {
		return named
	}
	caddy := filepath.Join(t.TempDir(), "caddy")
	build := exec.Command("go", "build", "-o", caddy, "./caddymodule/cmd/caddy")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return caddy
}

// whole puts words of the realm, which manuals show alone, where they belong.
func whole(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if word != "mail" && word != "phone" && word != "store" {
		return text
	}
	var b strings.Builder
	b.WriteString("{\n\tlogin_wall {\n")
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("\t\t")
		}
		b.WriteString(line)
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// Ensure the README's commands do what it says, on a clone of this repository, in the order they stand there.
func TestCommands(t *testing.T) {
	if os.Getenv("LOGINWALL_README") != "1" {
		t.Skip("it takes ports 8080, 8081 and 2019 of this machine: set LOGINWALL_README=1 when nothing else runs, as ./xcaddy.sh test does")
	}
	for _, port := range []string{"8080", "8081", "2019"} {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatalf("the example needs port %s of this machine: %v", port, err)
		}
		l.Close()
	}
	var commands []string
	for _, text := range blocks(t, root+"/README.md", "console") {
		for line := range strings.Lines(text) {
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ "); ok {
				commands = append(commands, command)
			}
		}
	}
	if len(commands) < 4 || !strings.HasPrefix(commands[0], "git clone ") {
		t.Fatalf("commands found: %q", commands)
	}
	s := newShell(t)
	for _, command := range commands {
		switch {
		case command == "./xcaddy.sh run":
			s.startExample()
		case command == "./xcaddy.sh test":
			t.Fatal("the tests would run themselves")
		default:
			s.do(command)
		}
	}
	if s.example == nil {
		t.Fatal("the README does not say how to run the example")
	}
	s.visit()
}

// shell is the reader's terminal.
type shell struct {
	t       *testing.T
	dir     string
	env     []string
	example *exec.Cmd
	output  *transcript
}

func newShell(t *testing.T) *shell {
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, dir: t.TempDir(), env: append(os.Environ(),
		// The repository that is being tested stands in for the published one.
		"GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=url.file://"+here+".insteadOf", "GIT_CONFIG_VALUE_0="+published,
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		"CI=",
	)}
}

// do runs one line; a "cd" in it stays for the lines after.
func (s *shell) do(line string) {
	s.t.Helper()
	cmd := exec.Command("bash", "-c", line+" && pwd >&3")
	cmd.Dir, cmd.Env = s.dir, s.env
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{w}
	out, err := cmd.CombinedOutput()
	w.Close()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s\n%s", line, err, out, s.output)
	}
	var dir bytes.Buffer
	if _, err := dir.ReadFrom(r); err != nil {
		s.t.Fatal(err)
	}
	s.dir = strings.TrimSpace(dir.String())
	s.t.Logf("$ %s\n%s", line, out)
}

// startExample runs ./xcaddy.sh run until it says that the example is up, and ends it with the test, as Ctrl-C does.
func (s *shell) startExample() {
	s.t.Helper()
	s.example = exec.Command("./xcaddy.sh", "run")
	s.example.Dir, s.example.Env = s.dir, s.env
	s.example.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.output = new(transcript)
	s.example.Stdout, s.example.Stderr = s.output, s.output
	if err := s.example.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.example.Wait() }()
	s.t.Cleanup(func() {
		_ = syscall.Kill(-s.example.Process.Pid, syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = syscall.Kill(-s.example.Process.Pid, syscall.SIGKILL)
			s.t.Error("the example did not end within 30 s of Ctrl-C")
		}
		if conn, err := net.DialTimeout("tcp", "127.0.0.1:8080", time.Second); err == nil {
			conn.Close()
			s.t.Error("something still listens on port 8080 after the example has ended")
		}
	})
	for deadline := time.Now().Add(buildTime); ; time.Sleep(200 * time.Millisecond) {
		if strings.Contains(s.output.String(), readyLine) {
			return
		}
		select {
		case err := <-ended:
			ended <- err
			s.t.Fatalf("the example ended: %v\n%s", err, s.output)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the example is not up after %v\n%s", buildTime, s.output)
		}
	}
}

// visit looks at what the README promises: a login page, a set-up link that works, and mails in the terminal.
func (s *shell) visit() {
	s.t.Helper()
	link := regexp.MustCompile(`http://localhost:8080/_auth/setup\?token=[A-Za-z0-9_-]{43}`).FindString(s.output.String())
	if link == "" {
		s.t.Fatalf("no set-up link was printed\n%s", s.output)
	}
	for url, want := range map[string]string{exampleURL: "Your Email Address", link: "Send the Code"} {
		if page := s.fetch(url); !strings.Contains(page, want) {
			s.t.Errorf("%s does not show %q:\n%s", url, want, page)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.output.String(), "ann@example.com"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the second invitation does not appear in the terminal\n%s", s.output)
		}
	}
}

func (s *shell) fetch(url string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := (&http.Client{Jar: jar}).Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	return body.String()
}

// transcript is what a terminal shows.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *transcript) String() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
