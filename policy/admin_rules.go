package policy

import "time"

// Disable ends every session, link and code; the password, the lock and the counts stay as they are, so that Enable
// brings back the state before.
func Disable(a *Account) {
	if a.Disabled {
		return
	}
	a.Disabled = true
	a.Resets = nil
	a.Epoch++
}

// Enable undoes Disable. It does not unlock: only a completed reset does.
func Enable(a *Account) { a.Disabled = false }

// SignOutEverywhere ends every session.
func SignOutEverywhere(a *Account) { a.Epoch++ }

// ChangeContact begins a change of address or number ("" leaves it as it is or as it is going to be). A field that is set
// to what is registered withdraws its waiting change; the time begins anew for all that waits. It counts after
// ContactHold, and at once while the account is not set up, since nothing can be taken over yet; links on their way
// die then. It reports whether nothing waits any more.
func (r Rules) ChangeContact(a *Account, email, phone string, now time.Time) bool {
	c := ContactChange{}
	if a.Change != nil {
		c = *a.Change
	}
	if email != "" {
		c.Email = email
	}
	if phone != "" {
		c.Phone = phone
	}
	if c.Email == a.Email {
		c.Email = ""
	}
	if c.Phone == a.Phone.Number {
		c.Phone = ""
	}
	if c.Email == "" && c.Phone == "" {
		a.Change = nil
		return true
	}
	c.AskedAt, c.EffectiveAt = now, now.Add(r.ContactHold)
	if a.Password.Hash == "" {
		c.EffectiveAt = now
	}
	a.Change = &c
	return r.ApplyContact(a, now)
}

// ApplyContact makes a waiting change count if its time has come, and reports whether it did. Links sent to the old
// address and codes sent to the old number die. A new address ends every session and makes the password count as
// expired: the app knows people by their address, and whoever enters one must not become its owner. The reset that
// follows proves it by a link to the new mailbox and a code to the phone.
func (r Rules) ApplyContact(a *Account, now time.Time) bool {
	c := a.Change
	if c == nil || now.Before(c.EffectiveAt) {
		return false
	}
	if c.Email != "" {
		a.Email = c.Email
		a.Epoch++
		a.MustReset = a.Password.Hash != ""
	}
	if c.Phone != "" {
		a.Phone = Phone{Number: c.Phone}
	}
	a.Change = nil
	a.Resets = nil
	return true
}
