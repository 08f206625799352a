package storetest

import (
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// claim claims at a moment and checks which messages came.
func claim(t testing.TB, s store.Store, at, lease time.Duration, limit int, want ...int) []policy.Message {
	t.Helper()
	claimed, err := s.ClaimMessages(t.Context(), t0.Add(at), lease, limit)
	noErr(t, err)
	var ids, wanted []string
	for _, m := range claimed {
		ids = append(ids, m.ID)
		if !m.NotBefore.Equal(t0.Add(at + lease)) {
			t.Fatalf("message is claimed until %v, want %v", m.NotBefore, t0.Add(at+lease))
		}
	}
	for _, n := range want {
		wanted = append(wanted, aMessage(n, t0).ID)
	}
	same(t, "claimed", ids, wanted)
	return claimed
}

func nextIs(t testing.TB, s store.Store, count int, next time.Time) {
	t.Helper()
	n, at, err := s.PendingMessages(t.Context())
	noErr(t, err)
	if n != count || !at.Equal(next) {
		t.Fatalf("%d pending, next at %v; want %d at %v", n, at, count, next)
	}
}

var outboxCases = cases{
	"OutboxOldestFirst": func(t *testing.T, s store.Store) {
		nextIs(t, s, 0, time.Time{})
		noErr(t, s.EnqueueMessages(t.Context()))
		noErr(t, s.EnqueueMessages(t.Context(),
			aMessage(1, t0.Add(3*time.Minute)), aMessage(2, t0.Add(time.Minute)), aMessage(3, t0.Add(2*time.Minute)), aMessage(4, t0.Add(hour))))
		nextIs(t, s, 4, t0.Add(time.Minute))
		claim(t, s, 59*time.Second, time.Minute, 10)
		claim(t, s, 5*time.Minute, time.Minute, 0)
		claim(t, s, 5*time.Minute, time.Minute, 2, 2, 3)
		claim(t, s, 5*time.Minute, time.Minute, 10, 1)
		nextIs(t, s, 4, t0.Add(6*time.Minute))
	},
	"OutboxEntryIsWhole": func(t *testing.T, s store.Store) {
		want := aMessage(1, t0)
		want.Link, want.Kind = aReset("one").Key, policy.KindCall
		noErr(t, s.EnqueueMessages(t.Context(), want))
		got := claim(t, s, 0, time.Minute, 1, 1)[0]
		want.NotBefore, want.Attempts = t0.Add(time.Minute), 1
		same(t, "message", got, want)
	},
	"OutboxLease": func(t *testing.T, s store.Store) {
		noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0)))
		same(t, "attempts", claim(t, s, 0, time.Minute, 10, 1)[0].Attempts, 1)
		claim(t, s, time.Minute-time.Microsecond, time.Minute, 10)
		same(t, "attempts", claim(t, s, time.Minute, time.Minute, 10, 1)[0].Attempts, 2)
		same(t, "attempts", claim(t, s, hour, time.Minute, 10, 1)[0].Attempts, 3)
	},
	"OutboxDelayAndRemove": func(t *testing.T, s store.Store) {
		noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0), aMessage(2, t0)))
		claim(t, s, 0, time.Minute, 10, 1, 2)
		noErr(t, s.DelayMessage(t.Context(), aMessage(1, t0).ID, t0.Add(hour)))
		noErr(t, s.RemoveMessage(t.Context(), aMessage(2, t0).ID))
		noErr(t, s.RemoveMessage(t.Context(), aMessage(2, t0).ID))
		noErr(t, s.DelayMessage(t.Context(), aMessage(2, t0).ID, t0))
		nextIs(t, s, 1, t0.Add(hour))
		claim(t, s, 59*time.Minute, time.Minute, 10)
		same(t, "attempts", claim(t, s, hour, time.Minute, 10, 1)[0].Attempts, 2)
		noErr(t, s.DelayMessage(t.Context(), aMessage(1, t0).ID, t0)) // earlier works too
		claim(t, s, 0, time.Minute, 10, 1)
		noErr(t, s.RemoveMessage(t.Context(), aMessage(1, t0).ID))
		nextIs(t, s, 0, time.Time{})
	},
	"OutboxSameIdIsLeftAsItIs": func(t *testing.T, s store.Store) {
		noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0)))
		claim(t, s, 0, hour, 1, 1)
		again := aMessage(1, t0)
		again.Payload = []byte("other")
		noErr(t, s.EnqueueMessages(t.Context(), again, aMessage(2, t0)))
		pending(t, s, 2)
		claim(t, s, time.Minute, hour, 10, 2)
		got := claim(t, s, hour, time.Minute, 1, 1)[0]
		same(t, "payload", got.Payload, aMessage(1, t0).Payload)
	},
	"OutboxAllOrNothing": func(t *testing.T, s store.Store) {
		bad := aMessage(2, t0)
		bad.ID = ""
		if err := s.EnqueueMessages(t.Context(), aMessage(1, t0), bad); err == nil {
			t.Fatal("stored a message without an id")
		}
		pending(t, s, 0)
	},
}

var keyCases = cases{
	"KeysBeginEmpty": func(t *testing.T, s store.Store) {
		k, err := s.Keys(t.Context())
		noErr(t, err)
		same(t, "keys", len(k.Keys), 0)
		k, err = s.UpdateKeys(t.Context(), func(*policy.Keyring) error { return nil })
		noErr(t, err)
		same(t, "revision of nothing", k.Revision, uint64(0))
	},
	"KeysUpdate": func(t *testing.T, s store.Store) {
		key := policy.Key{ID: "k1", Secret: []byte{0, 1, 0xfe, 0xff}, CreatedAt: t0, UsableAt: t0.Add(time.Minute)}
		want := policy.Keyring{Version: policy.RecordVersion, Keys: []policy.Key{key}, Revision: 1}
		k, err := s.UpdateKeys(t.Context(), func(k *policy.Keyring) error {
			k.Keys, k.Revision = append(k.Keys, key), 9
			return nil
		})
		noErr(t, err)
		same(t, "as stored", k, want)
		k, err = s.UpdateKeys(t.Context(), func(*policy.Keyring) error { return nil })
		noErr(t, err)
		same(t, "unchanged", k, want)
		_, err = s.UpdateKeys(t.Context(), func(k *policy.Keyring) error { k.Keys = nil; return errOwn })
		if err != errOwn { // as it is, not wrapped
			t.Fatalf("error is %v, want fn's own", err)
		}
		k, err = s.Keys(t.Context())
		noErr(t, err)
		same(t, "as read", k, want)
	},
}
