package redis

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// All of a realm is in one slot, so that a Cluster can do all that a Redis alone can.
func TestRE19_StoreInACluster(t *testing.T) {
	server := redistest.StartCluster(t)
	suite(t, Options{Addresses: []string{server.Addr, server.Addr}, Timeout: patience})
}

// The Cluster client repeats a command whose answer got lost, unless it is told not to: a guess would count twice.
func TestNothingIsSentTwiceToACluster(t *testing.T) {
	between, announced := listen(t)
	server := redistest.StartCluster(t, "--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", announced)
	var losing atomic.Bool
	go between.serve(server.Addr, &losing)

	s := open(t, Options{Addresses: []string{between.addr, between.addr}, Timeout: patience})
	count := redis.NewScript(`return redis.call('HINCRBY', KEYS[1], 'n', 1)`)
	key := s.keys.tag + "count"
	if _, err := s.run(t.Context(), count, []string{key}); err != nil {
		t.Fatal(err)
	}
	losing.Store(true)
	if _, err := s.run(t.Context(), count, []string{key}); !errors.Is(s.fail("count", err), store.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
	if got := server.Do("HINCRBY", key, "n", "0"); got != ":2" {
		t.Errorf("after two calls the script has run %s times", got)
	}
	losing.Store(false)
	if _, err := s.run(t.Context(), count, []string{key}); err != nil {
		t.Error(err)
	}
}

// wire is what lies between a client and a server.
type wire struct {
	net.Listener
	addr string
}

func listen(t *testing.T) (w wire, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return wire{l, l.Addr().String()}, port
}

// serve passes everything on, but when losing, cuts the line in the place of the answer to a script.
func (w wire) serve(server string, losing *atomic.Bool) {
	for {
		client, err := w.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			up, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			defer up.Close()
			var lose atomic.Bool
			go func() {
				defer up.Close()
				for b := make([]byte, 1<<16); ; {
					n, err := client.Read(b)
					if err != nil {
						return
					}
					lose.Store(losing.Load() && bytes.Contains(b[:n], []byte("evalsha")))
					if _, err := up.Write(b[:n]); err != nil {
						return
					}
				}
			}()
			for b := make([]byte, 1<<16); ; {
				n, err := up.Read(b)
				if err != nil || lose.Load() {
					return
				}
				if _, err := client.Write(b[:n]); err != nil {
					return
				}
			}
		}()
	}
}

// T15, RE-12: when the primary is gone, the replica that the Sentinel promotes is found without being opened anew.
func TestRE12_SentinelFailover(t *testing.T) {
	primary := redistest.Start(t)
	redistest.StartReplica(t, primary)
	sentinel := redistest.StartSentinel(t, "realm", primary)
	waitFor(t, "the sentinel to know the replica", func() bool { return sentinel.Do("SENTINEL", "REPLICAS", "realm") == "*1" })

	s := open(t, Options{Addresses: []string{sentinel.Addr}, Master: "realm", Timeout: 2 * time.Second})
	if err := signIn(t.Context(), s, "a"); err != nil {
		t.Fatal(err)
	}
	if got := s.client.Do(t.Context(), "WAIT", 1, 20000).Val(); got != int64(1) {
		t.Fatalf("%v replicas have it all", got)
	}
	primary.Stop()
	waitFor(t, "the replica to take over", func() bool {
		_, err := s.UpdateAccount(t.Context(), "a", raise)
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
		return err == nil
	})
	if _, a, err := s.SessionWithAccount(t.Context(), "session-a"); err != nil || a.Epoch != 2 {
		t.Errorf("epoch is %d, %v", a.Epoch, err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
