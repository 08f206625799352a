package services

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Kannel is an SMS gateway that is connected to a pretended SMS centre. SendURL takes GET or POST with the parameters
// username, password, from, to and text, and answers 202 when the gateway has taken the text.
type Kannel struct {
	SendURL  string
	Username string
	Password string

	tb     testing.TB
	centre *process
}

// ArrivedText is a text as the SMS centre got it.
type ArrivedText struct{ From, To, Body string }

const kannelConf = `group = core
admin-port = %[1]d
admin-interface = 127.0.0.1
admin-password = %[5]s
smsbox-port = %[2]d
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = *.*.*.*

group = smsc
smsc = fake
smsc-id = pretended
port = %[3]d
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = %[2]d
sendsms-port = %[4]d
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789 +-"

group = sendsms-user
username = loginwall
password = %[5]s
user-deny-ip = *.*.*.*
user-allow-ip = 127.0.0.1
concatenation = true
max-messages = 4

group = sms-service
keyword = default
max-messages = 0
text = none
`

// StartKannel starts the gateway's two programs and the pretended SMS centre.
func StartKannel(tb testing.TB) *Kannel {
	tb.Helper()
	bearerbox, smsbox := program(tb, "bearerbox"), program(tb, "smsbox")
	fakesmsc := program(tb, "/usr/lib/kannel/test/fakesmsc", "fakesmsc")
	const password = "kannel-test-password"
	admin, box, centre, sendsms := FreePort(tb), FreePort(tb), FreePort(tb), FreePort(tb)
	dir := directory(tb, "kannel")
	conf := write(tb, dir, "kannel.conf", fmt.Sprintf(kannelConf, admin, box, centre, sendsms, password), 0o600)
	k := &Kannel{
		SendURL:  "http://" + loopback(sendsms) + "/cgi-bin/sendsms",
		Username: "loginwall", Password: password,
		tb: tb,
	}
	core := start(tb, dir, "bearerbox", nil, bearerbox, conf)
	core.up(tb, loopback(box))
	core.up(tb, loopback(centre))
	// The centre insists on sending a text of its own; the gateway is told not to answer it.
	k.centre = start(tb, dir, "fakesmsc", nil, fakesmsc,
		"-H", "127.0.0.1", "-r", strconv.Itoa(centre), "-m", "1", "100 200 text unasked")
	start(tb, dir, "smsbox", nil, smsbox, conf).up(tb, loopback(sendsms))
	status := "http://" + loopback(admin) + "/status.txt?" + url.Values{"password": {password}}.Encode()
	eventually(tb, "SMS centre at the gateway", startTimeout, func() bool {
		return strings.Contains(fetch(status), "online")
	})
	return k
}

// fetch returns what an address answers, or "" when it does not.
func fetch(address string) string {
	r, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	text := new(strings.Builder)
	if err := r.Write(text); err != nil {
		return ""
	}
	return text.String()
}

// The centre prints a text as sender, receiver, "text" and the words, but takes every line for a message: what does not
// begin like one goes on with the one before.
var (
	arrivedLine = regexp.MustCompile(`(?m)Got message \d+: <(.*)>$`)
	arrivedText = regexp.MustCompile(`^(\S+) (\+?\d+) text (.*)$`)
)

// Texts returns what has arrived at the SMS centre, oldest first.
func (k *Kannel) Texts() []ArrivedText {
	k.tb.Helper()
	printed, err := os.ReadFile(k.centre.log)
	if err != nil {
		k.tb.Fatalf("read texts: %v", err)
	}
	var texts []ArrivedText
	for _, line := range arrivedLine.FindAllStringSubmatch(string(printed), -1) {
		if m := arrivedText.FindStringSubmatch(line[1]); m != nil {
			texts = append(texts, ArrivedText{From: m[1], To: m[2], Body: m[3]})
		} else if len(texts) > 0 {
			texts[len(texts)-1].Body += "\n" + line[1]
		}
	}
	return texts
}

// WaitForText waits until n texts have arrived, the last one with all its lines, and returns the newest.
func (k *Kannel) WaitForText(n int) ArrivedText {
	k.tb.Helper()
	var texts []ArrivedText
	eventually(k.tb, fmt.Sprintf("text number %d", n), startTimeout, func() bool {
		before := texts
		texts = k.Texts()
		return len(texts) >= n && slices.Equal(before, texts)
	})
	return texts[len(texts)-1]
}
