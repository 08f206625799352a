package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// newer are whole records of a build that knows more.
var newer = []string{
	fmt.Sprintf(`{"v":%d,"id":"ID","key":"ID","account":"ACCOUNT"}`, policy.RecordVersion+1),
	fmt.Sprintf(`{"v":%d,"id":"ID","account":"ACCOUNT","added_later":true}`, policy.RecordVersion),
}

// junk is what a damaged disk, a hand or a neighbour may leave in the place of a record.
var junk = []string{
	"", "x", "null", "{}", "[]", `"text"`, "{", `{"v":1}`, `{"v":0,"id":"ID","key":"ID"}`, `{"v":"1","id":"ID"}`,
	`{"v":1,"id":"another","key":"another","account":"ACCOUNT"}`, `{"v":1,"id":"ID","key":"ID","account":"ACCOUNT"}{}`,
	`{"v":1,"id":"ID","key":"ID","account":{}}`, `{"v":1,"id":"ID","created_at":"yesterday"}`, "\x00\xff\xfe",
}

// junkAccounts read well and would mean more guesses than anybody has.
var junkAccounts = []string{
	`{"v":1,"id":"ID","failures":{"failed":-1000}}`, `{"v":1,"id":"ID","failures":null}`, `{"v":1,"id":"ID","failures":{"failed":null}}`,
	`{"v":1,"id":"ID","resets":[{"wrong_codes":-5}]}`,
}

type plant = func(*testing.T, store.Store, Kind, string, []byte)

var junkCases = map[string]func(*testing.T, store.Store, plant){
	"TestRE16_UP09_UnreadableAccount": func(t *testing.T, s store.Store, plant plant) {
		bad, good := anAccount(1), anAccount(2)
		bad.Resets = []policy.Reset{aReset("bad")}
		create(t, s, bad)
		create(t, s, good)
		noErr(t, s.CreateSession(t.Context(), aSession("bad", bad.ID, t0), t0.Add(hour)))
		noErr(t, s.CreateSession(t.Context(), aSession("good", good.ID, t0), t0.Add(hour)))
		for _, raw := range fill(slices.Concat(junk, newer, junkAccounts), string(bad.ID), "x") {
			plant(t, s, KindAccount, string(bad.ID), raw)
			_, err := s.Account(t.Context(), bad.ID)
			wantErr(t, err, store.ErrUnreadable)
			_, err = s.AccountByEmail(t.Context(), bad.Email)
			wantErr(t, err, store.ErrUnreadable)
			_, err = s.AccountByLink(t.Context(), aReset("bad").Key)
			wantErr(t, err, store.ErrUnreadable)
			_, _, err = s.SessionWithAccount(t.Context(), aSession("bad", bad.ID, t0).Key)
			wantErr(t, err, store.ErrUnreadable)
			_, err = s.UpdateAccount(t.Context(), bad.ID, func(*policy.Account) (store.Effects, error) {
				t.Errorf("fn ran on %q", raw)
				return store.Effects{}, nil
			})
			wantErr(t, err, store.ErrUnreadable)
			_, err = s.CreateAccount(t.Context(), bad, store.Effects{})
			wantErr(t, err, store.ErrExists)

			_, err = s.AccountByEmail(t.Context(), good.Email)
			noErr(t, err)
			_, _, err = s.SessionWithAccount(t.Context(), aSession("good", good.ID, t0).Key)
			noErr(t, err)
			for _, limit := range []int{1, 10} {
				list, unreadable, err := s.ListAccounts(t.Context(), "", limit)
				noErr(t, err)
				same(t, "listed, unreadable", fmt.Sprint(len(list), unreadable), "1 1")
				same(t, "listed", list[0].ID, good.ID)
			}
		}
	},
	"TestRE16_UnreadableSession": func(t *testing.T, s store.Store, plant plant) {
		a := create(t, s, anAccount(1))
		bad, good := aSession("bad", a.ID, t0), aSession("good", a.ID, t0)
		noErr(t, s.CreateSession(t.Context(), good, t0.Add(hour)))
		for _, raw := range fill(append(junk, newer...), string(bad.Key), string(a.ID)) {
			noErr(t, s.CreateSession(t.Context(), bad, t0.Add(hour)))
			plant(t, s, KindSession, string(bad.Key), raw)
			_, _, err := s.SessionWithAccount(t.Context(), bad.Key)
			wantErr(t, err, store.ErrUnreadable)
			wantErr(t, s.TouchSession(t.Context(), bad.Key, t0.Add(time.Minute)), store.ErrUnreadable)
			list, err := s.SessionsOf(t.Context(), a.ID)
			noErr(t, err)
			same(t, "listed", list, []policy.Session{good})
			ended, err := s.EndSession(t.Context(), bad.Key)
			noErr(t, err)
			same(t, "ended", ended, true)
		}
		noErr(t, s.CreateSession(t.Context(), bad, t0.Add(hour)))
		plant(t, s, KindSession, string(bad.Key), []byte("x"))
		ended, err := s.EndSessions(t.Context(), a.ID, good.Key) // junk does not survive "sign out elsewhere"
		noErr(t, err)
		same(t, "ended", ended, 1)
		_, _, err = s.SessionWithAccount(t.Context(), good.Key)
		noErr(t, err)
	},
	"TestRE16_UnreadableMessage": func(t *testing.T, s store.Store, plant plant) {
		for _, raw := range fill(junk, aMessage(1, t0).ID, "x") {
			noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0), aMessage(2, t0)))
			plant(t, s, KindMessage, aMessage(1, t0).ID, raw)
			claim(t, s, 0, hour, 10, 2)
			pending(t, s, 1)
			noErr(t, s.RemoveMessage(t.Context(), aMessage(2, t0).ID))
			pending(t, s, 0)
		}
	},
	"TestUP07_MessageOfANewerBuildIsLeft": func(t *testing.T, s store.Store, plant plant) {
		for _, raw := range fill(newer, aMessage(1, t0).ID, "x") {
			noErr(t, s.EnqueueMessages(t.Context(), aMessage(1, t0), aMessage(2, t0)))
			plant(t, s, KindMessage, aMessage(1, t0).ID, raw)
			claim(t, s, 0, hour, 10, 2)
			claim(t, s, 0, hour, 10)
			nextIs(t, s, 2, t0.Add(hour))
			noErr(t, s.RemoveMessage(t.Context(), aMessage(1, t0).ID))
			noErr(t, s.RemoveMessage(t.Context(), aMessage(2, t0).ID))
			claim(t, s, 2*hour, hour, 10) // nor is its place in the queue left over
			pending(t, s, 0)
		}
	},
	"TestRE16_UnreadableKeyring": func(t *testing.T, s store.Store, plant plant) {
		_, err := s.UpdateKeys(t.Context(), func(k *policy.Keyring) error { k.Keys = []policy.Key{{ID: "k"}}; return nil })
		noErr(t, err)
		for _, raw := range []string{"", "x", "null", "{}", `{"v":99}`, `{"v":1,"keys":1}`} {
			plant(t, s, KindKeyring, "", []byte(raw))
			_, err := s.Keys(t.Context())
			wantErr(t, err, store.ErrUnreadable)
			// New keys in the place of unreadable ones would silently sign everybody out.
			_, err = s.UpdateKeys(t.Context(), func(*policy.Keyring) error { return errors.New("fn ran") })
			wantErr(t, err, store.ErrUnreadable)
		}
	},
	"TestRE16_JunkCounterIsNotZero": func(t *testing.T, s store.Store, plant plant) {
		take(t, s, "k", "a", 1, 0, ok)
		plant(t, s, KindLimit, "k", []byte("x"))
		got, err := s.TakeLimit(t.Context(), "k", "b", 1, window, t0)
		wantErr(t, err, store.ErrUnreadable)
		same(t, "taken", got.OK, false)
		take(t, s, "other", "a", 1, 0, ok)
	},
}

// fill puts the record's own id in.
func fill(raws []string, id, account string) [][]byte {
	filled := make([][]byte, len(raws))
	words := strings.NewReplacer("ID", id, "ACCOUNT", account)
	for i, raw := range raws {
		filled[i] = []byte(words.Replace(raw))
	}
	return filled
}
