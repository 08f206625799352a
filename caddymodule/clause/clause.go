// Package clause reads the part of a Caddyfile that belongs to one guest module, such as
//
//	mail smtp mail.example.com:587 {
//		from "SecureMail <no-reply@example.com>"
//	}
//
// and expands the placeholders in what was read. It is strict in one place for all guest modules: a word that is
// unknown, given twice, without its value or with an impossible one is an error that names file and line and says what
// would be right. A mistyped word that passed in silence would switch off what the operator meant by it.
package clause

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Check says what is wrong with a value, and what would be right; nil means nothing is. Its error never quotes a
// secret.
type Check func(value string) error

// Word reads the values of one word. The dispenser stands on the word itself.
type Word func(d *caddyfile.Dispenser) error

// Words are the words a block may hold.
type Words map[string]Word

// Argument reads the first line of a clause: the module's name, on which the dispenser has not yet been moved, and its
// one argument. hint is an example of the argument; without one, the module takes none.
func Argument(d *caddyfile.Dispenser, clause, hint string, to *string, check Check) error {
	d.Next() // the module's name
	if hint != "" {
		if !d.NextArg() {
			return d.Errf("%s needs an argument: write %s %s", clause, clause, hint)
		}
		*to = d.Val()
		if err := CheckLiteral(*to, check); err != nil {
			return d.WrapErr(err)
		}
	}
	if d.NextArg() {
		if hint == "" {
			return d.Errf("unexpected argument %q: %s takes none, only a block", d.Val(), clause)
		}
		return d.Errf("unexpected argument %q: write %s %s", d.Val(), clause, hint)
	}
	return nil
}

// Block reads a block word by word. repeatable names the words that may be given more than once.
func Block(d *caddyfile.Dispenser, clause string, words Words, repeatable ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		read, known := words[name]
		if !known {
			return d.Errf("unknown word %q in %s: write one of %s", name, clause,
				strings.Join(slices.Sorted(maps.Keys(words)), ", "))
		}
		if seen[name] && !slices.Contains(repeatable, name) {
			return d.Errf("%q is given twice in %s: keep one", name, clause)
		}
		seen[name] = true
		if err := read(d); err != nil {
			return err
		}
	}
	return nil
}

// Value reads the one value of a word. hint is an example of it.
func Value(to *string, hint string, check Check) Word {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if !d.NextArg() {
			return d.Errf("%s needs a value: write %s %s", name, name, hint)
		}
		*to = d.Val()
		if err := CheckLiteral(*to, check); err != nil {
			return d.WrapErr(err)
		}
		if d.NextArg() {
			return d.Errf("unexpected value %q: write %s %s", d.Val(), name, hint)
		}
		return nil
	}
}

// Flag reads a word that has no value.
func Flag(to *bool) Word {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		*to = true
		if d.NextArg() {
			return d.Errf("unexpected value %q: %s takes none", d.Val(), name)
		}
		return nil
	}
}

// Values reads one or more values of a word and adds them to those that are there. hint is an example of them.
func Values(to *[]string, hint string, check Check) Word {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		values := d.RemainingArgs()
		if len(values) == 0 {
			return d.Errf("%s needs a value: write %s %s", name, name, hint)
		}
		for _, v := range values {
			if err := CheckLiteral(v, check); err != nil {
				return d.WrapErr(err)
			}
		}
		*to = append(*to, values...)
		return nil
	}
}

// Only reads a word that has a block and nothing else.
func Only(words Words, repeatable ...string) Word {
	return func(d *caddyfile.Dispenser) error {
		name := d.Val()
		if d.NextArg() {
			return d.Errf("unexpected value %q: %s takes only a block", d.Val(), name)
		}
		return Block(d, name, words, repeatable...)
	}
}

// Timeout reads how long something may take, which [CheckTimeout] judges.
func Timeout(to *string) Word { return Value(to, "30s", CheckTimeout) }

// CheckTimeout refuses what cannot be meant: less than a second fails on any hiccup, and more than two minutes holds
// up the messages behind this one.
func CheckTimeout(value string) error {
	span, err := caddy.ParseDuration(value)
	if err != nil {
		return fmt.Errorf("timeout %q is not a duration: write timeout 30s", value)
	}
	if span < time.Second || span > 2*time.Minute {
		return fmt.Errorf("timeout %s is out of range: it is between 1s and 2m", span)
	}
	return nil
}

// ExpandTimeout is [Expand] for what Timeout has read. "" is 0.
func ExpandTimeout(value string) (time.Duration, error) {
	expanded, err := Expand("timeout", value, CheckTimeout)
	if err != nil || expanded == "" {
		return 0, err
	}
	return caddy.ParseDuration(expanded)
}

// Expand replaces the placeholders of a value, such as {env.X} and {file./run/secrets/x}, and checks the result. One
// that is unknown or empty is an error, since a secret that silently became "" would be sent as one. word is the
// value's name in errors, which hold the placeholder but never what it stands for.
func Expand(word, value string, check Check) (string, error) {
	if value == "" {
		return "", nil
	}
	expanded, err := caddy.NewReplacer().ReplaceOrErr(value, true, true)
	if err != nil {
		return "", fmt.Errorf("expand %s: %w", word, err)
	}
	if check != nil {
		if err := check(expanded); err != nil {
			return "", err
		}
	}
	return expanded, nil
}

// CheckLiteral checks a value while its line is still known. One with placeholders must wait for [Expand].
func CheckLiteral(value string, check Check) error {
	if check == nil || HasPlaceholder(value) {
		return nil
	}
	return check(value)
}

// HasPlaceholder says whether a value is known only when the configuration is loaded.
func HasPlaceholder(value string) bool { return strings.Contains(value, "{") }
