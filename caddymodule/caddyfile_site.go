package caddymodule

import (
	"fmt"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// pathList reads one or more path patterns.
func pathList(to *[]string, check func(string) error) clause.Word {
	return clause.Values(to, "/assets/*", check)
}

// checkPublicPattern also refuses a query: apps read one in more ways than can be compared, and from the body as well.
func checkPublicPattern(pattern string) error {
	if strings.Contains(pattern, "?") {
		return fmt.Errorf("public %s: a query cannot make a path public, since apps read it in other ways and from elsewhere too; write the path alone", pattern)
	}
	return checkPattern(pattern)
}

func checkPattern(pattern string) error {
	_, err := policy.ParsePathPattern(pattern)
	return err
}

// readRequire reads a path and the groups that admit to it.
func (h *Handler) readRequire(d *caddyfile.Dispenser) error {
	values := d.RemainingArgs()
	if len(values) < 2 {
		return d.Err("require needs a path and at least one group: write require /billing/* billing")
	}
	if err := clause.CheckLiteral(values[0], checkRequirePattern); err != nil {
		return d.WrapErr(err)
	}
	for _, group := range values[1:] {
		if err := clause.CheckLiteral(group, checkGroup("require")); err != nil {
			return d.WrapErr(err)
		}
	}
	h.Require = append(h.Require, Require{Path: values[0], Groups: values[1:]})
	return nil
}

// checkGroup judges a group as the command that gives it to people does: one they cannot be in would let nobody pass.
func checkGroup(word string) clause.Check {
	return func(group string) error {
		if err := gate.CheckGroup(group); err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
		return nil
	}
}

// readIdentity reads one or more sets and, behind a single one, the names that are changed.
func (h *Handler) readIdentity(d *caddyfile.Dispenser) error {
	const hint = "write identity remote, identity forwarded or identity basic <secret>"
	var sets []Identity
	for d.NextArg() {
		set := Identity{Set: d.Val()}
		if err := clause.CheckLiteral(set.Set, checkSet); err != nil {
			return d.WrapErr(err)
		}
		if set.Set == setBasic {
			if !d.NextArg() {
				return d.Err("identity basic needs the secret the app knows: write identity basic {env.APP_SECRET}")
			}
			set.Secret = d.Val()
		}
		sets = append(sets, set)
	}
	if len(sets) == 0 {
		return d.Errf("identity needs a set: %s", hint)
	}
	names, err := readNames(d)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		if len(sets) > 1 {
			return d.Err("names can be changed for one set only: write one identity line for each set")
		}
		sets[0].Names = names
		if err := sets[0].check(); err != nil {
			return d.WrapErr(err)
		}
	}
	for _, set := range sets {
		for _, have := range h.Identity {
			if have.Set == set.Set {
				return d.Errf("identity %s is given twice: keep one", set.Set)
			}
		}
		h.Identity = append(h.Identity, set)
	}
	return nil
}

// readNames reads lines such as "user X-WebAuth-User".
func readNames(d *caddyfile.Dispenser) (map[string]string, error) {
	names := make(map[string]string)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		what := d.Val()
		if !d.NextArg() {
			return nil, d.Errf("%s needs the name of a header: write %s X-WebAuth-User", what, what)
		}
		if _, twice := names[what]; twice {
			return nil, d.Errf("%q is given twice in identity: keep one", what)
		}
		if err := clause.CheckLiteral(d.Val(), checkHeaderName); err != nil {
			return nil, d.WrapErr(err)
		}
		names[what] = d.Val()
		if d.NextArg() {
			return nil, d.Errf("unexpected value %q: write %s %s", d.Val(), what, names[what])
		}
	}
	return names, nil
}

// checkRequirePattern also refuses a query: it could be written in another way that the app reads as the same, and
// then the rule would not keep anybody out.
func checkRequirePattern(pattern string) error {
	if strings.Contains(pattern, "?") {
		return fmt.Errorf("require %s: a query cannot be required, since apps read it from elsewhere too; write the path alone", pattern)
	}
	return checkPattern(pattern)
}
