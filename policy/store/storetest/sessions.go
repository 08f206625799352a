package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

var sessionCases = cases{
	"SessionWithItsAccount": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		want := aSession("one", a.ID, t0.Add(7*time.Nanosecond))
		noErr(t, s.CreateSession(t.Context(), want, t0.Add(hour)))
		a = update(t, s, a.ID, func(a *policy.Account) { a.Epoch = 9 })
		session, account, err := s.SessionWithAccount(t.Context(), want.Key)
		noErr(t, err)
		same(t, "session", session, want)
		same(t, "account", account, a)
		for _, key := range []policy.SessionKey{"", "nothing", policy.SessionKey(hashed("two"))} {
			_, _, err = s.SessionWithAccount(t.Context(), key)
			wantErr(t, err, store.ErrNotFound)
		}
	},
	"SessionWithoutItsAccount": func(t *testing.T, s store.Store) {
		session := aSession("one", "gone", t0)
		noErr(t, s.CreateSession(t.Context(), session, t0.Add(hour)))
		_, _, err := s.SessionWithAccount(t.Context(), session.Key)
		wantErr(t, err, store.ErrNotFound)
	},
	"SessionKeyIsNeverReused": func(t *testing.T, s store.Store) {
		a, b := create(t, s, anAccount(1)), create(t, s, anAccount(2))
		noErr(t, s.CreateSession(t.Context(), aSession("one", a.ID, t0), t0.Add(hour)))
		wantErr(t, s.CreateSession(t.Context(), aSession("one", b.ID, t0), t0.Add(hour)), store.ErrExists)
		session, _, err := s.SessionWithAccount(t.Context(), aSession("one", a.ID, t0).Key)
		noErr(t, err)
		same(t, "owner", session.Account, a.ID)
	},
	// Whether a session has ended is the caller's to decide: a store shows no clock of its own.
	"SessionIsKeptUntilItExpires": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		noErr(t, s.CreateSession(t.Context(), aSession("one", a.ID, t0), t0.Add(hour)))
		_, err := s.ClaimMessages(t.Context(), t0.Add(hour-time.Second), hour, 1) // lets the store know how late it is
		noErr(t, err)
		noErr(t, s.CreateSession(t.Context(), aSession("two", a.ID, t0.Add(hour-time.Second)), t0.Add(2*hour)))
		_, _, err = s.SessionWithAccount(t.Context(), aSession("one", a.ID, t0).Key)
		noErr(t, err)
		list, err := s.SessionsOf(t.Context(), a.ID)
		noErr(t, err)
		same(t, "listed", len(list), 2)
	},
	"TouchGoesForwardOnly": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		want := aSession("one", a.ID, t0)
		noErr(t, s.CreateSession(t.Context(), want, t0.Add(hour)))
		for _, step := range []struct{ seen, stored time.Duration }{
			{time.Minute, time.Minute}, {time.Second, time.Minute}, {time.Minute, time.Minute},
			{time.Minute + time.Nanosecond, time.Minute + time.Nanosecond}, {-hour, time.Minute + time.Nanosecond},
		} {
			noErr(t, s.TouchSession(t.Context(), want.Key, t0.Add(step.seen)))
			want.SeenAt = t0.Add(step.stored)
			session, _, err := s.SessionWithAccount(t.Context(), want.Key)
			noErr(t, err)
			same(t, "session", session, want)
		}
	},
	"TouchNeverResurrects": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		session := aSession("one", a.ID, t0)
		noErr(t, s.TouchSession(t.Context(), session.Key, t0))
		noErr(t, s.CreateSession(t.Context(), session, t0.Add(hour)))
		ended, err := s.EndSession(t.Context(), session.Key)
		noErr(t, err)
		same(t, "ended", ended, true)
		noErr(t, s.TouchSession(t.Context(), session.Key, t0.Add(time.Minute)))
		_, _, err = s.SessionWithAccount(t.Context(), session.Key)
		wantErr(t, err, store.ErrNotFound)
		list, err := s.SessionsOf(t.Context(), a.ID)
		noErr(t, err)
		same(t, "listed", len(list), 0)
		ended, err = s.EndSession(t.Context(), session.Key)
		noErr(t, err)
		same(t, "ended again", ended, false)
	},
	"EndSessionsButOne": func(t *testing.T, s store.Store) {
		a, b := create(t, s, anAccount(1)), create(t, s, anAccount(2))
		for n := range 5 {
			noErr(t, s.CreateSession(t.Context(), aSession(fmt.Sprint("a", n), a.ID, t0), t0.Add(hour)))
		}
		noErr(t, s.CreateSession(t.Context(), aSession("b", b.ID, t0), t0.Add(hour)))
		keep := aSession("a3", a.ID, t0)
		for _, step := range []struct {
			except policy.SessionKey
			ended  int
		}{{keep.Key, 4}, {keep.Key, 0}, {aSession("b", b.ID, t0).Key, 1}, {"", 0}} {
			ended, err := s.EndSessions(t.Context(), a.ID, step.except)
			noErr(t, err)
			same(t, "ended", ended, step.ended)
			if step.except == keep.Key {
				list, err := s.SessionsOf(t.Context(), a.ID)
				noErr(t, err)
				same(t, "left", list, []policy.Session{keep})
			}
		}
		_, _, err := s.SessionWithAccount(t.Context(), keep.Key)
		wantErr(t, err, store.ErrNotFound)
		_, _, err = s.SessionWithAccount(t.Context(), aSession("b", b.ID, t0).Key)
		noErr(t, err)
		ended, err := s.EndSessions(t.Context(), b.ID, "")
		noErr(t, err)
		same(t, "ended all", ended, 1)
	},
	"SessionsOfNewestFirst": func(t *testing.T, s store.Store) {
		a := create(t, s, anAccount(1))
		var want []policy.Session
		for _, n := range []int{3, 1, 4, 0, 2} {
			noErr(t, s.CreateSession(t.Context(), aSession(fmt.Sprint(n), a.ID, t0.Add(time.Duration(n)*time.Minute)), t0.Add(time.Duration(10-n)*hour)))
		}
		for n := 4; n >= 0; n-- {
			want = append(want, aSession(fmt.Sprint(n), a.ID, t0.Add(time.Duration(n)*time.Minute)))
		}
		list, err := s.SessionsOf(t.Context(), a.ID)
		noErr(t, err)
		same(t, "sessions", list, want)
		none, err := s.SessionsOf(t.Context(), "nobody")
		noErr(t, err)
		same(t, "of nobody", len(none), 0)
		// Ids are not prefixes of each other's lists.
		none, err = s.SessionsOf(t.Context(), a.ID[:len(a.ID)-1])
		noErr(t, err)
		same(t, "of a prefix", len(none), 0)
	},
	"TenThousandSessions": func(t *testing.T, s store.Store) {
		const count, workers = 10_000, 50
		a := create(t, s, anAccount(1))
		together(t, workers, func(w int) error {
			for n := w; n < count; n += workers {
				at := t0.Add(time.Duration(n) * time.Second)
				if err := s.CreateSession(t.Context(), aSession(fmt.Sprint(n), a.ID, at), at.Add(100*hour)); err != nil {
					return err
				}
			}
			return nil
		})
		list, err := s.SessionsOf(t.Context(), a.ID)
		noErr(t, err)
		same(t, "sessions", len(list), count)
		same(t, "newest", list[0].Key, aSession(fmt.Sprint(count-1), a.ID, t0).Key)
		_, _, err = s.SessionWithAccount(t.Context(), list[count/2].Key)
		noErr(t, err)
		ended, err := s.EndSessions(t.Context(), a.ID, list[0].Key)
		noErr(t, err)
		same(t, "ended", ended, count-1)
		noErr(t, s.RemoveAccount(t.Context(), a.ID, store.Effects{}))
	},
}
