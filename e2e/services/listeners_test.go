package services

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"
)

// Ensure a second socket on the same address is waited for, and another port is not.
func TestAwaitSoleListeners(t *testing.T) {
	const reusePort = 15 // SO_REUSEPORT of Linux, which the syscall package does not name on every architecture
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var set error
		if err := c.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1) }); err != nil {
			return err
		}
		return set
	}}
	first, err := shared.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	port := first.Addr().(*net.TCPAddr).Port
	AwaitSoleListeners(t, port)

	second, err := shared.Listen(context.Background(), "tcp", first.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const open = 50 * time.Millisecond
	began := time.Now()
	time.AfterFunc(open, func() { second.Close() })
	AwaitSoleListeners(t, port+1)
	AwaitSoleListeners(t, port)
	if waited := time.Since(began); waited < open {
		t.Errorf("came back after %s", waited)
	}
}
