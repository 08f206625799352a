package gateway

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Account is what `user show --json` prints.
type Account struct {
	ID         string    `json:"id"`
	Email      string    `json:"email"`
	Phone      string    `json:"phone"`
	State      string    `json:"state"`
	WrongTries int       `json:"wrong_tries"`
	Sessions   int       `json:"sessions"`
	LockedAt   time.Time `json:"locked_at"`
}

// Show asks for an account.
func (g *Gateway) Show(email string) Account {
	g.tb.Helper()
	var a Account
	if out := g.Must("user", "show", email, "--json"); json.Unmarshal([]byte(out), &a) != nil {
		g.tb.Fatalf("user show printed no JSON: %s", out)
	}
	return a
}

// Metric is the sum of a metric over its labels. match are parts that its line must contain, such as `result="match"`.
func (g *Gateway) Metric(name string, match ...string) float64 {
	g.tb.Helper()
	sum := 0.0
lines:
	for line := range strings.Lines(g.Metrics()) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		for _, part := range match {
			if !strings.Contains(rest, part) {
				continue lines
			}
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			g.tb.Fatalf("read metric %q: %v", line, err)
		}
		sum += value
	}
	return sum
}

// Metrics is the text of /metrics.
func (g *Gateway) Metrics() string {
	g.tb.Helper()
	status, body := g.admin(http.MethodGet, "/metrics")
	if status != http.StatusOK {
		g.tb.Fatalf("metrics: status %d", status)
	}
	return body
}

var plain = &http.Client{Timeout: 10 * time.Second}

// admin asks the admin endpoint; status 0 means that nobody answered.
func (g *Gateway) admin(method, path string) (status int, body string) {
	r, err := http.NewRequest(method, "http://"+g.Admin+path, nil)
	if err != nil {
		g.tb.Fatalf("ask admin endpoint: %v", err)
	}
	answer, err := plain.Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(text)
}

func (g *Gateway) logPath() string { return filepath.Join(g.Dir, "caddy.log") }

// RawLog is all that the process has printed.
func (g *Gateway) RawLog() string {
	g.tb.Helper()
	text, err := os.ReadFile(g.logPath())
	if err != nil {
		g.tb.Fatalf("read log: %v", err)
	}
	return string(text)
}

func (g *Gateway) tail(n int) string {
	text, _ := os.ReadFile(g.logPath())
	return string(text[max(0, len(text)-n):])
}

// Entry is one line of the log.
type Entry map[string]any

// Text is a field of the line as text, "" when there is none.
func (e Entry) Text(field string) string { s, _ := e[field].(string); return s }

// Log is every line that is JSON, from the loggers with this name or below it; "" means all.
func (g *Gateway) Log(logger string) []Entry {
	g.tb.Helper()
	var entries []Entry
	lines := bufio.NewScanner(strings.NewReader(g.RawLog()))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		name := e.Text("logger")
		if logger == "" || name == logger || strings.HasPrefix(name, logger+".") {
			entries = append(entries, e)
		}
	}
	return entries
}

// Audit is the audit trail's lines of one event.
func (g *Gateway) Audit(event string) []Entry {
	g.tb.Helper()
	var found []Entry
	for _, e := range g.Log("login_wall.audit") {
		if e.Text("msg") == event {
			found = append(found, e)
		}
	}
	return found
}
