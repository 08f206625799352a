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

// Every address is a user, the secret is everybody's password: who somebody is has been decided before.
const dovecotConf = `base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = /dev/stderr
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:%[1]s/mail/%%u
passdb {
  driver = static
  args = password=%[3]s
}
userdb {
  driver = static
  args = uid=mail gid=mail home=%[1]s/mail/%%u
}
service imap-login {
  inet_listener imap {
    port = %[2]d
  }
  inet_listener imaps {
    port = 0
  }
}
`

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
	dovecot, php, sqlite := program(tb, "dovecot"), program(tb, "php"), program(tb, "sqlite3")
	asRoot(tb, "dovecot")
	const site, defaults, schema = "/var/lib/roundcube/public_html", "/etc/roundcube/defaults.inc.php",
		"/usr/share/roundcube/SQL/sqlite.initial.sql"
	for _, path := range []string{site, defaults, schema} {
		if _, err := os.Stat(path); err != nil {
			missing(tb, "roundcube: "+path)
		}
	}
	r := &Roundcube{Secret: roundcubeSecret, tb: tb, dir: directory(tb, "roundcube")}
	for _, sub := range []string{"run", "conf", "logs", "temp"} {
		if err := os.Mkdir(filepath.Join(r.dir, sub), 0o755); err != nil {
			tb.Fatalf("make directory: %v", err)
		}
	}
	makeOwned(tb, "mail", filepath.Join(r.dir, "mail"))

	imap, web := FreePort(tb), FreePort(tb)
	conf := write(tb, r.dir, "dovecot.conf", fmt.Sprintf(dovecotConf, r.dir, imap, roundcubeSecret), 0o644)
	start(tb, r.dir, "dovecot", nil, dovecot, "-F", "-c", conf).up(tb, loopback(imap))

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
