package pages

import (
	"slices"
	"strings"
	"time"
)

// noon is the time in the samples.
var noon = time.Date(2026, time.March, 9, 12, 0, 0, 0, time.UTC)

const (
	sampleAgent  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0"
	sampleEmail  = "jo.public@example.com"
	samplePhone  = "••••••42"
	sampleOrigin = "https://mail.example.com"
	sampleLink   = sampleOrigin + "/_auth/reset?token=k3v9w2x7c5m1"
)

// samples holds every page in each of its states, by name. New shows them to the templates, so that a mistake in an
// override is found at start-up; the tests compare them with what they looked like before.
func samples() map[string]View {
	page := Page{CSRF: "form-token", Here: "/_auth/login", Nonce: "sample-nonce"}
	failed := page
	failed.FormTooOld = true
	signedIn := page
	signedIn.SignedInAs = "Jo Public"
	noticed := page
	noticed.Notice = NoticeSignedOut
	asked := signedIn
	asked.RequestID = "4f1c09d2-6c0e-4c1d-9c55-0a6d3f1b7e21"
	reset := Flow{Page: page, Purpose: PurposeReset}
	setup := Flow{Page: page, Purpose: PurposeInvitation}
	requirements := []Requirement{
		{TooShort, 15}, {TooLong, 256}, {MissingUpper, 0}, {MissingLower, 0}, {MissingDigit, 0}, {MissingSymbol, 0},
		{Common, 0}, {Reused, 5}, {ContextWord, 0},
	}
	violations := []Violation{
		{TooShort, 15, 11}, {TooLong, 256, 300}, {MissingUpper, 0, 0}, {MissingLower, 0, 0}, {MissingDigit, 0, 0},
		{MissingSymbol, 0, 0}, {Common, 0, 0}, {Reused, 5, 0}, {ContextWord, 0, 0}, {NotText, 0, 0},
	}

	return map[string]View{
		"login":            Login{Page: page, Next: "/inbox?folder=new"},
		"login_failure":    Login{Page: page, Email: sampleEmail, Failure: true},
		"login_empty":      Login{Page: page, Failure: true},
		"login_throttled":  Login{Page: page, Email: sampleEmail, RetryAfter: 7 * time.Minute},
		"login_too_old":    Login{Page: failed, Email: sampleEmail},
		"login_signed_out": Login{Page: noticed},
		"login_signed_in":  Login{Page: signedIn, ContinueURL: "/"},

		"forgot":           Forgot{Page: page},
		"forgot_bad":       Forgot{Page: page, Email: "jo.public", BadAddress: true},
		"forgot_throttled": Forgot{Page: page, Email: sampleEmail, RetryAfter: time.Hour},
		"sent":             Sent{Page: page, Email: sampleEmail, Valid: time.Hour},
		"expired":          Expired{Page: page, Email: sampleEmail},

		"method":           ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com"},
		"method_setup":     ChooseMethod{Flow: setup, Phone: samplePhone, Email: "j•••@example.com", Chosen: MethodCall},
		"method_none":      ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com", NoneChosen: true},
		"method_failed":    ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com", Failed: MethodText},
		"method_limit":     ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com", RetryAfter: 14 * time.Minute},
		"method_text_only": ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com", Ways: Ways{MethodText}, Failed: MethodText},
		"method_country":   ChooseMethod{Flow: reset, Phone: samplePhone, Email: "j•••@example.com", CountryRefused: true},

		"code_sending": EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliverySending, Valid: 10 * time.Minute, Pause: 30 * time.Second, RefreshSeconds: 5},
		"code_calling": EnterCode{Flow: setup, Phone: samplePhone, Method: MethodCall, Delivery: DeliverySending, Valid: 10 * time.Minute, Pause: 29 * time.Second},
		"code":         EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliverySent, Valid: 10 * time.Minute, Pause: 27 * time.Second},
		"code_called":  EnterCode{Flow: reset, Phone: samplePhone, Method: MethodCall, Delivery: DeliverySent, Valid: 10 * time.Minute},
		"code_failed":  EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliveryFailed, Valid: 10 * time.Minute},
		"code_uncalled": EnterCode{Flow: reset, Phone: samplePhone, Method: MethodCall, Delivery: DeliveryFailed, Valid: 10 * time.Minute,
			RetryAfter: 9 * time.Minute},
		"code_wrong":   EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliverySent, Valid: 10 * time.Minute, Wrong: true, TriesLeft: 3},
		"code_missing": EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliverySent, Valid: 10 * time.Minute, Missing: true},
		"code_expired": EnterCode{Flow: reset, Phone: samplePhone, Method: MethodText, Delivery: DeliverySent, Valid: 10 * time.Minute, CodeExpired: true},

		"password":          NewPassword{Flow: reset, Email: sampleEmail, Requirements: requirements[:1]},
		"password_setup":    NewPassword{Flow: setup, Email: sampleEmail, Requirements: slices.Concat(requirements[:7], requirements[8:])},
		"password_refused":  NewPassword{Flow: reset, Email: sampleEmail, Requirements: requirements, Violations: violations},
		"password_mismatch": NewPassword{Flow: reset, Email: sampleEmail, Requirements: requirements, Mismatch: true},
		"link_dead":         LinkDead{reset},
		"done":              Done{reset},
		"done_setup":        Done{setup},
		"too_many_codes":    TooManyCodes{Flow: reset},
		"codes_stopped":     TooManyCodes{Flow: reset, RetryAfter: 20 * time.Hour},
		"paused":            Paused{Flow: reset, Until: noon.Add(24 * time.Hour)},

		"account": Account{
			Page: signedIn, Name: "Jo Public", Email: sampleEmail, Phone: samplePhone, Groups: []string{"billing", "front-desk"},
			Requirements: requirements, PasswordSetAt: noon.AddDate(0, 0, -80), Age: 80 * 24 * time.Hour,
			Ends: PasswordEnd{At: noon.AddDate(0, 0, 10), Left: 10 * 24 * time.Hour, Soon: true}, ChangeAt: noon.Add(24 * time.Hour), FailedSince: 1,
			Sessions: []Session{
				{Agent: sampleAgent, Address: "192.0.2.7", Near: true, StartedAt: noon, SeenAt: noon, Current: true},
				{Reference: "other-session", Agent: "curl/8.9", Address: "2001:db8::7", StartedAt: noon.Add(-time.Hour), SeenAt: noon},
			},
			SignIns: []SignIn{
				{At: noon, Agent: sampleAgent, Address: "192.0.2.7", Near: true, Failed: 2},
				{At: noon.Add(-time.Minute), Agent: sampleAgent, Address: "10.0.0.7"},
				{At: noon.Add(-time.Minute)},
				{At: noon.Add(-time.Hour), Agent: "curl/8.9", Address: "2001:db8::7"},
			},
		},
		"account_ended": Account{
			Page: signedIn, Email: sampleEmail, Requirements: requirements[:1], PasswordSetAt: noon.AddDate(0, 0, -90), Age: 90 * 24 * time.Hour,
			Ends:     PasswordEnd{At: noon, Soon: true},
			Sessions: []Session{{Agent: sampleAgent, Address: "192.0.2.7", Near: true, StartedAt: noon, SeenAt: noon, Current: true}},
		},
		"account_plain": Account{
			Page: signedIn, Email: sampleEmail, Requirements: requirements[:1], PasswordSetAt: noon,
			Sessions: []Session{{Agent: sampleAgent, Address: "127.0.0.1", Near: false, StartedAt: noon, SeenAt: noon, Current: true}},
		},
		"change_password":       ChangePassword{Page: signedIn, Email: sampleEmail, Requirements: requirements},
		"change_password_wrong": ChangePassword{Page: signedIn, Email: sampleEmail, Requirements: requirements[:1], WrongCurrent: true},
		"home": Home{
			Page: signedIn, Ends: PasswordEnd{At: noon.AddDate(0, 0, 10), Left: 10 * 24 * time.Hour, Soon: true},
			Tiles: []Tile{
				{Name: "Mail", About: "Messages and appointments", URL: "/"},
				{Name: "Billing", URL: "https://billing.example.com/", Icon: "/_auth/assets/picture.svg"},
			},
		},
		"home_empty": Home{Page: signedIn, Ends: PasswordEnd{At: noon, Soon: true}},
		"logout":     Logout{Page: signedIn, ContinueURL: "/"},

		"forbidden":          Forbidden{Page: asked, ContinueURL: "/"},
		"busy":               Busy{Page: asked, RetryAfter: 90 * time.Second},
		"unavailable":        Unavailable{Page: asked, RetryAfter: 5 * time.Second},
		"not_found":          NotFound{page},
		"bad_request":        BadRequest{Page: page},
		"method_not_allowed": MethodNotAllowed{Page: page, Allow: []string{"GET", "POST"}},
		"fault":              Fault{asked},
	}
}

// sampleLetters holds every letter, by name.
func sampleLetters() map[string]Letter {
	to := Recipient{Name: "Jo Public"}
	origin := Origin{At: noon, Address: "192.0.2.7", Agent: sampleAgent}
	return map[string]Letter{
		"reset":      ResetMail{Recipient: to, Link: sampleLink, Valid: time.Hour, EndsAt: noon.Add(time.Hour)},
		"invitation": InvitationMail{Link: strings.Replace(sampleLink, "/reset?", "/setup?", 1), Valid: 7 * 24 * time.Hour, EndsAt: noon.AddDate(0, 0, 7)},
		"locked":     LockedMail{Recipient: to, Origin: origin, Link: "https://mail.example.com/_auth/forgot"},
		"changed":    PasswordChangedMail{Recipient: to, Origin: origin, Link: "https://mail.example.com/_auth/forgot"},
		"changed_elsewhere": PasswordChangedMail{Recipient: to, Origin: Origin{At: noon},
			Link: "https://mail.example.com/_auth/forgot"},
		"contact":     ContactChangedMail{Recipient: to, Email: "n•••@example.com", Phone: samplePhone, EffectiveAt: noon},
		"contact_now": ContactNowMail{Recipient: to, Email: "n•••@example.com", Phone: samplePhone},
		"hold":        ResetOnHoldMail{Recipient: to, Until: noon},
		"no_phone":    NoPhoneMail{to},
		"codes": CodesPausedMail{Recipient: to, Origin: Origin{At: noon}, Until: noon.Add(24 * time.Hour),
			Link: "https://mail.example.com/_auth/forgot"},
		"expiring": ExpiringMail{Recipient: to, EndsAt: noon.AddDate(0, 0, 14), Left: 14 * 24 * time.Hour,
			Link: "https://mail.example.com/_auth/account/password"},
	}
}
