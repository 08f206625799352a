package command

import "github.com/loginwall/loginwall/policy/gate"

// Base is where the admin endpoint takes the commands. Each is a POST of a [Request] as JSON to its path below Base: what
// is in an address is logged. There is none by which a password, a code or a link could be seen or set.
const Base = "/login_wall/"

// Request holds the fields of all commands; each takes those it knows.
type Request struct {
	Email  string              `json:"email,omitempty"`
	All    bool                `json:"all,omitempty"`   // sign-out
	After  string              `json:"after,omitempty"` // list
	New    *gate.NewAccount    `json:"new,omitempty"`
	Change *gate.AccountChange `json:"change,omitempty"`
}

// Answer is the answer to all commands. Refused says why nothing was done, and what to do; it is an answer and not an
// error, since the command was understood.
type Answer struct {
	Refused    string             `json:"refused,omitempty"`
	Account    *gate.AccountInfo  `json:"account,omitempty"`
	Accounts   []gate.AccountInfo `json:"accounts,omitempty"`
	Next       string             `json:"next,omitempty"`       // list again after this address
	Unreadable int                `json:"unreadable,omitempty"` // records that could not be read
	SignedOut  *int               `json:"signed_out,omitempty"` // accounts
	Note       string             `json:"note,omitempty"`       // what keeps it from having its effect, for whoever reads
}
