package smtp

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"

	"github.com/loginwall/loginwall/policy/message"
)

// deliver runs one mail transaction. The steps are taken one by one rather than by the mail client's own sending, which
// reports a mail as unsent when the server took it and then broke off.
func (c *connection) deliver(from, to string, raw []byte) error {
	// Asking for UTF-8 addresses without need would have the mail returned by servers further on that know none.
	utf8 := !isASCII(from) || !isASCII(to)
	if offered, _ := c.client.Extension("SMTPUTF8"); utf8 && !offered {
		return fmt.Errorf("name recipient: the server takes ASCII addresses only: %w", message.ErrRefused)
	}
	c.client.SkipSMTPUTF8(!utf8)

	// The sender's address is configuration: a server that refuses it will take the same mail once that is put right.
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return c.fail("name sender", withoutText(err))
	}
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return c.fail("name recipient", refusal(err, configurationFault))
	}
	body, err := c.client.Data()
	if err != nil {
		return c.fail("begin mail", refusal(err, configurationFault))
	}
	if _, err := body.Write(raw); err != nil {
		_ = c.raw.Close() // any further command would first end the mail, and the half of it would be taken for the whole
		return c.fail("transmit mail", withoutText(err))
	}
	if err := body.Close(); err != nil {
		return c.fail("end mail", refusal(err, authenticationFault))
	}
	return nil
}

// greet asks the server for a sign of life.
func (c *connection) greet() error {
	if err := c.client.Noop(); err != nil {
		return c.fail("check mail server", withoutText(err))
	}
	return nil
}

// fail names the step that did not work, and the end of the time as the cause where it is.
func (c *connection) fail(step string, err error) error {
	if ended := c.ctx.Err(); ended != nil {
		return fmt.Errorf("%s: %w", step, ended)
	}
	return fmt.Errorf("%s: %w", step, err)
}

// answer is a server's reply without its text, which often quotes the recipient's address.
type answer struct {
	code     int
	enhanced string // RFC 3463, or ""
}

func (a answer) Error() string {
	if a.enhanced == "" {
		return fmt.Sprintf("the server answered %d", a.code)
	}
	return fmt.Sprintf("the server answered %d %s", a.code, a.enhanced)
}

var enhancedCode = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// withoutText takes the text out of what a server answered. Other errors stay as they are.
func withoutText(err error) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return err
	}
	return answer{code: reply.Code, enhanced: enhancedCode.FindString(reply.Msg)}
}

// refusal marks a server's lasting no (5xx, RFC 5321, 4.2.1) as the mail's end, unless fault says that it is about us
// and not about the mail.
func refusal(err error, fault func(answer) bool) error {
	err = withoutText(err)
	var a answer
	if !errors.As(err, &a) || a.code < 500 || a.code > 599 || fault(a) {
		return err
	}
	return fmt.Errorf("%w: %w", a, message.ErrRefused)
}

// authenticationFault: the server wants a sign-in or encryption that it did not get.
func authenticationFault(a answer) bool {
	switch a.code {
	case 530, 534, 535, 538:
		return true
	}
	return false
}

// configurationFault also covers X.7.x, security and policy: before it has seen the mail, that is a server's way to say
// that this machine may not relay through it.
func configurationFault(a answer) bool {
	return authenticationFault(a) || len(a.enhanced) > 4 && a.enhanced[1:4] == ".7."
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
