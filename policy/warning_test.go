package policy

import (
	"encoding/json"
	"testing"
	"time"
)

// end is when the password of account(StateActive) ends by the default rules.
var end = t0.Add(90 * Day)

// Ensure a warning is due from the second at which a step begins, once for each step, and never at the end.
func TestWarningSteps(t *testing.T) {
	for name, c := range map[string]struct {
		warn time.Duration
		told time.Duration // the step that was told of last; 0: none
		left time.Duration
		due  bool
		step time.Duration // what is remembered
	}{
		"a second too early":           {14 * Day, 0, 14*Day + time.Second, false, 0},
		"first step":                   {14 * Day, 0, 14 * Day, true, 14 * Day},
		"first step, told":             {14 * Day, 14 * Day, 14 * Day, false, 14 * Day},
		"a second before the next":     {14 * Day, 14 * Day, 7*Day + time.Second, false, 14 * Day},
		"a week":                       {14 * Day, 14 * Day, 7 * Day, true, 7 * Day},
		"a week, told":                 {14 * Day, 7 * Day, 7 * Day, false, 7 * Day},
		"a second before the last":     {14 * Day, 7 * Day, Day + time.Second, false, 7 * Day},
		"a day":                        {14 * Day, 7 * Day, Day, true, Day},
		"a day, told":                  {14 * Day, Day, time.Second, false, Day},
		"two steps passed":             {14 * Day, 0, 3 * Day, true, 7 * Day},
		"all steps passed":             {14 * Day, 0, time.Second, true, Day},
		"at the end":                   {14 * Day, 0, 0, false, 0},
		"past the end":                 {14 * Day, 0, -Day, false, 0},
		"ten days":                     {10 * Day, 0, 10 * Day, true, 10 * Day},
		"ten days, a second early":     {10 * Day, 0, 10*Day + time.Second, false, 0},
		"ten days, then a week":        {10 * Day, 10 * Day, 7 * Day, true, 7 * Day},
		"a week only":                  {7 * Day, 0, 7 * Day, true, 7 * Day},
		"a week only, told":            {7 * Day, 7 * Day, 7 * Day, false, 7 * Day},
		"five days, at a week":         {5 * Day, 0, 7 * Day, false, 0},
		"five days":                    {5 * Day, 0, 5 * Day, true, 5 * Day},
		"five days, then a day":        {5 * Day, 5 * Day, Day, true, Day},
		"an hour, at a day":            {time.Hour, 0, Day, false, 0},
		"an hour":                      {time.Hour, 0, time.Hour, true, time.Hour},
		"an hour, told":                {time.Hour, time.Hour, time.Second, false, time.Hour},
		"off":                          {0, 0, time.Second, false, 0},
		"warn raised past what's told": {20 * Day, 14 * Day, 13 * Day, false, 14 * Day},
		"warn raised, told a week":     {20 * Day, 7 * Day, 2 * Day, false, 7 * Day},
		"warn lowered to a later day":  {10 * Day, 14 * Day, 10 * Day, true, 10 * Day},
		"warn lowered, not there yet":  {10 * Day, 14 * Day, 11 * Day, false, 14 * Day},
	} {
		t.Run(name, func(t *testing.T) {
			r := DefaultRules()
			r.Warn = c.warn
			a := account(StateActive)
			if c.told > 0 {
				a.Password.Warned = Warning{Ends: end, Step: c.told}
			}
			now := end.Add(-c.left)
			left, due := r.WarningDue(&a, now)
			check(t, "due", due, c.due)
			if due {
				check(t, "left", left, c.left)
			}
			r.RecordWarning(&a, now)
			check(t, "remembered", a.Password.Warned.Step, c.step)
			_, again := r.WarningDue(&a, now)
			check(t, "again", again, false)
		})
	}
}

// Ensure one mail stands for each step as time goes on, and that the mark lasts in the stored record.
func TestWarningsOfOneLife(t *testing.T) {
	r := DefaultRules()
	a := account(StateActive)
	var told []time.Duration
	for now := t0; now.Before(end.Add(2 * Day)); now = now.Add(time.Hour) {
		if left, due := r.WarningDue(&a, now); due {
			told = append(told, left)
			r.RecordWarning(&a, now)
		}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		a = Account{}
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "mails", len(told), 3)
	for i, left := range []time.Duration{14 * Day, 7 * Day, Day} {
		check(t, "left", told[i], left)
	}
}

// Ensure only those are warned whose password still counts.
func TestWarningStates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *Rules, a *Account)
		due    bool
	}{
		"active":              {func(*Rules, *Account) {}, true},
		"locked":              {func(_ *Rules, a *Account) { a.Failures = Failures{Failed: 6, LockedAt: t0} }, true},
		"disabled":            {func(_ *Rules, a *Account) { Disable(a) }, false},
		"invited":             {func(_ *Rules, a *Account) { a.Password = Credential{} }, false},
		"date without hash":   {func(_ *Rules, a *Account) { a.Password.Hash = "" }, false},
		"must reset":          {func(_ *Rules, a *Account) { a.MustReset = true }, false},
		"no date":             {func(_ *Rules, a *Account) { a.Password.SetAt = time.Time{} }, false},
		"set in the future":   {func(r *Rules, a *Account) { a.Password.SetAt, r.Warn = end.Add(Day), 89*Day }, false},
		"does not end":        {func(r *Rules, _ *Account) { r.MaxAge = 0 }, false},
		"waits for a contact": {func(r *Rules, a *Account) { r.ChangeContact(a, "", "+12025550199", t0) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, a := DefaultRules(), account(StateActive)
			c.change(&r, &a)
			_, due := r.WarningDue(&a, end.Add(-10*Day))
			check(t, "due", due, c.due)
		})
	}
}

// Ensure two nodes that disagree about the end, as while a new MaxAge is rolled out, do not tell the owner in turn.
func TestWarningsOfNodesThatDisagree(t *testing.T) {
	old, changed := DefaultRules(), DefaultRules()
	changed.MaxAge += Day
	a := account(StateActive)
	told := 0
	for i := range 12 { // walks of three days
		r, now := old, end.Add(-10*Day+time.Duration(i)*6*time.Hour)
		if i%2 == 1 {
			r = changed
		}
		if _, due := r.WarningDue(&a, now); due {
			told++
			r.RecordWarning(&a, now)
		}
	}
	if told > 6 {
		t.Errorf("%d mails in three days", told)
	}
}

// Ensure an end that has moved is told anew, and that a new password begins without a mark.
func TestWarningOfAnotherEnd(t *testing.T) {
	warned := func() (Rules, Account) {
		r, a := DefaultRules(), account(StateActive)
		r.RecordWarning(&a, end.Add(-Day))
		check(t, "told", a.Password.Warned, Warning{At: end.Add(-Day), Ends: end, Step: Day})
		return r, a
	}
	due := func(r Rules, a Account, now time.Time) bool {
		_, due := r.WarningDue(&a, now)
		return due
	}

	r, a := warned()
	r.MaxAge += 30 * Day
	check(t, "raised, far off", due(r, a, end.Add(-Day)), false)
	check(t, "raised, a second too early", due(r, a, end.Add(16*Day-time.Second)), false)
	check(t, "raised, at its own first step", due(r, a, end.Add(16*Day)), true)

	r, a = warned()
	r.MaxAge += 3 * Day
	check(t, "raised a little, at once", due(r, a, end.Add(-Day)), false)
	check(t, "raised a little", due(r, a, end.Add(-Day/2)), true) // "in one day" is wrong by now
	r.RecordWarning(&a, end.Add(-Day/2))
	check(t, "raised a little, told", due(r, a, end), false)

	r, a = DefaultRules(), account(StateActive)
	r.RecordWarning(&a, end.Add(-14*Day))
	r.MaxAge -= 10 * Day
	check(t, "lowered", due(r, a, end.Add(-13*Day)), true) // three days are left instead of the thirteen told
	r.MaxAge = 30 * Day
	check(t, "lowered to the past", due(r, a, end.Add(-13*Day)), false)

	r, a = warned()
	a.Password.Hash = "hashed anew by other settings"
	check(t, "the same password hashed anew", due(r, a, end.Add(-time.Hour)), false)
	r.SetPassword(&a, "another", end.Add(-time.Hour))
	check(t, "mark of a new password", a.Password.Warned, Warning{})
	check(t, "history", a.Password.Previous[0], "hashed anew by other settings")
	check(t, "a new password", due(r, a, end.Add(-time.Hour)), false)
	check(t, "a new password's own first step", due(r, a, end.Add(90*Day-14*Day)), true)
}

// Ensure days are rounded up, and that the page says "soon" from the second at which the first mail is due.
func TestDaysLeftAndSoon(t *testing.T) {
	for name, c := range map[string]struct {
		left time.Duration
		days int
		soon bool
	}{
		"fresh":                 {90 * Day, 90, false},
		"a second less":         {90*Day - time.Second, 90, false},
		"a second before soon":  {14*Day + time.Second, 15, false},
		"soon":                  {14 * Day, 14, true},
		"an hour less":          {14*Day - time.Hour, 14, true},
		"a second into the day": {13*Day + time.Second, 14, true},
		"the last day":          {Day, 1, true},
		"the last second":       {time.Second, 1, true},
		"at the end":            {0, 0, true},
		"past the end":          {-3 * Day, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, a := DefaultRules(), account(StateActive)
			now := end.Add(-c.left)
			days, does := r.PasswordDaysLeft(&a, now)
			check(t, "ends", does, true)
			check(t, "days", days, c.days)
			check(t, "soon", r.PasswordEndsSoon(&a, now), c.soon)
			if _, due := r.WarningDue(&a, now); c.left > 0 {
				check(t, "mail", due, c.soon)
			}
		})
	}
	r, a := DefaultRules(), account(StateActive)
	r.Warn = 0
	check(t, "soon without warn", r.PasswordEndsSoon(&a, end), false)
	a.MustReset = true
	days, _ := r.PasswordDaysLeft(&a, t0)
	check(t, "days when bound to reset", days, 0)
	r.MaxAge = 0
	_, does := r.PasswordDaysLeft(&a, t0)
	check(t, "ends without max_age", does, false)
}
