package gateway

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A configuration can be judged while it runs: the store's file is in use then, and nothing may wait for it.
func TestValidateWhileRunning(t *testing.T) {
	t.Parallel()
	g := Start(t, Settings{App: StartApp(t).Address, Realm: "store file {$DIR}/store"})
	jo := g.Active()
	if _, errs, status := g.run("fmt", "--overwrite", g.File); status != 0 {
		t.Fatalf("fmt: status %d: %s", status, errs)
	}
	for _, command := range [][]string{
		{"validate", "--config", g.File, "--adapter", "caddyfile"},
		{"adapt", "--config", g.File, "--adapter", "caddyfile", "--validate"},
		{"adapt", "--config", g.File, "--adapter", "caddyfile", "--pretty"},
	} {
		out, errs, status := g.run(command...)
		if status != 0 {
			t.Errorf("%s: status %d: %s%s", strings.Join(command, " "), status, out, errs)
		}
		if regexp.MustCompile(`"level":"(warn|error)"`).MatchString(errs) {
			t.Errorf("%s warns: %s", command[0], errs)
		}
	}
	b := g.Browser()
	b.SignIn(jo.Email, jo.Password)
	wantStatus(t, b.Get("/"), 200)
}

// A second process must not take the file away from the first, nor wait for it for ever.
func TestSecondProcessOnOneFile(t *testing.T) {
	t.Parallel()
	s := Settings{App: StartApp(t).Address, Realm: "store file " + filepath.Join(t.TempDir(), "store")}
	first := Start(t, s)
	jo := first.Active()
	second := Prepare(t, s)
	out, errs, status := second.run("run", "--config", second.File, "--adapter", "caddyfile")
	if status == 0 {
		t.Fatalf("a second process runs on the same file: %s%s", out, errs)
	}
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	t.Logf("the second ends with: %s", lines[len(lines)-1])
	first.Browser().SignIn(jo.Email, jo.Password)
}

func TestAD02_MistakesNameTheirLine(t *testing.T) {
	t.Parallel()
	g := Prepare(t, Settings{})
	sound, err := os.ReadFile(g.File)
	if err != nil {
		t.Fatal(err)
	}
	const marked = "\t\tname \"SecureMail\""
	line := 1 + strings.Count(string(sound[:strings.Index(string(sound), marked)]), "\n")
	for _, mistake := range []string{
		"lockuot 5", "lockout -1", "lockout 0", "invitation -1h", "contact_hold 900000h", "reset {\ncode 11m\n}", "reset {\nlink 25h\n}",
		"password {\nmin_length 4\n}", "url https://mail.example.com/path", "url http://mail.example.com", "url mail.example.com",
		"password {\nhash md5\n}", "session {\nidle 15\n}", "store nothing", "lockout 5\nlockout 6", "phone_countries XX",
	} {
		text := string(sound)
		if strings.HasPrefix(mistake, "url ") {
			text = regexp.MustCompile(`(?m)^\s+url .*$`).ReplaceAllString(text, "")
		}
		g.Configure(strings.Replace(text, marked, mistake, 1))
		_, errs, status := g.run("validate", "--config", g.File, "--adapter", "caddyfile")
		if status == 0 {
			t.Errorf("%q is accepted", mistake)
			continue
		}
		said := errs[strings.LastIndex(strings.TrimSpace(errs), "\n")+1:]
		at := regexp.MustCompile(regexp.QuoteMeta(g.File) + `:(\d+)`).FindStringSubmatch(said)
		if at == nil {
			t.Errorf("%q: no file and line in: %s", mistake, said)
			continue
		}
		if n := line + strings.Count(mistake, "\n"); at[1] != strconv.Itoa(line) && at[1] != strconv.Itoa(line+1) && at[1] != strconv.Itoa(n) {
			t.Errorf("%q on line %d: blamed on line %s: %s", mistake, line, at[1], said)
		}
	}
}

// The repository's Caddyfile is written as caddy fmt would, and runs with nothing but Caddy.
func TestRepositoryCaddyfile(t *testing.T) {
	t.Parallel()
	path, err := filepath.Abs(filepath.Join(repository, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	g := Prepare(t, Settings{})
	out, errs, status := g.run("fmt", "--diff", path)
	if status != 0 || regexp.MustCompile(`(?m)^[+-]`).MatchString(out) {
		t.Errorf("caddy fmt would change it: status %d: %s%s", status, out, errs)
	}

	example, err := filepath.Abs(filepath.Join(repository, "docs/example"))
	if err != nil {
		t.Fatal(err)
	}
	app := freePort(t)
	g.Configure(strings.NewReplacer(
		"localhost:8080", "localhost:{$PORT}", "8081", strconv.Itoa(app), ".loginwall/", "{$SPOOL}/", "root docs/example", "root "+example,
		"\tlogin_wall {\n\t\tname", "\tadmin {$ADMIN}\n\tlogin_wall {\n\t\tname",
	).Replace(string(raw)))
	g.Start()
	jo, ann := g.Active("--group", "billing", "--name", "Jo Public"), g.Active()
	b := g.Browser()
	wantRefused(t, b.Get("/"))
	wantStatus(t, b.Get("/style.css"), 200)
	b.SignIn(jo.Email, jo.Password)
	p := b.Get("/")
	wantText(t, p, "Jo Public")
	with := strings.Contains(p.Body, "/billing/")
	wantStatus(t, b.Open("/billing/"), 200)
	other := g.Browser()
	other.SignIn(ann.Email, ann.Password)
	if p := other.Get("/"); !with || strings.Contains(p.Body, "/billing/") {
		t.Errorf("icon of billing is shown to a member: %v, to others: %v", with, strings.Contains(p.Body, "/billing/"))
	}
	wantStatus(t, other.Get("/billing/"), 403)
}
