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

// ChangeContact begins a change of address or number ("" keeps the old one). It counts after ContactHold, and at once
// while the account is not set up, since nothing can be taken over yet; links on their way die then. It reports whether
// it counts already.
func (r Rules) ChangeContact(a *Account, email, phone string, now time.Time) bool {
	if email == a.Email {
		email = ""
	}
	if phone == a.Phone.Number {
		phone = ""
	}
	if email == "" && phone == "" {
		a.Change = nil // back to what is registered: the waiting change is withdrawn
		return true
	}
	a.Change = &ContactChange{Email: email, Phone: phone, AskedAt: now, EffectiveAt: now.Add(r.ContactHold)}
	if a.Password.Hash == "" {
		a.Change.EffectiveAt = now
	}
	return r.ApplyContact(a, now)
}

// ApplyContact makes a waiting change count if its time has come, and reports whether it did. Links sent to the old
// address and codes sent to the old number die.
func (r Rules) ApplyContact(a *Account, now time.Time) bool {
	c := a.Change
	if c == nil || now.Before(c.EffectiveAt) {
		return false
	}
	if c.Email != "" {
		a.Email = c.Email
	}
	if c.Phone != "" {
		a.Phone = Phone{Number: c.Phone}
	}
	a.Change = nil
	a.Resets = nil
	return true
}
