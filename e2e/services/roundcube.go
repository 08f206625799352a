package services

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Roundcube is a real mail dashboard with its mail server behind it. It believes whoever sends
// "Authorization: Basic email:Secret" and shows that person's mail; without it, it shows its own sign-in form.
type Roundcube struct {
	URL    string
	Secret string

	tb  testing.TB
	dir string
}

const roundcubeSecret = "roundcube-test-secret"

const roundcubeConf = `<?php
$config = [
    'db_dsnw' => 'sqlite:///%[1]s/roundcube.db?mode=0600',
    'imap_host' => '127.0.0.1:%[2]d',
    'smtp_host' => '127.0.0.1:1',
    'des_key' => 'twenty-four-letters-long',
    'product_name' => 'SecureMail',
    'plugins' => ['http_authentication'],
    'skin' => 'elastic',
    'log_dir' => '%[1]s/logs',
    'temp_dir' => '%[1]s/temp',
    'support_url' => '',
];
`

// StartRoundcube starts Dovecot and Roundcube. It needs root, because Dovecot changes user.
func StartRoundcube(tb testing.TB) *Roundcube {
	tb.Helper()
	php, sqlite := program(tb, "php"), program(tb, "sqlite3")
	const site, defaults, schema = "/var/lib/roundcube/public_html", "/etc/roundcube/defaults.inc.php",
		"/usr/share/roundcube/SQL/sqlite.initial.sql"
	for _, path := range []string{site, defaults, schema} {
		if _, err := os.Stat(path); err != nil {
			missing(tb, "roundcube: "+path)
		}
	}
	r := &Roundcube{Secret: roundcubeSecret, tb: tb, dir: directory(tb, "roundcube")}
	for _, sub := range []string{"conf", "logs", "temp"} {
		makeDirectory(tb, filepath.Join(r.dir, sub))
	}
	imap, web := startIMAP(tb, r.dir, r.Secret), FreePort(tb)

	confDir := filepath.Join(r.dir, "conf")
	settings, err := os.ReadFile(defaults)
	if err != nil {
		tb.Fatalf("read default settings: %v", err)
	}
	write(tb, confDir, "defaults.inc.php", string(settings), 0o644)
	write(tb, confDir, "config.inc.php", fmt.Sprintf(roundcubeConf, r.dir, imap), 0o644)
	out, err := exec.Command(sqlite, "-bail", filepath.Join(r.dir, "roundcube.db"), ".read "+schema).CombinedOutput()
	if err != nil {
		tb.Fatalf("make database: %v\n%s", err, out)
	}
	// Several workers, because the dashboard asks for several things at once.
	env := []string{"ROUNDCUBE_CONFIG_DIR=" + confDir, "PHP_CLI_SERVER_WORKERS=4"}
	start(tb, r.dir, "php", env, php, "-S", loopback(web), "-t", site).up(tb, loopback(web))
	r.URL = "http://" + loopback(web)
	return r
}

// Deliver puts a mail with this subject and text into a person's inbox.
func (r *Roundcube) Deliver(email, subject, text string) {
	r.tb.Helper()
	deliver(r.tb, "mail", filepath.Join(r.dir, "mail", email), fmt.Sprintf(
		"From: Front desk <desk@example.com>\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%d@loginwall.test>\r\n"+
			"Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", email, subject, delivered.Load(), text))
}
