package twilio

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/policy/message"
)

// provider answers as Twilio's reference documents, and keeps what it took.
type provider struct {
	*httptest.Server
	status int    // instead of 201
	answer string // for that status
	taken  map[string][]url.Values
}

func mustProvide(t *testing.T) *provider {
	t.Helper()
	p := &provider{taken: map[string][]url.Values{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		user, password, _ := r.BasicAuth()
		resource := strings.TrimPrefix(r.URL.Path, "/2010-04-01/Accounts/"+sid)
		switch {
		case user != sid || password != "right":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`)
		case p.status != 0:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(p.status)
			_, _ = io.WriteString(w, p.answer)
		case r.Method == http.MethodGet && resource == ".json":
			_, _ = io.WriteString(w, `{"sid":"`+sid+`","status":"active","type":"Full"}`)
		case r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded":
			w.WriteHeader(http.StatusBadRequest)
		case resource == "/Messages.json" || resource == "/Calls.json":
			if err := r.ParseForm(); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			p.taken[resource] = append(p.taken[resource], r.PostForm)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"code":20404,"message":"not found","status":404}`)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) sender(t *testing.T, s Sender) *Sender {
	t.Helper()
	s.AccountSID, s.Endpoint = sid, p.URL+"/"
	if s.AuthToken == "" {
		s.AuthToken = "right"
	}
	if s.From == "" {
		s.From = "+15550100"
	}
	clausetest.Provision(t, &s)
	return &s
}

var (
	text = message.Text{ID: "t1", To: "+15550199", Body: "Your code: 123456 & more ✓\n\n@mail.example.com #123456"}
	call = message.Call{ID: "c1", To: "+15550199", Language: "en", Say: []string{"Your <code> is", "1, 2, 3", "1, 2, 3"}}
)

func TestSendText(t *testing.T) {
	for from, param := range map[string]string{"+15550100": "From", "12345": "From", "Clinic": "From", service: "MessagingServiceSid"} {
		p := mustProvide(t)
		if err := p.sender(t, Sender{From: from}).SendText(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		want := map[string][]url.Values{"/Messages.json": {{"To": {"+15550199"}, param: {from}, "Body": {text.Body}}}}
		if !reflect.DeepEqual(p.taken, want) {
			t.Errorf("provider took %v, want %v", p.taken, want)
		}
	}
}

func TestSendCall(t *testing.T) {
	p := mustProvide(t)
	if err := p.sender(t, Sender{From: service, CallFrom: "+15550101"}).SendCall(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	want := map[string][]url.Values{"/Calls.json": {{"To": {"+15550199"}, "From": {"+15550101"}, "Twiml": {
		`<Response><Say language="en-US">Your &lt;code&gt; is</Say><Pause length="1"/>` +
			`<Say language="en-US">1, 2, 3</Say><Pause length="1"/><Say language="en-US">1, 2, 3</Say></Response>`,
	}}}}
	if !reflect.DeepEqual(p.taken, want) {
		t.Errorf("provider took %v, want %v", p.taken, want)
	}
}

func TestSpokenIsAlwaysXML(t *testing.T) {
	for _, c := range []message.Call{
		{Language: `en" loop="0`, Say: []string{"</Say><Dial>+15550100</Dial><Say>", "a\x00b\xff"}},
		{Language: "fr-CA", Say: []string{""}},
		{},
	} {
		var got struct {
			Say  []string   `xml:"Say"`
			Dial []struct{} `xml:"Dial"`
		}
		if err := xml.Unmarshal([]byte(spoken(c)), &got); err != nil || len(got.Say) != len(c.Say) || len(got.Dial) != 0 {
			t.Errorf("%+v became %s (%v)", c, spoken(c), err)
		}
	}
}

func TestSpokenLanguage(t *testing.T) {
	for language, want := range map[string]string{
		"en": ` language="en-US"`, "es": ` language="es-MX"`, "fr": ` language="fr-FR"`, "de": ` language="de-DE"`,
		"pt": ` language="pt-BR"`, "zh": ` language="zh-CN"`, "ar": ` language="arb" voice="Polly.Zeina"`,
		"fr-CA": ` language="fr-CA"`, "zh-TW": ` language="zh-TW"`, "tlh": ` language="tlh"`, "": "",
	} {
		if got := spoken(message.Call{Language: language, Say: []string{"x"}}); got != "<Response><Say"+want+">x</Say></Response>" {
			t.Errorf("%q became %s", language, got)
		}
	}
}

func TestCallsNeedANumber(t *testing.T) {
	for from, want := range map[string][]string{
		"+15550100": {"text", "call"}, "12345": {"text"}, "Clinic": {"text"}, service: {"text"},
	} {
		p := mustProvide(t)
		s := p.sender(t, Sender{From: from})
		if got := s.Methods(); !reflect.DeepEqual(got, want) {
			t.Errorf("from %s: methods are %v, want %v", from, got, want)
		}
		err := s.SendCall(t.Context(), call)
		if (err == nil) != (len(want) == 2) || err != nil && !errors.Is(err, message.ErrRefused) {
			t.Errorf("from %s: call gave %v", from, err)
		}
	}
}

func TestDL06_ProviderRefuses(t *testing.T) {
	for _, tt := range []struct {
		status  int
		code    int
		refused bool
	}{
		{400, 21211, true}, // not a phone number
		{400, 21610, true}, // the person has unsubscribed
		{404, 20404, true},
		{403, 20003, false},
		{408, 0, false},
		{429, 20429, false},
		{500, 20500, false},
		{503, 0, false},
		{302, 0, false}, // AD-18: not followed
		{200, 0, false}, // nothing was created
	} {
		p := mustProvide(t)
		p.status = tt.status
		p.answer = "<html>+15550199</html>"
		if tt.code != 0 {
			p.answer = fmt.Sprintf(`{"code":%d,"message":"The 'To' number +15550199 is not valid: 123456","status":%d}`, tt.code, tt.status)
		}
		s := p.sender(t, Sender{})
		for _, err := range []error{s.SendText(t.Context(), text), s.SendCall(t.Context(), call)} {
			if err == nil || errors.Is(err, message.ErrRefused) != tt.refused {
				t.Errorf("%d: got %v, want refused %v", tt.status, err, tt.refused)
				continue
			}
			if tt.code != 0 && !strings.Contains(err.Error(), fmt.Sprint("error ", tt.code)) {
				t.Errorf("%d: error %q does not name Twilio's %d", tt.status, err, tt.code)
			}
			for _, secret := range []string{"5550199", "123456", sid, "right"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%d: error %q holds %q", tt.status, err, secret)
				}
			}
		}
	}
}

func TestDL13_WrongToken(t *testing.T) {
	p := mustProvide(t)
	s := p.sender(t, Sender{AuthToken: "wr0ng"})
	for _, err := range []error{s.SendText(t.Context(), text), s.SendCall(t.Context(), call), s.Check(t.Context())} {
		if err == nil || errors.Is(err, message.ErrRefused) || strings.Contains(err.Error(), "wr0ng") || !strings.Contains(err.Error(), "error 20003") {
			t.Errorf("got %v, want an error that is no refusal and names 20003", err)
		}
	}
	if len(p.taken) != 0 {
		t.Errorf("provider took %v", p.taken)
	}
}

func TestCheck(t *testing.T) {
	p := mustProvide(t)
	s := p.sender(t, Sender{})
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	p.status, p.answer = 200, `{"status":"suspended"}`
	if err := s.Check(t.Context()); err == nil {
		t.Error("a suspended account was found good")
	}
	if len(p.taken) != 0 {
		t.Errorf("the check sent %v", p.taken)
	}
}
