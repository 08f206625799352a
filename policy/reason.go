package policy

// Reason is the outcome of a decision. Expected outcomes are reasons, not errors.
type Reason string

// The reasons. Which of them a visitor may learn is decided by the pages: all of Refused, Locked, Disabled and Invited
// look the same from outside.
const (
	OK Reason = "ok"

	// Sign-in.
	Refused    Reason = "refused"     // no such account, or a wrong password
	Locked     Reason = "locked"      // more than Lockout wrong passwords
	JustLocked Reason = "just_locked" // this very guess locked the account
	Disabled   Reason = "disabled"    // by an admin
	Invited    Reason = "invited"     // not set up yet
	Expired    Reason = "expired"     // the password was right and is too old
	Busy       Reason = "busy"        // every guess that may be checked is being checked; ask again soon
	Throttled  Reason = "throttled"   // too many failures from this source

	// Sessions.
	NoSession   Reason = "no_session"
	IdleEnd     Reason = "idle"
	LifetimeEnd Reason = "lifetime"
	Revoked     Reason = "revoked" // the account's epoch went on

	// Resets and set-up.
	LinkDead      Reason = "link_dead"      // unknown, expired, used or replaced
	MalformedCode Reason = "malformed_code" // not six digits; not counted
	WrongStep     Reason = "wrong_step"     // the proof before this step is missing
	NoPhone       Reason = "no_phone"       // no number a code could be sent to
	OnHold        Reason = "on_hold"        // a contact change waits
	TooSoon       Reason = "too_soon"       // sent a moment ago: nothing new was sent
	SendLimit     Reason = "send_limit"     // too many texts and calls
	SourceLimit   Reason = "source_limit"   // too many mails, texts or calls from this source, or in all
	MailLimit     Reason = "mail_limit"     // too many reset mails
	WrongCode     Reason = "wrong_code"
	CodeExpired   Reason = "code_expired"   // too old, used already, or never sent
	CodeLimit     Reason = "code_limit"     // too many wrong codes for this link
	CodesPaused   Reason = "codes_paused"   // too many wrong codes for this account today
	WrongPassword Reason = "wrong_password" // the current one, on the change page
	Mismatch      Reason = "mismatch"       // the two new passwords differ
	Violations    Reason = "violations"     // the new password breaks rules

	// Messages.
	Undelivered Reason = "undelivered" // given up: refused, or tried until it made no sense any more
)
