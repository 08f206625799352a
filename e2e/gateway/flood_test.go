package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// behindProxy makes the test itself the trusted proxy, so that it can speak for many sources.
const behindProxy = "servers {\n trusted_proxies static 127.0.0.1/32\n trusted_proxies_strict\n}"

func TestLG08_ForgedSourcesAreOneSource(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{})
	jo := g.Active()
	guess := g.Browser().Guess()
	throttled := 0
	for i := range 60 {
		ip := fmt.Sprintf("203.0.113.%d", i)
		p, err := guess.Send(fmt.Sprintf("nobody%d@example.com", i), wrong,
			"X-Forwarded-For", ip, "X-Real-IP", ip, "Forwarded", "for="+ip, "True-Client-IP", ip, "CF-Connecting-IP", ip)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case p.StatusCode == http.StatusTooManyRequests:
			throttled++
			if p.Header.Get("Retry-After") == "" {
				t.Fatal("429 without Retry-After")
			}
		case i >= 20:
			t.Fatalf("failure %d from one peer: status %d, want 429", i+1, p.StatusCode)
		}
	}
	if throttled != 40 {
		t.Errorf("%d of 60 were throttled, want those after the first 20", throttled)
	}
	p, err := guess.Send(jo.Email, jo.Password) // LG-32: the right password is answered as a wrong one
	if err != nil || p.StatusCode != http.StatusTooManyRequests {
		t.Errorf("right password while throttled: status %d, %v; want 429", p.StatusCode, err)
	}
	for _, name := range []string{"login.failed", "login.throttled"} {
		lines := g.Audit(name)
		if len(lines) == 0 {
			t.Errorf("no line %s in the audit trail", name)
		}
		for _, e := range lines {
			if e.Text("client") != "127.0.0.1" {
				t.Fatalf("audit trail says %s came from %q", name, e.Text("client"))
			}
		}
	}
}

func TestLG09_HostileLockout(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{App: StartApp(t).Address, Global: behindProxy})
	owner, attacker := g.Browser(), g.Browser()
	owner.Header.Set("X-Forwarded-For", "198.51.100.1")
	attacker.Header.Set("X-Forwarded-For", "203.0.113.7")
	var victims []*Person
	for range 5 {
		victims = append(victims, g.Active())
	}
	owner.SignIn(victims[0].Email, victims[0].Password)
	guess, answered := attacker.Guess(), 0
	for _, v := range victims {
		for range 6 {
			p, err := guess.Send(v.Email, wrong)
			if err != nil {
				t.Fatal(err)
			}
			if p.StatusCode != http.StatusTooManyRequests {
				answered++
			}
		}
	}
	if answered != 20 {
		t.Errorf("%d of 30 guesses from one source were answered, want 20", answered)
	}
	for i, want := range []Account{{State: "locked", WrongTries: 6}, {State: "locked", WrongTries: 6}, {State: "locked", WrongTries: 6}, {State: "active", WrongTries: 2}, {State: "active"}} {
		if a := g.Show(victims[i].Email); a.State != want.State || a.WrongTries != want.WrongTries {
			t.Errorf("account %d: %s with %d wrong tries, want %s with %d", i+1, a.State, a.WrongTries, want.State, want.WrongTries)
		}
	}
	wantStatus(t, owner.Get("/"), http.StatusOK) // who is signed in stays so
	other := g.Browser()
	other.Header.Set("X-Forwarded-For", "198.51.100.2")
	other.SignIn(victims[4].Email, victims[4].Password)
	for i := range 3 {
		email := victims[i].Email
		g.Eventually("mail about the lock", patience, func() bool { return lockMails(g, email) > 0 })
		if n := lockMails(g, email); n != 1 {
			t.Errorf("%d mails about one lock", n)
		}
	}
	if len(g.Audit("login.throttled")) != 10 {
		t.Errorf("%d lines login.throttled, want 10", len(g.Audit("login.throttled")))
	}
}

func TestLG07_SixSourcesLock(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{Global: behindProxy})
	jo := g.Active()
	guess := g.Browser().Guess()
	for i := range 6 {
		if _, err := guess.Send(jo.Email, wrong, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if a := g.Show(jo.Email); a.State != "locked" {
		t.Errorf("state %q after six wrong passwords from six sources, want locked", a.State)
	}
}

// memory is the most that a process has held, in bytes.
func (g *Gateway) memory() int64 {
	g.tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.process.Process.Pid))
	if err != nil {
		g.tb.Skipf("read memory: %v", err)
	}
	for line := range bytes.Lines(status) {
		if rest, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				g.tb.Fatalf("read memory: %v", err)
			}
			return kib << 10
		}
	}
	g.tb.Fatal("no memory in the status of the process")
	return 0
}

func TestLG24_ManySignInsInLittleMemory(t *testing.T) {
	t.Parallel()
	const limit = 512 << 20
	g := Start(t, Settings{App: StartApp(t).Address, Realm: "source_limit off", Env: []string{"GOMEMLIMIT=512MiB"}})
	jo := g.Active()
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	guess := g.Browser().Guess()

	ended := make(chan struct{})
	var signedIn sync.WaitGroup
	var waits []time.Duration
	var trouble error
	signedIn.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
			began := time.Now()
			p, err := b.Do(b.Request(http.MethodGet, "/", nil))
			if err == nil && p.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", p.StatusCode)
			}
			if err != nil {
				trouble = err
				return
			}
			waits = append(waits, time.Since(began))
		}
	})
	var seen tally
	var slowest time.Duration
	var mu sync.Mutex
	began := time.Now()
	atOnce(300, func(i int) {
		began := time.Now()
		p, err := guess.Send(fmt.Sprintf("nobody%d@example.com", i), wrong)
		took := time.Since(began)
		if err == nil && p.StatusCode == http.StatusServiceUnavailable && p.Header.Get("Retry-After") == "" {
			err = fmt.Errorf("503 without Retry-After")
		}
		seen.add(p, err)
		mu.Lock()
		slowest = max(slowest, took)
		mu.Unlock()
	})
	took := time.Since(began)
	close(ended)
	signedIn.Wait()
	if trouble != nil {
		t.Errorf("request of somebody signed in: %v", trouble)
	}
	slices.Sort(waits)
	if len(waits) == 0 {
		t.Fatal("nobody signed in was answered")
	}
	p95 := waits[len(waits)*95/100]
	t.Logf("300 sign-ins in %s, the slowest %s, answers by status %v; at most %d MiB; %d requests of somebody signed in, median %s, p95 %s",
		took.Round(time.Millisecond), slowest.Round(time.Millisecond), seen.counts, g.memory()>>20, len(waits), waits[len(waits)/2].Round(time.Microsecond), p95.Round(time.Microsecond))
	if !g.Running() {
		t.Fatal("the gateway has ended")
	}
	if m := g.memory(); m > limit {
		t.Errorf("%d MiB of memory, want at most %d", m>>20, limit>>20)
	}
	for status, n := range seen.counts {
		if status != "403" && status != "503" {
			t.Errorf("%d answers %s", n, status)
		}
	}
	if p95 > time.Second {
		t.Errorf("p95 of those signed in is %s", p95)
	}
	b.SignIn(jo.Email, jo.Password)
}
