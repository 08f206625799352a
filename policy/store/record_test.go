package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)

func stored(t *testing.T, change func(*policy.Account)) []byte {
	t.Helper()
	a := policy.Account{ID: "a", Email: "jo@example.test", CreatedAt: t0, Groups: []string{"x"}}
	if change != nil {
		change(&a)
	}
	c, err := NewAccount(a, Effects{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Raw
}

func TestUP09_ReadingIsStrict(t *testing.T) {
	good := string(stored(t, nil))
	for raw, want := range map[string]error{
		good: nil,
		strings.Replace(good, `"v":1`, fmt.Sprintf(`"v":%d`, policy.RecordVersion+1), 1): ErrNewer,
		strings.Replace(good, `"v":1`, `"v":1,"new_field":[1]`, 1):                       ErrNewer,
		strings.Replace(good, `"v":1`, `"v":0`, 1):                                       ErrUnreadable,
		strings.Replace(good, `"v":1`, `"v":"1"`, 1):                                     ErrUnreadable,
		strings.Replace(good, `"id":"a"`, `"id":"b"`, 1):                                 ErrUnreadable,
		good + good:                            ErrUnreadable,
		good + " \n":                           nil,
		good + "x":                             ErrUnreadable,
		strings.Replace(good, `"v":1,`, "", 1): ErrUnreadable,
		// Newer, and with a shape this build cannot read at all.
		strings.Replace(good, `"v":1`, fmt.Sprintf(`"v":%d,"phone":[]`, policy.RecordVersion+1), 1): ErrNewer,
		good[:len(good)-1]:   ErrUnreadable,
		"":                   ErrUnreadable,
		"null":               ErrUnreadable,
		`{"email":"secret"}`: ErrUnreadable,
	} {
		_, err := DecodeAccount([]byte(raw), "a")
		if !errors.Is(err, want) {
			t.Errorf("%s: error is %v, want %v", raw, err, want)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, ErrUnreadable) || errors.Is(err, ErrNewer) != errors.Is(want, ErrNewer) {
			t.Errorf("%s: error is %v", raw, err)
		}
		if strings.Contains(err.Error(), "example") || strings.Contains(err.Error(), "secret") {
			t.Errorf("error quotes the record: %v", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"v":1,"id":"a"}`))
	f.Add([]byte(`{"v":1,"key":"a","account":"b","seen_at":"2026-03-01T12:00:00Z"}`))
	f.Add([]byte(`{"v":1,"keys":[{"id":"k","secret":"AAA="}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, account := DecodeAccount(raw, "a")
		_, session := DecodeSession(raw, "a")
		_, message := DecodeMessage(raw, "a")
		_, keyring := DecodeKeyring(raw)
		for _, err := range []error{account, session, message, keyring} {
			if err != nil && !errors.Is(err, ErrUnreadable) {
				t.Errorf("%q: %v", raw, err)
			}
		}
	})
}

func TestChangeAccount(t *testing.T) {
	raw := stored(t, nil)
	before, err := DecodeAccount(raw, "a")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ChangeAccount(raw, "a", func(a *policy.Account) (Effects, error) {
		a.Groups[0] = "y" // must not reach Before
		return Effects{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Before, before) {
		t.Errorf("before: %+v", c.Before)
	}
	if c.After.Revision != 2 || c.After.Groups[0] != "y" {
		t.Errorf("after: %+v", c.After)
	}
	if again, err := DecodeAccount(c.Raw, "a"); err != nil || !reflect.DeepEqual(again, c.After) {
		t.Errorf("as written: %+v, %v", again, err)
	}
}

// A time that cannot be written as JSON must stop the change, not be lost.
func TestChangeThatCannotBeWritten(t *testing.T) {
	_, err := ChangeAccount(stored(t, nil), "a", func(a *policy.Account) (Effects, error) {
		a.CreatedAt = t0.AddDate(90000, 0, 0)
		return Effects{}, nil
	})
	if err == nil {
		t.Fatal("no error")
	}
}

func TestLinksOfAChange(t *testing.T) {
	reset := func(key policy.LinkKey, after time.Duration) policy.Reset {
		return policy.Reset{Key: key, CreatedAt: t0, ExpiresAt: t0.Add(after)}
	}
	raw := stored(t, func(a *policy.Account) {
		a.Resets = []policy.Reset{reset("stays", 1), reset("moves", 1), reset("goes", 1)}
	})
	c, err := ChangeAccount(raw, "a", func(a *policy.Account) (Effects, error) {
		a.Resets = []policy.Reset{reset("stays", 1), reset("moves", 2), reset("comes", 1)}
		return Effects{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[policy.LinkKey]time.Time{"moves": t0.Add(2).Add(policy.ProofLife), "comes": t0.Add(1).Add(policy.ProofLife)}
	if got := c.NewLinks(); !reflect.DeepEqual(got, want) {
		t.Errorf("new: %v, want %v", got, want)
	}
	if got := c.OldLinks(); !reflect.DeepEqual(got, []policy.LinkKey{"goes"}) {
		t.Errorf("old: %v", got)
	}
}
