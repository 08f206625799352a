package caddymodule

import (
	"strings"
	"testing"
	"time"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
)

// Ensure a realm that says nothing has the rules that the policy names as usual.
func TestUsualRules(t *testing.T) {
	m, err := new(App).resolve(clause.Expand)
	if err != nil {
		t.Fatal(err)
	}
	if m.rules != policy.DefaultRules() {
		t.Errorf("rules %+v, want %+v", m.rules, policy.DefaultRules())
	}
	if m.minLength != 15 || m.sourceLimit != 20 || m.sourceWindow != 10*time.Minute {
		t.Errorf("min_length %d, source_limit %d %s", m.minLength, m.sourceLimit, m.sourceWindow)
	}
}

// Ensure one placeholder can stand for the whole of source_limit, and what it stands for is judged and not expanded again.
func TestSourceLimitOfAPlaceholder(t *testing.T) {
	t.Setenv("LOGINWALL_TEST_SECRET", "5")
	for value, want := range map[string]struct {
		failures int
		window   time.Duration
		says     string // in the error
	}{
		"off":                         {failures: 0, window: 10 * time.Minute},
		"7":                           {failures: 7, window: 10 * time.Minute},
		"7 3m":                        {failures: 7, window: 3 * time.Minute},
		"0":                           {says: "source_limit 0 is out of range"},
		"many":                        {says: `source_limit "many" is not a whole number`},
		"7 soon":                      {says: `source_limit "soon" is not a duration`},
		"7 3m 1h":                     {says: "too many values"},
		"{env.LOGINWALL_TEST_SECRET}": {says: "is not a whole number"},
	} {
		t.Setenv("LOGINWALL_TEST_LIMIT", value)
		m, err := (&App{SourceLimit: SourceLimit{Failures: "{env.LOGINWALL_TEST_LIMIT}"}}).resolve(clause.Expand)
		switch {
		case want.says != "":
			if err == nil || !strings.Contains(err.Error(), want.says) {
				t.Errorf("%q: error %v, want %q", value, err, want.says)
			}
		case err != nil:
			t.Errorf("%q: %v", value, err)
		case m.sourceLimit != want.failures || m.sourceWindow != want.window:
			t.Errorf("%q: %d in %s", value, m.sourceLimit, m.sourceWindow)
		}
	}
}
