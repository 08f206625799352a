package services

import (
	"fmt"
	"path/filepath"
	"testing"
)

// Every address is a user and one secret is everybody's password: who somebody is has been decided before. Nothing is
// encrypted, as nothing leaves the machine.
const dovecotConf = `base_dir = %[1]s/run
state_dir = %[1]s/run
log_path = /dev/stderr
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:%[1]s/mail/%%u
passdb {
  driver = static
  args = password=%[2]s
}
userdb {
  driver = static
  args = uid=mail gid=mail home=%[1]s/mail/%%u
}
`

const dovecotIMAP = `protocols = imap
service imap-login {
  inet_listener imap {
    port = %d
  }
  inet_listener imaps {
    port = 0
  }
}
`

const dovecotAuth = `protocols =
service auth {
  unix_listener %s {
    mode = 0666
  }
}
`

// startIMAP starts a server of the mailboxes in dir/mail and returns its port.
func startIMAP(tb testing.TB, dir, secret string) int {
	tb.Helper()
	port := FreePort(tb)
	startDovecot(tb, dir, secret, fmt.Sprintf(dovecotIMAP, port)).up(tb, loopback(port))
	return port
}

// startAuth starts what checks passwords for another server and returns the socket where it is asked.
func startAuth(tb testing.TB, dir, secret string) string {
	tb.Helper()
	socket := filepath.Join(dir, "run", "asked")
	started := startDovecot(tb, dir, secret, fmt.Sprintf(dovecotAuth, socket))
	started.upAt(tb, "unix", socket)
	return socket
}

func startDovecot(tb testing.TB, dir, secret, services string) *process {
	tb.Helper()
	path := program(tb, "dovecot")
	asRoot(tb, "dovecot")
	makeDirectory(tb, filepath.Join(dir, "run"))
	makeOwned(tb, "mail", filepath.Join(dir, "mail"))
	conf := write(tb, dir, "dovecot.conf", fmt.Sprintf(dovecotConf, dir, secret)+services, 0o644)
	return start(tb, dir, "dovecot", nil, path, "-F", "-c", conf)
}
