package services

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
)

const sample = "From: SecureMail <no-reply@example.com>\r\nTo: jo@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>a=b</p>\r\n--b--\r\n"

func TestPostfix(t *testing.T) {
	server := StartPostfix(t)
	if err := send(server, server.STARTTLS, true, "jo@example.com"); err != nil {
		t.Fatalf("send over STARTTLS: %v", err)
	}
	m := server.WaitForMail("Jo@Example.com", 1)
	if m.Subject() != "Grüße" || strings.TrimSpace(m.Text) != "a=b" || strings.TrimSpace(m.HTML) != "<p>a=b</p>" {
		t.Errorf("mail arrived as subject %q, text %q, html %q", m.Subject(), m.Text, m.HTML)
	}
	if got := server.Mails("other@example.com"); len(got) != 0 {
		t.Errorf("%d mails for an address that nobody wrote to", len(got))
	}

	var refused *textproto.Error
	if err := send(server, server.STARTTLS, true, "nobody@example.com"); !errors.As(err, &refused) || refused.Code != 550 {
		t.Errorf("unknown mailbox: %v, want 550", err)
	}
	if err := send(server, server.STARTTLS, true, "later@example.com"); !errors.As(err, &refused) || refused.Code != 450 {
		t.Errorf("busy mailbox: %v, want 450", err)
	}
	if err := send(server, server.STARTTLS, false, "jo@example.com"); !errors.As(err, &refused) || refused.Code != 530 {
		t.Errorf("mail without encryption: %v, want 530", err)
	}
	if err := send(server, server.Plain, false, "plain@example.com"); err != nil {
		t.Errorf("send where no encryption is offered: %v", err)
	}
	if err := send(server, server.Login, true, "jo@example.com"); !errors.As(err, &refused) || refused.Code != 554 {
		t.Errorf("mail without a password where one is required: %v, want 554", err)
	}
	if err := logIn(server, "wrong"); !errors.As(err, &refused) || refused.Code != 535 {
		t.Errorf("wrong password: %v, want 535", err)
	}
	if err := logIn(server, server.Password); err != nil {
		t.Errorf("right password: %v", err)
	}
	conn, err := tls.Dial("tcp", server.Implicit, &tls.Config{RootCAs: roots(server), ServerName: "localhost"})
	if err != nil {
		t.Fatalf("connect with TLS at once: %v", err)
	}
	_ = conn.Close()

	server.Stop()
	if listening(server.STARTTLS) {
		t.Error("server takes connections after it was stopped")
	}
	server.Start()
	if err := send(server, server.STARTTLS, true, "jo@example.com"); err != nil {
		t.Fatalf("send after a restart: %v", err)
	}
	server.WaitForMail("jo@example.com", 2)
}

func roots(server *Postfix) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(server.CA)
	return pool
}

// logIn sends a mail to somebody with a password.
func logIn(server *Postfix, password string) error {
	return dialogue(server, server.Login, true, func(c *smtp.Client) error {
		if err := c.Auth(smtp.PlainAuth("", server.Username, password, "localhost")); err != nil {
			return err
		}
		return hand(c, "known@example.com")
	})
}

func send(server *Postfix, address string, encrypted bool, to string) error {
	return dialogue(server, address, encrypted, func(c *smtp.Client) error { return hand(c, to) })
}

// dialogue connects, says what is to be said and ends the connection.
func dialogue(server *Postfix, address string, encrypted bool, say func(*smtp.Client) error) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		return err
	}
	defer c.Close()
	if encrypted {
		if err := c.StartTLS(&tls.Config{RootCAs: roots(server), ServerName: "localhost"}); err != nil {
			return err
		}
	}
	if err := say(c); err != nil {
		return err
	}
	return c.Quit()
}

// hand gives the server the sample mail.
func hand(c *smtp.Client, to string) error {
	if err := c.Mail("no-reply@example.com"); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(sample)); err != nil {
		return err
	}
	return w.Close()
}
