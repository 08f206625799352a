package services

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// Twilio answers as the provider's reference documents for creating a message and a call: the same paths, credentials,
// fields, limits, status codes and error numbers. A request that the provider would refuse is refused, so a test sees
// it as its own client would.
type Twilio struct {
	URL        string // what stands in for the provider's origin
	AccountSID string
	AuthToken  string

	mu       sync.Mutex
	requests []TwilioRequest
	failure  func(http.ResponseWriter, *http.Request) bool
}

// TwilioRequest is one message or call that was taken. Of Body and Twiml one is "".
type TwilioRequest struct {
	To, From, Body, Twiml string
}

// The provider's error numbers that matter here.
const (
	twilioBadTwiml       = 12100
	twilioNoCredentials  = 20003
	twilioNotFound       = 20404
	twilioTwimlTooLong   = 21215
	twilioNoURL          = 21205
	twilioBadTo          = 21211
	twilioBadFrom        = 21212
	twilioNoMessageTo    = 21604
	twilioNoMessageFrom  = 21603
	twilioNoMessageBody  = 21602
	twilioMessageTooLong = 21617
	twilioNoCallTo       = 21201
	twilioNoCallFrom     = 21213
)

const (
	twilioLongestMessage = 1600
	twilioLongestTwiml   = 4000
)

var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// StartTwilio starts an endpoint that takes everything it should.
func StartTwilio(tb testing.TB) *Twilio {
	tb.Helper()
	t := &Twilio{AccountSID: "AC" + strings.Repeat("0a", 16), AuthToken: strings.Repeat("4f", 16)}
	server := httptest.NewServer(t)
	tb.Cleanup(server.Close)
	t.URL = server.URL
	return t
}

// Refuse makes every request end as one that the provider will never take: status 400 with this error number.
func (t *Twilio) Refuse(code int) {
	t.fail(func(w http.ResponseWriter, _ *http.Request) bool {
		refuse(w, http.StatusBadRequest, code, "refused for the test")
		return true
	})
}

// Fail makes every request end with this status and no answer in JSON, as behind a broken proxy.
func (t *Twilio) Fail(status int) {
	t.fail(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><body>broken for the test</body></html>")
		return true
	})
}

// Delay makes every request wait, or until its sender gives up, before it is taken.
func (t *Twilio) Delay(d time.Duration) {
	t.fail(func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-time.After(d):
			return false
		case <-r.Context().Done():
			return true
		}
	})
}

// Recover ends Refuse, Fail and Delay.
func (t *Twilio) Recover() { t.fail(nil) }

func (t *Twilio) fail(failure func(http.ResponseWriter, *http.Request) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failure = failure
}

// Requests returns the messages and calls that were taken, oldest first.
func (t *Twilio) Requests() []TwilioRequest {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]TwilioRequest(nil), t.requests...)
}

// ServeHTTP answers one request.
func (t *Twilio) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok || user != t.AccountSID || password != t.AuthToken {
		refuse(w, http.StatusUnauthorized, twilioNoCredentials, "Authenticate")
		return
	}
	account := "/2010-04-01/Accounts/" + t.AccountSID
	check, prefix := checkMessage, "SM"
	switch r.URL.Path {
	case account + "/Messages.json":
	case account + "/Calls.json":
		check, prefix = checkCall, "CA"
	default:
		refuse(w, http.StatusNotFound, twilioNotFound, "The requested resource was not found")
		return
	}
	if r.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, 20004, "Method not allowed")
		return
	}
	// The body is read here, so that Delay notices when the sender goes away.
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, 20001, "Unable to parse the body")
		return
	}
	t.mu.Lock()
	failure := t.failure
	t.mu.Unlock()
	if failure != nil && failure(w, r) {
		return
	}
	asked := TwilioRequest{
		To: r.PostForm.Get("To"), From: r.PostForm.Get("From"),
		Body: r.PostForm.Get("Body"), Twiml: r.PostForm.Get("Twiml"),
	}
	if code, why := check(asked); code != 0 {
		refuse(w, http.StatusBadRequest, code, why)
		return
	}
	t.mu.Lock()
	t.requests = append(t.requests, asked)
	sid := fmt.Sprintf("%s%032x", prefix, len(t.requests))
	t.mu.Unlock()
	answer(w, http.StatusCreated, map[string]any{
		"sid": sid, "account_sid": t.AccountSID, "to": asked.To, "from": asked.From, "status": "queued",
		"direction": "outbound-api", "uri": strings.TrimSuffix(r.URL.Path, ".json") + "/" + sid + ".json",
	})
}

// checkMessage returns the number and text of the provider's refusal, or 0.
func checkMessage(m TwilioRequest) (int, string) {
	switch {
	case m.To == "":
		return twilioNoMessageTo, "A 'To' phone number is required"
	case m.From == "":
		return twilioNoMessageFrom, "A 'From' phone number is required"
	case !phoneNumber.MatchString(m.To):
		return twilioBadTo, "Invalid 'To' Phone Number"
	case !phoneNumber.MatchString(m.From):
		return twilioBadFrom, "Invalid 'From' Phone Number"
	case m.Body == "":
		return twilioNoMessageBody, "Message body is required"
	case utf8.RuneCountInString(m.Body) > twilioLongestMessage:
		return twilioMessageTooLong, "The concatenated message body exceeds the 1600 character limit"
	}
	return 0, ""
}

// checkCall returns the number and text of the provider's refusal, or 0.
func checkCall(c TwilioRequest) (int, string) {
	switch {
	case c.To == "":
		return twilioNoCallTo, "No 'To' number is specified"
	case c.From == "":
		return twilioNoCallFrom, "'From' phone number is required"
	case !phoneNumber.MatchString(c.To):
		return twilioBadTo, "Invalid 'To' Phone Number"
	case !phoneNumber.MatchString(c.From):
		return twilioBadFrom, "Invalid 'From' Phone Number"
	case c.Twiml == "":
		return twilioNoURL, "Url parameter is required"
	case len(c.Twiml) > twilioLongestTwiml:
		return twilioTwimlTooLong, "Twiml is too long"
	}
	var document struct {
		XMLName xml.Name `xml:"Response"`
	}
	if err := xml.Unmarshal([]byte(c.Twiml), &document); err != nil {
		return twilioBadTwiml, "Document parse failure"
	}
	return 0, ""
}

// refuse answers in the provider's format for errors.
func refuse(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, map[string]any{
		"status": status, "code": code, "message": message,
		"more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code),
	})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
