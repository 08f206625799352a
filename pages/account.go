package pages

import (
	"net/netip"
	"time"
)

// Account is the page of the person signed in. It holds the form for a change of password, too.
type Account struct {
	Page
	Name         string
	Email        string
	Phone        string // masked
	Groups       []string
	Sessions     []Session // newest first
	SignIns      []SignIn  // newest first
	Requirements []Requirement

	PasswordSetAt time.Time
	Age           time.Duration // of the password
	Ends          PasswordEnd
	FailedSince   int // wrong passwords since the last sign-in

	ChangeAt time.Time // when a changed address or phone number begins to count; zero: none waits
}

func (Account) file() string { return "account" }

// PasswordEnd says when a password ends. The zero value is one that does not.
type PasswordEnd struct {
	At   time.Time
	Left time.Duration // until then; 0 when it has ended, of a session that goes on
	Soon bool          // within the time in which the person is warned
}

// HasOthers says whether there is a session that "sign out everywhere else" would end.
func (v Account) HasOthers() bool {
	for _, s := range v.Sessions {
		if !s.Current {
			return true
		}
	}
	return false
}

// Session is one signed-in browser. Reference is posted as the field `session` to end it: opaque, and never what the
// cookie holds.
type Session struct {
	Reference string
	Agent     string // the User-Agent as received; shown as device in words
	Address   string
	Near      bool // it is used from the network of the page
	StartedAt time.Time
	SeenAt    time.Time
	Current   bool // the one that looks at the page
}

// Place says in words where the session is used, as far as its address tells.
func (s Session) Place() Phrase { return place(s.Address, s.Near) }

// AllOthers is the value of the field `session` that stands for every session but the one that posts it.
const AllOthers = "others"

// SignIn is one sign-in of the past. Failed is the number of wrong passwords since the one before.
type SignIn struct {
	At      time.Time
	Agent   string
	Address string
	Near    bool // it came from the network of the page
	Failed  int
}

// Place says in words where the sign-in came from, as far as its address tells.
func (s SignIn) Place() Phrase { return place(s.Address, s.Near) }

// place says what an address tells of where somebody is, and nothing that would need a map of the world.
func place(address string, near bool) Phrase {
	ip, err := netip.ParseAddr(address)
	kind := "elsewhere"
	switch {
	case address == "":
		return say("place.unknown")
	case near:
		kind = "near"
	case err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()):
		kind = "local"
	}
	return say("place."+kind, "address", shorten(address, 45))
}

// ChangePassword is the form for a change of password on a page of its own: what a post with problems is answered
// with, and where password managers are sent.
type ChangePassword struct {
	Page
	Email        string
	Requirements []Requirement
	Violations   []Violation
	Mismatch     bool
	WrongCurrent bool // the current password was not right
}

func (ChangePassword) file() string { return "change_password" }

// Status is 422 when something has to be typed again.
func (v ChangePassword) Status() int { return statusOf(v.Problems()) }

// Problems lists what is wrong with the current and the new password.
func (v ChangePassword) Problems() []Problem {
	problems := v.Page.Problems()
	if v.WrongCurrent {
		problems = append(problems, Problem{Field: "password", Phrase: say("change.wrong_current")})
	}
	return append(problems, passwordProblems(v.Violations, v.Mismatch)...)
}

// Focus is the current password: whatever was wrong, all fields are empty again.
func (ChangePassword) Focus() string { return "password" }
