package gateway

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// twoNodes starts two gateways on one Redis. Their file senders write to one place, since either may send.
func twoNodes(t *testing.T, redis *redistest.Server, app *App, realm string) (n1, n2 *Gateway) {
	t.Helper()
	s := Settings{
		App: app.Address, Spool: filepath.Join(t.TempDir(), "spool"),
		Realm: "store redis {\n address " + redis.Addr + "\n}\n" + realm,
	}
	n1, n2 = Start(t, s), Start(t, s)
	n2.Spool = n1.Spool
	return n1, n2
}

// atOnce runs f n times, all at the same moment, and waits for all.
func atOnce(n int, f func(i int)) {
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-gate
			f(i)
		})
	}
	close(gate)
	all.Wait()
}

// tally counts outcomes from many goroutines.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) add(p Page, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	if err != nil {
		c.counts[err.Error()]++
		return
	}
	c.counts[fmt.Sprint(p.StatusCode)]++
}

func checks(nodes ...*Gateway) (n float64) {
	for _, g := range nodes {
		n += g.Metric("login_wall_password_checks_total")
	}
	return n
}

func lockMails(g *Gateway, email string) (n int) {
	for _, m := range g.Spool.Mails(email) {
		if strings.Contains(m.Subject, "locked") {
			n++
		}
	}
	return n
}

func TestLG05_TwoGatewaysOneRedis(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	n1, n2 := twoNodes(t, redistest.Start(t), app, "source_limit off")
	jo, ann := n1.Active(), n2.Active()

	before := checks(n1, n2)
	guesses := []Guess{n1.Browser().Guess(), n2.Browser().Guess()}
	var seen tally
	began := time.Now()
	atOnce(200, func(i int) {
		seen.add(guesses[i%2].Send(jo.Email, fmt.Sprintf("%s %d", wrong, i)))
	})
	checked := checks(n1, n2) - before
	t.Logf("200 guesses over two nodes in %s: %g were checked; answers by status: %v", time.Since(began).Round(time.Millisecond), checked, seen.counts)
	if checked > 6 || checked < 1 {
		t.Errorf("%g guesses were checked, want at most 6", checked)
	}
	if seen.counts["303"] > 0 {
		t.Error("a wrong password signed in")
	}
	for _, g := range []*Gateway{n1, n2} {
		p := g.Browser().Login(jo.Email, jo.Password)
		if p.StatusCode == http.StatusSeeOther {
			t.Errorf("the right password of a locked account signs in at %s", g.URL)
		}
		wantText(t, p, "We could not sign you in")
		if state := g.Show(jo.Email).State; state != "locked" {
			t.Errorf("state %q, want locked", state)
		}
		g.Browser().SignIn(ann.Email, ann.Password) // nobody else is touched
	}
	n1.Eventually("mail about the lock", patience, func() bool { return lockMails(n1, jo.Email) > 0 })
	time.Sleep(2 * time.Second) // for a second one, if it should come
	if n := lockMails(n1, jo.Email); n != 1 {
		t.Errorf("%d mails about one lock, want 1", n)
	}
	if n := len(n1.Audit("account.locked")) + len(n2.Audit("account.locked")); n != 1 {
		t.Errorf("%d lines account.locked in the audit trails, want 1", n)
	}
}

func TestT9_SixParallelRightSignIns(t *testing.T) {
	t.Parallel()
	n1, n2 := twoNodes(t, redistest.Start(t), StartApp(t), "")
	jo := n1.Active()
	guesses := []Guess{n1.Browser().Guess(), n2.Browser().Guess()}
	var seen tally
	began := time.Now()
	atOnce(6, func(i int) { seen.add(guesses[i%2].Send(jo.Email, jo.Password)) })
	a := n1.Show(jo.Email)
	t.Logf("six right sign-ins at once in %s: answers by status %v, %d sessions, %d failures", time.Since(began).Round(time.Millisecond), seen.counts, a.Sessions, a.WrongTries)
	if seen.counts["303"] != 6 || a.Sessions != 6 || a.WrongTries != 0 || a.State != "active" {
		t.Errorf("answers %v, account %+v; want six times 303, six sessions, no failure", seen.counts, a)
	}
}

func TestSE03_SignedOutOnOneNodeIsOutOnTheOther(t *testing.T) {
	t.Parallel()
	app := StartApp(t)
	n1, n2 := twoNodes(t, redistest.Start(t), app, "")
	jo := n1.Active()
	b := n1.Browser()
	b.SignIn(jo.Email, jo.Password)
	thief := n2.Browser()
	copied := "loginwall=" + b.Session()
	thief.Header.Set("Cookie", copied)
	wantStatus(t, thief.Get("/"), http.StatusOK) // and now the other node holds whatever it holds of the session

	b.SignOut()
	out := time.Now()
	p := thief.Get("/")
	t.Logf("replayed %s after the sign-out: status %d", time.Since(out).Round(time.Microsecond), p.StatusCode)
	wantRefused(t, p)
	wantStatus(t, thief.Fetch("/"), http.StatusUnauthorized)
	wantRefused(t, b.Get("/"))
	if n := len(app.Requests()); n != 1 {
		t.Errorf("the app has seen %d requests, want the one before the sign-out", n)
	}
}

// within checks that something becomes true on a node within a second.
func within(t *testing.T, what string, yes func() bool) {
	t.Helper()
	began := time.Now()
	eventually(t, what, time.Second, yes)
	t.Logf("%s: after %s", what, time.Since(began).Round(time.Microsecond))
}

func TestSE12_AdminEndsSessionsOnBothNodes(t *testing.T) {
	t.Parallel()
	n1, n2 := twoNodes(t, redistest.Start(t), StartApp(t), "")
	jo, ann := n1.Active(), n1.Active()
	b, other := n1.Browser(), n1.Browser()
	b.SignIn(jo.Email, jo.Password)
	other.SignIn(ann.Email, ann.Password)
	wantStatus(t, b.At(n2).Get("/"), http.StatusOK)
	wantStatus(t, other.At(n2).Get("/"), http.StatusOK)

	n1.Must("user", "sign-out", jo.Email)
	for _, g := range []*Gateway{n2, n1} {
		within(t, "end of the session at "+g.URL, func() bool { return b.At(g).Get("/").StatusCode != http.StatusOK })
	}
	wantStatus(t, other.At(n2).Get("/"), http.StatusOK)
	n1.Must("user", "sign-out", "--all")
	within(t, "end of everybody's sessions", func() bool { return other.At(n2).Get("/").StatusCode != http.StatusOK })
	b.SignIn(jo.Email, jo.Password)
	wantStatus(t, b.At(n2).Get("/"), http.StatusOK)
}

func TestSE20_ChangedAccountOnBothNodes(t *testing.T) {
	t.Parallel()
	n1, n2 := twoNodes(t, redistest.Start(t), StartApp(t), "")
	jo, ann := n1.Active("--group", "desk"), n1.Active()
	b, other := n1.Browser(), n1.Browser()
	b.SignIn(jo.Email, jo.Password)
	other.SignIn(ann.Email, ann.Password)
	nodes := []*Gateway{n1, n2}
	for _, g := range nodes {
		wantText(t, b.At(g).Get("/"), `groups="desk"`)
		wantStatus(t, other.At(g).Get("/"), http.StatusOK)
	}
	n1.Must("user", "set", jo.Email, "--group", "billing", "--group", "boss")
	for _, g := range nodes {
		within(t, "new groups at "+g.URL, func() bool { return strings.Contains(b.At(g).Get("/").Body, `groups="billing,boss"`) })
	}
	n1.Must("user", "disable", jo.Email)
	n2.Must("user", "remove", ann.Email)
	for _, g := range nodes {
		within(t, "end of the disabled at "+g.URL, func() bool { return b.At(g).Get("/").StatusCode == http.StatusSeeOther })
		within(t, "end of the removed at "+g.URL, func() bool { return other.At(g).Get("/").StatusCode == http.StatusSeeOther })
		wantText(t, g.Browser().Login(jo.Email, jo.Password), "We could not sign you in")
	}
	n2.Must("user", "enable", jo.Email)
	wantRefused(t, b.Get("/")) // what has ended does not come back
	n1.Browser().SignIn(jo.Email, jo.Password)
}
