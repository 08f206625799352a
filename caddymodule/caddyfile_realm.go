package caddymodule

import (
	"encoding/json"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

// syntax holds the words of the global block.
func (a *App) syntax() clause.Words {
	var knownDevices string
	return clause.Words{
		"name":            clause.Value(&a.Name, `"SecureMail"`, nil),
		"url":             a.readURL,
		"path":            clause.Value(&a.Path, defaultBase, checkBase),
		"insecure_http":   clause.Flag(&a.InsecureHTTP),
		"profile":         clause.Value(&a.Profile, "nist", choiceProfile.check),
		"store":           guest(&a.StoreRaw, "store", storeNamespace, storeKey, "file or redis"),
		"mail":            guest(&a.MailRaw, "mail", mailNamespace, senderKey, "smtp or file"),
		"phone":           guest(&a.PhoneRaw, "phone", phoneNamespace, senderKey, "twilio, http or file"),
		"phone_countries": list(&a.PhoneCountries, "US CA", checkCountry),
		"languages":       list(&a.Languages, "en", checkLanguage),
		"lockout":         clause.Value(&a.Lockout, "5", numberLockout.check),
		"invitation":      clause.Value(&a.Invitation, "7d", spanInvitation.check),
		"contact_hold":    clause.Value(&a.ContactHold, "24h", spanContactHold.check),
		"source_limit":    a.SourceLimit.read,
		"known_devices":   clause.Value(&knownDevices, "off", choiceKnownDevices.check),
		"cookie_domain":   clause.Value(&a.CookieDomain, "example.com", checkDomain),
		"password":        block("password", a.Password.syntax()),
		"session":         block("session", a.Session.syntax()),
		"reset":           block("reset", a.Reset.syntax()),
		"brand":           block("brand", a.Brand.syntax()),
	}
}

// readURL reads url and remembers where it stands: whether it may be plain http is known when the whole block is read.
func (a *App) readURL(d *caddyfile.Dispenser) error {
	judge := func(origin string) error { return checkOrigin(origin, true) }
	err := clause.Value(&a.URL, "https://mail.example.com", judge)(d)
	a.urlFile, a.urlLine = d.File(), d.Line()
	return err
}

func (p *Password) syntax() clause.Words {
	return clause.Words{
		"max_age":    clause.Value(&p.MaxAge, "90d", spanMaxAge.check),
		"warn":       clause.Value(&p.Warn, "14d", spanWarn.check),
		"min_length": clause.Value(&p.MinLength, "15", numberMinLength.check),
		"history":    clause.Value(&p.History, "5", numberHistory.check),
		"require":    list(&p.Require, "upper lower digit symbol", choiceClass.check),
		"blocklist":  clause.Value(&p.Blocklist, "/etc/loginwall/words.txt", nil),
		"hash":       clause.Value(&p.Hash, "argon2id", choiceHash.check),
	}
}

func (s *Session) syntax() clause.Words {
	return clause.Words{
		"idle":     clause.Value(&s.Idle, "15m", spanIdle.check),
		"lifetime": clause.Value(&s.Lifetime, "12h", spanLifetime.check),
	}
}

func (r *Reset) syntax() clause.Words {
	return clause.Words{
		"link": clause.Value(&r.Link, "60m", spanLink.check),
		"code": clause.Value(&r.Code, "10m", spanCode.check),
	}
}

func (b *Brand) syntax() clause.Words {
	return clause.Words{
		"support":   clause.Value(&b.Support, "https://example.com/help", checkSupport),
		"logo":      later("logo"),
		"accent":    later("accent"),
		"templates": later("templates"),
	}
}

// read reads source_limit, which is two values or off.
func (s *SourceLimit) read(d *caddyfile.Dispenser) error {
	const hint = "write source_limit 20 10m, or source_limit off"
	values := d.RemainingArgs()
	switch {
	case len(values) == 1 && values[0] == "off":
		s.Failures = "off"
		return nil
	case len(values) != 2:
		return d.Errf("source_limit needs a count and a duration: %s", hint)
	}
	s.Failures, s.Window = values[0], values[1]
	if err := literal(s.Failures, numberFailures.check); err != nil {
		return d.WrapErr(err)
	}
	if err := literal(s.Window, spanSourceWindow.check); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// literal judges a value unless it holds a placeholder.
func literal(value string, check clause.Check) error {
	if check == nil || strings.Contains(value, "{") {
		return nil
	}
	return check(value)
}

// list reads one or more values.
func list(to *[]string, hint string, check clause.Check) clause.Word {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		values := d.RemainingArgs()
		if len(values) == 0 {
			return d.Errf("%s needs a value: write %s %s", name, name, hint)
		}
		for _, v := range values {
			if err := literal(v, check); err != nil {
				return d.WrapErr(err)
			}
		}
		*to = append(*to, values...)
		return nil
	}
}

// block reads a word that has only a block.
func block(name string, words clause.Words) clause.Word {
	return func(d *caddyfile.Dispenser) error {
		if d.NextArg() {
			return d.Errf("unexpected value %q: %s takes only a block", d.Val(), name)
		}
		return clause.Block(d, name, words)
	}
}

// later refuses a word of the language that this version cannot do, rather than pass it over.
func later(name string) clause.Word {
	return func(d *caddyfile.Dispenser) error {
		return d.Errf("%s is not available yet: remove the line", name)
	}
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
