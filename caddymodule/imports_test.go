package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/loginwall/loginwall/"

// What a package may import besides the standard library. An entry that ends in / stands for everything below it; "*"
// for everything. A package without a rule may import nothing, so that a new one is thought about.
var mayImport = map[string][]string{
	"policy":             {},
	"policy/address":     {"golang.org/x/net/idna", "github.com/nyaruka/phonenumbers"},
	"policy/blocklist":   {},
	"policy/passhash":    {"golang.org/x/crypto/", "golang.org/x/text/unicode/norm"},
	"policy/store":       {module + "policy"},
	"policy/store/redis": {module + "policy", module + "policy/store", "github.com/redis/go-redis/"},
	"policy/store/file":  {module + "policy", module + "policy/store", "go.etcd.io/bbolt", "go.etcd.io/bbolt/"},
	"policy/message":     {module + "policy", module + "policy/store"},
	"policy/gate": {
		module + "policy", module + "policy/store", module + "policy/message", module + "policy/passhash",
		module + "policy/address",
	},
	"pages":     {"golang.org/x/text/", "github.com/tdewolff/minify/v2", "github.com/tdewolff/minify/v2/"},
	"pages/web": {module + "policy", module + "policy/gate", module + "policy/address", module + "pages", "github.com/gorilla/securecookie"},

	"caddymodule":               {"*"},
	"caddymodule/cmd/caddy":     {"*"},
	"caddymodule/command":       {caddyPackages, "github.com/spf13/cobra", module + "policy", module + "policy/gate"},
	"caddymodule/clause":        {caddyPackages},
	"caddymodule/spool":         {module + "policy/message"},
	"caddymodule/store/redis":   {caddyPackages, clausePackage, module + "policy/store", module + "policy/store/redis"},
	"caddymodule/store/file":    {caddyPackages, clausePackage, module + "policy/store", module + "policy/store/file"},
	"caddymodule/mail/eml":      {module + "policy/message", "github.com/wneessen/go-mail"},
	"caddymodule/mail/smtp":     sender("mail/eml"),
	"caddymodule/mail/file":     sender("mail/eml", "spool"),
	"caddymodule/phone/gateway": sender(),
	"caddymodule/phone/twilio":  sender("phone/gateway"),
	"caddymodule/phone/http":    sender("phone/gateway"),
	"caddymodule/phone/file":    sender("spool"),
}

const (
	caddyPackages = "github.com/caddyserver/caddy/v2/"
	clausePackage = module + "caddymodule/clause"
)

// sender is what a guest module that sends may import: its interface, Caddy, its client library, and the parts of
// ours that senders share.
func sender(shared ...string) []string {
	may := []string{
		caddyPackages, clausePackage, module + "policy", module + "policy/message", "go.uber.org/zap", "github.com/wneessen/go-mail",
		"github.com/wneessen/go-mail/",
	}
	for _, s := range shared {
		may = append(may, module+"caddymodule/"+s)
	}
	return may
}

// What the rules must not know of at all: they are pure.
var neverInPolicy = []string{"math/rand", "math/rand/v2", "crypto/rand", "os", "net", "net/http", "io/fs"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

// Ensure every package imports only what its room may see. The edge that breaks the rule is named.
func TestImports(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the go command")
	}
	seen := map[string]bool{}
	for _, p := range listPackages(t) {
		name, own := strings.CutPrefix(p.ImportPath, module)
		if !own || strings.HasPrefix(name, "e2e/") || name == "policy/store/storetest" || strings.HasSuffix(name, "test") {
			continue
		}
		seen[name] = true
		may, known := mayImport[name]
		if !known {
			t.Errorf("%s has no rule: add it to mayImport", name)
		}
		for _, imported := range p.Imports {
			if !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") { // standard library
				if name == "policy" && slices.Contains(neverInPolicy, imported) {
					t.Errorf("%s -> %s: the rules are pure", name, imported)
				}
				if imported == "net/http" && name == "policy/gate" {
					t.Errorf("%s -> %s: the gate knows no HTTP", name, imported)
				}
				continue
			}
			if !slices.ContainsFunc(may, func(m string) bool { return allows(m, imported) }) {
				t.Errorf("%s -> %s", name, strings.TrimPrefix(imported, module))
			}
		}
	}
	if !seen["policy"] || !seen["caddymodule"] {
		t.Errorf("packages looked at: %v", seen)
	}
}

func allows(rule, imported string) bool {
	if rule == "*" {
		return true
	}
	if below, ok := strings.CutSuffix(rule, "/"); ok {
		return imported == below || strings.HasPrefix(imported, rule)
	}
	return imported == rule
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// Ensure the test above would find a wrong edge.
func TestAllows(t *testing.T) {
	for _, test := range []struct {
		rule, imported string
		want           bool
	}{
		{module + "policy", module + "policy", true},
		{module + "policy", module + "policy/gate", false},
		{caddyPackages, "github.com/caddyserver/caddy/v2", true},
		{caddyPackages, "github.com/caddyserver/caddy/v2/modules/caddyhttp", true},
		{caddyPackages, "github.com/caddyserver/caddy/v2x", false},
	} {
		if got := allows(test.rule, test.imported); got != test.want {
			t.Errorf("%s allows %s: %v", test.rule, test.imported, got)
		}
	}
}
