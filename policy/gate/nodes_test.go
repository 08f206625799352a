package gate_test

import (
	"fmt"
	"testing"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/redis"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// nodes gives two gates on one store: on the file store in one process, and on Redis with a client each.
func nodes(t *testing.T, run func(t *testing.T, n1, n2 *rig)) {
	unlimited := func(c *gate.Config) { c.SourceLimit = 0 }
	t.Run("file", func(t *testing.T) {
		s := openFile(t)
		run(t, rigOn(t, s, unlimited), rigOn(t, s, unlimited))
	})
	t.Run("redis", func(t *testing.T) {
		server := redistest.Start(t)
		open := func() store.Store {
			s, err := redis.New(redis.Options{Addresses: []string{server.Addr}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		run(t, rigOn(t, open(), unlimited), rigOn(t, open(), unlimited))
	})
}

// Ensure of 200 parallel wrong guesses over two nodes at most six are checked, one lock and one mail follow, and the
// right password is refused after.
func TestLG05_ParallelGuesses(t *testing.T) {
	nodes(t, func(t *testing.T, n1, n2 *rig) {
		n1.active(jo)
		mails := len(n1.mails)
		before := n1.allChecks()
		parallel(200, func(i int) {
			r := []*rig{n1, n2}[i%2]
			result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: jo, Password: fmt.Sprint("wrong guess number ", i), Client: client})
			want(t, "guess", err, nil)
			if result.Reason != policy.Refused && result.Reason != policy.Busy { // busy: for the decoys, not for the six
				t.Errorf("guess: %s", result.Reason)
			}
		})
		if n := n1.allChecks() + n2.allChecks() - before; n != 6 {
			t.Errorf("%d guesses were checked, want 6", n)
		}
		want(t, "right password", n1.signIn(jo, good).Reason, policy.Refused)
		want(t, "right password on the other", n2.signIn(jo, good).Reason, policy.Refused)
		want(t, "lock events", n1.count("account.locked")+n2.count("account.locked"), 1)
		n1.deliver()
		want(t, "lock mails", len(n1.mails)-mails, 1)
		want(t, "letter", n1.mails[len(n1.mails)-1].Subject, "locked")
		want(t, "state", n2.show(jo).State, policy.StateLocked)
	})
}

// Ensure parallel right sign-ins all succeed and count nothing (T9), also when there are more than the lockout forgives.
func TestT9_ParallelRightSignIns(t *testing.T) {
	nodes(t, func(t *testing.T, n1, n2 *rig) {
		n1.active(jo)
		tokens := make([]string, 12)
		parallel(len(tokens), func(i int) {
			r := []*rig{n1, n2}[i%2]
			result, err := r.SignIn(ctx(t), gate.SignInRequest{Email: jo, Password: good, Client: client})
			want(t, "sign-in", result.Reason, policy.OK, err)
			tokens[i] = result.Token
		})
		for _, token := range tokens {
			_, reason, err := n2.CheckSession(ctx(t), token, true)
			want(t, "session", reason, policy.OK, err)
		}
		info := n1.show(jo)
		want(t, "wrong tries", info.WrongTries, 0)
		want(t, "state", info.State, policy.StateActive)
		want(t, "sessions", info.Sessions, len(tokens))
	})
}
