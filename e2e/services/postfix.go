package services

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Postfix is a mail server of its own that takes mail for every address and keeps it in one maildir. An address whose
// local part is "nobody" is refused for good (550), one that is "later" for now (450).
type Postfix struct {
	STARTTLS string // host:port where STARTTLS is offered and required
	Implicit string // host:port that speaks TLS from the first byte
	Plain    string // host:port that offers no encryption at all
	Login    string // host:port that requires STARTTLS and then Username and Password
	Username string
	Password string
	CA       []byte // PEM of the authority that signed the certificate for localhost and 127.0.0.1
	CAFile   string // the same in a file

	tb      testing.TB
	dir     string
	command string
}

const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/maillog
maillog_file_prefixes = /
myhostname = mail.loginwall.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:this server sends nothing on
biff = no
smtputf8_enable = no
smtpd_tls_cert_file = %[1]s/chain.pem
smtpd_tls_key_file = %[1]s/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_session_cache_database =
smtpd_sasl_type = dovecot
smtpd_sasl_path = %[4]s
smtpd_recipient_restrictions = check_recipient_access regexp:%[1]s/refused, permit
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = %[1]s
virtual_minimum_uid = 1
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
virtual_transport = virtual
`

// One line for each of Postfix's services that taking and keeping a mail needs; none is confined to the queue
// directory, so that no copies of system files are needed there.
const postfixMaster = `%[1]s inet n - n - - smtpd
%[2]s inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
%[3]s inet n - n - - smtpd
  -o smtpd_tls_security_level=none
%[4]s inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// StartPostfix starts a mail server. It needs root, because Postfix changes user, and Dovecot, which
// checks passwords for it.
func StartPostfix(tb testing.TB) *Postfix {
	tb.Helper()
	command := program(tb, "postfix")
	asRoot(tb, "postfix")
	owner, err := user.Lookup("mail")
	if err != nil {
		tb.Fatalf("find owner of the mailbox: %v", err)
	}
	p := &Postfix{
		STARTTLS: loopback(FreePort(tb)), Implicit: loopback(FreePort(tb)), Plain: loopback(FreePort(tb)),
		Login: loopback(FreePort(tb)), Username: "loginwall@example.com", Password: "postfix-test-password",
		tb: tb, dir: directory(tb, "postfix"), command: command,
	}
	socket := startAuth(tb, directory(tb, "dovecot"), p.Password)
	cert := issue(tb, "localhost", "mail.loginwall.test")
	p.CA = []byte(cert.authority)
	p.CAFile = write(tb, p.dir, "ca.pem", cert.authority, 0o644)
	write(tb, p.dir, "chain.pem", cert.chain, 0o644)
	write(tb, p.dir, "key.pem", cert.key, 0o600)
	write(tb, p.dir, "refused", "/^nobody@/ 550 5.1.1 no such mailbox\n/^later@/ 450 4.2.1 mailbox busy\n", 0o644)
	write(tb, p.dir, "main.cf", fmt.Sprintf(postfixMain, p.dir, owner.Uid, owner.Gid, socket), 0o644)
	write(tb, p.dir, "master.cf", fmt.Sprintf(postfixMaster, p.STARTTLS, p.Implicit, p.Plain, p.Login), 0o644)
	makeOwned(tb, "mail", filepath.Join(p.dir, "inbox"))
	makeOwned(tb, "postfix", filepath.Join(p.dir, "data"))
	makeDirectory(tb, filepath.Join(p.dir, "queue"))
	tb.Cleanup(func() {
		p.Stop()
		if tb.Failed() {
			tb.Logf("log of postfix:\n%s", tail(filepath.Join(p.dir, "maillog")))
		}
	})
	p.Start()
	return p
}

// Start starts the server again after Stop, with the queue and the mailbox that it had.
func (p *Postfix) Start() {
	p.tb.Helper()
	if out, err := exec.Command(p.command, "-c", p.dir, "start").CombinedOutput(); err != nil {
		p.tb.Fatalf("start postfix: %v\n%s%s", err, out, tail(filepath.Join(p.dir, "maillog")))
	}
	eventually(p.tb, "postfix", startTimeout, func() bool { return listening(p.STARTTLS) })
}

// Stop ends the server and returns when it is gone. Connections are refused from then on. Twice is safe.
func (p *Postfix) Stop() {
	p.tb.Helper()
	pid, running := p.master()
	if !running {
		return
	}
	if out, err := exec.Command(p.command, "-c", p.dir, "stop").CombinedOutput(); err != nil {
		p.tb.Errorf("stop postfix: %v\n%s", err, out)
	}
	eventually(p.tb, "end of postfix", stopTimeout, func() bool { return syscall.Kill(pid, 0) != nil })
}

// master returns the process id of this server's master and whether it runs.
func (p *Postfix) master() (int, bool) {
	text, err := os.ReadFile(filepath.Join(p.dir, "queue/pid/master.pid"))
	if err != nil {
		return 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid, err == nil && syscall.Kill(pid, 0) == nil
}

// Mails returns what has arrived for an address, oldest first.
func (p *Postfix) Mails(address string) []Mail {
	p.tb.Helper()
	var mails []Mail
	for _, m := range readMaildir(p.tb, filepath.Join(p.dir, "inbox")) {
		if strings.EqualFold(m.Header.Get("X-Original-To"), address) {
			mails = append(mails, m)
		}
	}
	return mails
}

// WaitForMail waits until n mails have arrived for an address and returns the newest.
func (p *Postfix) WaitForMail(address string, n int) Mail {
	p.tb.Helper()
	var mails []Mail
	eventually(p.tb, fmt.Sprintf("mail number %d for %s", n, address), startTimeout, func() bool {
		mails = p.Mails(address)
		return len(mails) >= n
	})
	return mails[len(mails)-1]
}
