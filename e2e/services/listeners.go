package services

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// AwaitSoleListeners waits until no TCP address of this machine is listened on twice under the port, as it is while a
// reload hands over: Caddy's new servers listen beside the old ones, whose sockets are closed only after the reload
// has been reported as done. The system resets what it has already given to a socket that closes, which visitors'
// browsers meet with another try and a test would meet with a failure.
//
// Where /proc does not tell (it is Linux's), nothing is waited for.
func AwaitSoleListeners(tb testing.TB, port int) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		twice := ""
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			text, err := os.ReadFile(table)
			if err != nil {
				continue
			}
			if address := listenedTwice(string(text), port); address != "" {
				twice = address
			}
		}
		if twice == "" {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s is still listened on twice", twice)
		}
	}
}

// listenedTwice is the first address, in the kernel's hexadecimal form, that stands twice among the listening ones of a
// table like /proc/net/tcp: index, local address, remote address, state, more.
func listenedTwice(table string, port int) string {
	const listening = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	seen := map[string]bool{}
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != listening || !strings.HasSuffix(fields[1], suffix) {
			continue
		}
		if seen[fields[1]] {
			return fields[1]
		}
		seen[fields[1]] = true
	}
	return ""
}
