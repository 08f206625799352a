package services

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTwilio(t *testing.T) {
	provider := StartTwilio(t)
	message := url.Values{"To": {"+12025550123"}, "From": {"+15550100123"}, "Body": {"your code is 123456"}}
	call := url.Values{"To": {"+12025550123"}, "From": {"+15550100123"}, "Twiml": {"<Response><Say>1 2 3</Say></Response>"}}
	with := func(form url.Values, name, value string) url.Values {
		changed := url.Values{}
		for k, v := range form {
			changed[k] = v
		}
		changed.Set(name, value)
		return changed
	}
	for _, c := range []struct {
		name, resource, token string
		form                  url.Values
		status, code          int
	}{
		{"message", "Messages.json", provider.AuthToken, message, 201, 0},
		{"call", "Calls.json", provider.AuthToken, call, 201, 0},
		{"wrong token", "Messages.json", "wrong", message, 401, twilioNoCredentials},
		{"unknown resource", "Letters.json", provider.AuthToken, message, 404, twilioNotFound},
		{"national number", "Messages.json", provider.AuthToken, with(message, "To", "2025550123"), 400, twilioBadTo},
		{"no text", "Messages.json", provider.AuthToken, with(message, "Body", ""), 400, twilioNoMessageBody},
		{"long text", "Messages.json", provider.AuthToken, with(message, "Body", strings.Repeat("é", 1601)), 400, twilioMessageTooLong},
		{"call without words", "Calls.json", provider.AuthToken, with(call, "Twiml", ""), 400, twilioNoURL},
		{"broken words", "Calls.json", provider.AuthToken, with(call, "Twiml", "<Response>"), 400, twilioBadTwiml},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, code, err := post(t.Context(), provider, c.resource, c.token, c.form)
			if err != nil || status != c.status || code != c.code {
				t.Errorf("status %d, code %d, error %v; want %d, %d", status, code, err, c.status, c.code)
			}
		})
	}
	if got := provider.Requests(); len(got) != 2 || got[0].Body != "your code is 123456" || got[1].Twiml != call.Get("Twiml") {
		t.Errorf("took %+v, want the message and the call", got)
	}
}

func TestTwilioFailures(t *testing.T) {
	provider := StartTwilio(t)
	message := url.Values{"To": {"+12025550123"}, "From": {"+15550100123"}, "Body": {"your code is 123456"}}
	send := func(ctx context.Context) (int, int, error) {
		return post(ctx, provider, "Messages.json", provider.AuthToken, message)
	}
	provider.Refuse(twilioBadTo)
	if status, code, err := send(t.Context()); status != 400 || code != twilioBadTo || err != nil {
		t.Errorf("refusal: status %d, code %d, error %v", status, code, err)
	}
	provider.Fail(http.StatusInternalServerError)
	if status, _, err := send(t.Context()); status != 500 || err != nil {
		t.Errorf("failure: status %d, error %v", status, err)
	}
	provider.Delay(time.Minute)
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := send(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delay: %v, want the deadline", err)
	}
	if n := len(provider.Requests()); n != 0 {
		t.Errorf("%d requests taken while failing", n)
	}
	provider.Recover()
	if status, _, err := send(t.Context()); status != 201 || err != nil {
		t.Errorf("after recovery: status %d, error %v", status, err)
	}
}

// post sends a form and returns the status and, where the answer has one, the provider's error number.
func post(ctx context.Context, provider *Twilio, resource, token string, form url.Values) (status, code int, err error) {
	address := provider.URL + "/2010-04-01/Accounts/" + provider.AccountSID + "/" + resource
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(provider.AccountSID, token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	var body struct{ Code int }
	if response.Header.Get("Content-Type") == "application/json" {
		err = json.NewDecoder(response.Body).Decode(&body)
	}
	return response.StatusCode, body.Code, err
}
