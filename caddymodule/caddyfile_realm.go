package caddymodule

import (
	"encoding/json"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
)

// syntax holds the words of the global block.
func (a *App) syntax() clause.Words {
	var knownDevices string
	return clause.Words{
		"name":            clause.Value(&a.Name, `"SecureMail"`, nil),
		"url":             a.readURL,
		"path":            clause.Value(&a.Path, defaultBase, checkBase),
		"insecure_http":   clause.Flag(&a.InsecureHTTP),
		"secret":          clause.Value(&a.Secret, "{file./run/secrets/loginwall}", checkOwnSecret),
		"profile":         choiceProfile.value(&a.Profile),
		"store":           guest(&a.StoreRaw, "store", storeNamespace, storeKey, "file or redis"),
		"mail":            guest(&a.MailRaw, "mail", mailNamespace, senderKey, "smtp or file"),
		"phone":           guest(&a.PhoneRaw, "phone", phoneNamespace, senderKey, "twilio, http or file"),
		"phone_countries": clause.Values(&a.PhoneCountries, "US CA", checkCountry),
		"languages":       a.readLanguages,
		"time_zone":       clause.Value(&a.TimeZone, "America/New_York", checkZone),
		"lockout":         numberLockout.value(&a.Lockout),
		"invitation":      spanInvitation.value(&a.Invitation),
		"contact_hold":    spanContactHold.value(&a.ContactHold),
		"source_limit":    a.SourceLimit.read,
		"known_devices":   choiceKnownDevices.value(&knownDevices),
		"cookie_domain":   clause.Value(&a.CookieDomain, "example.com", checkDomain),
		"password":        clause.Only(a.Password.syntax()),
		"session":         clause.Only(a.Session.syntax()),
		"reset":           clause.Only(a.Reset.syntax()),
		"brand":           clause.Only(a.Brand.syntax()),
		"home":            a.Home.read,
	}
}

// readURL reads url and remembers where it stands: whether it may be plain http is known when the whole block is read.
func (a *App) readURL(d *caddyfile.Dispenser) error {
	judge := func(origin string) error { return checkOrigin(origin, true) }
	err := clause.Value(&a.URL, "https://mail.example.com", judge)(d)
	a.urlAt = placeOf(d)
	return err
}

// readLanguages reads languages and remembers where it stands: which there are depends on templates, too.
func (a *App) readLanguages(d *caddyfile.Dispenser) error {
	a.languagesAt = placeOf(d)
	return clause.Values(&a.Languages, strings.Join(pages.LanguagesWith(nil), " "), nil)(d)
}

func (p *Password) syntax() clause.Words {
	return clause.Words{
		"max_age":    spanMaxAge.value(&p.MaxAge),
		"warn":       spanWarn.value(&p.Warn),
		"min_length": numberMinLength.value(&p.MinLength),
		"history":    numberHistory.value(&p.History),
		"require":    clause.Values(&p.Require, strings.Join(choiceClass.of, " "), choiceClass.check),
		"blocklist":  clause.Value(&p.Blocklist, "/etc/loginwall/words.txt", nil),
		"hash":       choiceHash.value(&p.Hash),
	}
}

func (s *Session) syntax() clause.Words {
	return clause.Words{
		"idle":     spanIdle.value(&s.Idle),
		"lifetime": spanLifetime.value(&s.Lifetime),
	}
}

func (r *Reset) syntax() clause.Words {
	return clause.Words{
		"link": spanLink.value(&r.Link),
		"code": spanCode.value(&r.Code),
	}
}

// read reads source_limit, which is two values, or off, or a placeholder for any of it.
func (s *SourceLimit) read(d *caddyfile.Dispenser) error {
	values := d.RemainingArgs()
	switch {
	case len(values) == 1 && (values[0] == "off" || clause.HasPlaceholder(values[0])):
		s.Failures = values[0]
		return nil
	case len(values) != 2:
		return d.Err("source_limit needs a count and a duration: write source_limit 20 10m, or source_limit off")
	}
	s.Failures, s.Window = values[0], values[1]
	if err := clause.CheckLiteral(s.Failures, numberFailures.check); err != nil {
		return d.WrapErr(err)
	}
	if err := clause.CheckLiteral(s.Window, spanSourceWindow.check); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// guest reads a clause that belongs to a guest module.
func guest(to *json.RawMessage, word, namespace, inlineKey, names string) clause.Word {
	return func(d *caddyfile.Dispenser) error {
		if !d.NextArg() {
			return d.Errf("%s needs the name of a module: write %s %s", word, word, names)
		}
		name := d.Val()
		if _, err := caddy.GetModule(namespace + "." + name); err != nil {
			return d.Errf("%s %q is unknown: write %s %s, or build Caddy with the module that has it", word, name, word, names)
		}
		module, err := caddyfile.UnmarshalModule(d, namespace+"."+name)
		if err != nil {
			return err
		}
		*to = caddyconfig.JSONModuleObject(module, inlineKey, name, nil)
		return nil
	}
}
