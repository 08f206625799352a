package phonehttp

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/policy/message"
)

// nasty would break out of any place it is put into unescaped, and would be expanded if it were taken for a placeholder.
const nasty = "Your code: 123456 & \"quoted\" <b>'x'</b> %0d%0a \\ ]]> {env.PHONE_HTTP_TEST_SECRET} {phone.to} ✓\n\n@mail.example.com #123456"

// seen is a request as a gateway got it.
type seen struct {
	method, path, query, body string
	header                    http.Header
	user, password            string
}

// mustListen starts a gateway that keeps the last request and answers as told.
func mustListen(t *testing.T, status int, answer string) (base string, last *seen) {
	t.Helper()
	last = new(seen)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = seen{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery, body: string(body), header: r.Header}
		last.user, last.password, _ = r.BasicAuth()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, last
}

func mustSend(t *testing.T, s *Sender, body string) {
	t.Helper()
	clausetest.Provision(t, s)
	if err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: body}); err != nil {
		t.Fatal(err)
	}
}

func TestQueryIsEscaped(t *testing.T) {
	t.Setenv("PHONE_HTTP_TEST_SECRET", "s3cret&to=0 {phone.text}")
	base, last := mustListen(t, 202, "0: Accepted for delivery")
	mustSend(t, &Sender{Shared: &Request{
		URL: base + "/cgi-bin/{phone.text}/send?username=u&password={env.PHONE_HTTP_TEST_SECRET}&to={phone.to}&d={phone.digits}&text={phone.text}&id={phone.id}&l={phone.language}",
	}}, nasty)
	query, err := url.ParseQuery(last.query)
	want := url.Values{
		"username": {"u"}, "password": {"s3cret&to=0 {phone.text}"}, "to": {"+15550199"}, "d": {"15550199"},
		"text": {nasty}, "id": {"k2"}, "l": {""},
	}
	if err != nil || !reflect.DeepEqual(query, want) {
		t.Errorf("gateway got %v (%v), want %v", query, err, want)
	}
	segments := strings.Split(last.path, "/")
	if got, err := url.PathUnescape(segments[2]); err != nil || got != nasty || len(segments) != 4 {
		t.Errorf("path is %q, want the text as one part of it", last.path)
	}
	if last.method != "GET" {
		t.Errorf("method is %s, want GET where there is no body", last.method)
	}
}

func TestBodyIsEscapedForItsType(t *testing.T) {
	t.Setenv("PHONE_HTTP_TEST_SECRET", `s3"c<r&t`)
	for kind, tt := range map[string]struct {
		body string
		read func(string) (secret, text string, err error)
	}{
		"application/json": {`{"key":"{env.PHONE_HTTP_TEST_SECRET}","deep":{"text":"{phone.text}"}}`, readJSON},
		"application/vnd.gateway+json; charset=utf-8": {`{"key":"{env.PHONE_HTTP_TEST_SECRET}","deep":{"text":"{phone.text}"}}`, readJSON},
		"application/x-www-form-urlencoded": {"key={env.PHONE_HTTP_TEST_SECRET}&text={phone.text}", func(s string) (string, string, error) {
			form, err := url.ParseQuery(s)
			return form.Get("key"), form.Get("text"), err
		}},
		"text/xml": {`<sms key="{env.PHONE_HTTP_TEST_SECRET}"><text>{phone.text}</text></sms>`, func(s string) (string, string, error) {
			var sms struct {
				Key  string `xml:"key,attr"`
				Text string `xml:"text"`
			}
			err := xml.Unmarshal([]byte(s), &sms)
			return sms.Key, sms.Text, err
		}},
		"text/plain": {"{env.PHONE_HTTP_TEST_SECRET}\n{phone.text}", func(s string) (string, string, error) {
			secret, text, _ := strings.Cut(s, "\n")
			return secret, text, nil
		}},
	} {
		t.Run(kind, func(t *testing.T) {
			base, last := mustListen(t, 200, "")
			mustSend(t, &Sender{Text: &Request{URL: base, Headers: map[string]string{"content-type": kind}, Body: tt.body}}, nasty)
			secret, text, err := tt.read(last.body)
			if err != nil || secret != `s3"c<r&t` || text != nasty {
				t.Errorf("gateway read %q and %q (%v) out of %q", secret, text, err, last.body)
			}
			if got := last.header["Content-Type"]; len(got) != 1 || got[0] != kind || last.method != "POST" {
				t.Errorf("gateway got %s of type %q", last.method, got)
			}
		})
	}
}

func readJSON(s string) (secret, text string, err error) {
	var body struct {
		Key  string `json:"key"`
		Deep struct {
			Text string `json:"text"`
		} `json:"deep"`
	}
	err = json.Unmarshal([]byte(s), &body)
	return body.Key, body.Deep.Text, err
}

func TestHeaders(t *testing.T) {
	t.Setenv("PHONE_HTTP_TEST_SECRET", "s3cret")
	base, last := mustListen(t, 200, "")
	s := &Sender{Text: &Request{
		Method: "PUT", URL: strings.Replace(base, "//", "//user:pa%20ss@", 1),
		Headers: map[string]string{"X-Key": "Bearer {env.PHONE_HTTP_TEST_SECRET}", "Idempotency-Key": "{phone.id}", "X-Text": "{phone.text}"},
	}}
	mustSend(t, s, "plain {env.PHONE_HTTP_TEST_SECRET}")
	if last.method != "PUT" || last.header.Get("X-Key") != "Bearer s3cret" || last.header.Get("Idempotency-Key") != "k2" ||
		last.header.Get("X-Text") != "plain {env.PHONE_HTTP_TEST_SECRET}" || last.user != "user" || last.password != "pa ss" {
		t.Errorf("gateway got %+v", last)
	}
	*last = seen{}
	err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: "a\r\nX-Evil: 1"})
	if !errors.Is(err, message.ErrRefused) || last.method != "" {
		t.Errorf("got %v and %+v, want a refusal and no request", err, last)
	}
}

func TestSendCall(t *testing.T) {
	base, last := mustListen(t, 200, "")
	call := message.Call{ID: "c1", To: "+15550199", Language: "es", Say: []string{"Su código es", "1, 2, 3"}}
	s := &Sender{Shared: &Request{URL: base + "/{phone.kind}?to={phone.to}&say={phone.text}&lang={phone.language}"}}
	clausetest.Provision(t, s)
	if err := s.SendCall(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(last.query)
	want := url.Values{"to": {"+15550199"}, "say": {"Su código es\n1, 2, 3"}, "lang": {"es"}}
	if err != nil || last.path != "/call" || !reflect.DeepEqual(query, want) {
		t.Errorf("gateway got %s %v, want /call %v", last.path, query, want)
	}
}

func TestWhatIsNotConfiguredIsRefused(t *testing.T) {
	base, last := mustListen(t, 200, "")
	texts, calls := &Sender{Shared: &Request{URL: base}}, &Sender{Call: &Request{URL: base}}
	clausetest.Provision(t, texts)
	clausetest.Provision(t, calls)
	for want, err := range map[string]error{
		"calls are not configured": texts.SendCall(t.Context(), message.Call{}),
		"texts are not configured": calls.SendText(t.Context(), message.Text{}),
	} {
		if !errors.Is(err, message.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a refusal that says %q", err, want)
		}
	}
	if last.method != "" {
		t.Errorf("gateway got %+v", last)
	}
}

func TestDL06_GatewayAnswers(t *testing.T) {
	for _, tt := range []struct {
		status       int
		answer       string
		success      []string
		match        string
		sent, refuse bool
	}{
		{status: 200, sent: true},
		{status: 202, sent: true},
		{status: 204, sent: true},
		{status: 202, success: []string{"200", "202"}, sent: true},
		{status: 200, success: []string{"202"}, refuse: true},
		{status: 200, answer: `{"status":"ok"}`, match: `"status":"ok"`, sent: true},
		{status: 200, answer: "ERR 104 bad number +15550199", match: "^OK", refuse: true},
		{status: 500, answer: "OK", match: "^OK"},
		{status: 400, refuse: true},
		{status: 404, refuse: true},
		{status: 422, refuse: true},
		{status: 401}, {status: 403}, {status: 408}, {status: 429}, {status: 500}, {status: 503}, {status: 304},
	} {
		base, _ := mustListen(t, tt.status, tt.answer)
		s := &Sender{Text: &Request{URL: base + "/?secret=s3cret&to={phone.to}", Success: tt.success, SuccessBody: tt.match}}
		clausetest.Provision(t, s)
		err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: "123456"})
		if (err == nil) != tt.sent || errors.Is(err, message.ErrRefused) != tt.refuse {
			t.Errorf("%+v: got %v", tt, err)
		}
		if err != nil && (strings.Contains(err.Error(), "5550199") || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "123456")) {
			t.Errorf("error %q tells too much", err)
		}
	}
}

// Ensure every value of a request may come from the environment.
func TestPlaceholdersOfARequest(t *testing.T) {
	for name, value := range map[string]string{"METHOD": "PUT", "STATUS": "202", "WORD": "queued", "TIMEOUT": "5s"} {
		t.Setenv("PHONE_HTTP_TEST_"+name, value)
	}
	for answer, want := range map[string]bool{"[queued]": true, "[dropped]": false} {
		base, last := mustListen(t, 202, answer)
		s := &Sender{
			Shared: &Request{
				URL: base + "/?to={phone.to}", Method: "{env.PHONE_HTTP_TEST_METHOD}",
				Success: []string{"{env.PHONE_HTTP_TEST_STATUS}"}, SuccessBody: `^.{1}{env.PHONE_HTTP_TEST_WORD}\]$`,
			},
			Timeout: "{env.PHONE_HTTP_TEST_TIMEOUT}",
		}
		clausetest.Provision(t, s)
		err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: "x"})
		if (err == nil) != want {
			t.Errorf("%s: %v", answer, err)
		}
		if last.method != "PUT" {
			t.Errorf("method %q", last.method)
		}
	}
	s := &Sender{Shared: &Request{URL: "https://gateway.test/"}, Timeout: "{env.PHONE_HTTP_TEST_WORD}"}
	if err := clausetest.Load(t, s); err == nil || !strings.Contains(err.Error(), `timeout "queued" is not a duration`) {
		t.Errorf("timeout: %v", err)
	}
}

func TestAD18_GatewayCannotLeadElsewhere(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL, status))
		s := &Sender{Text: &Request{URL: srv.URL + "/?to={phone.to}"}}
		clausetest.Provision(t, s)
		err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: "x"})
		if err == nil || errors.Is(err, message.ErrRefused) {
			t.Errorf("%d: got %v, want an error that is no refusal", status, err)
		}
		srv.Close()
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

func TestAD18_LongAnswerIsCut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 10 << 10 {
			if _, err := w.Write([]byte(strings.Repeat(".", 1<<10))); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, "OK")
	}))
	defer srv.Close()
	mustSend(t, &Sender{Text: &Request{URL: srv.URL}}, "x")
	s := &Sender{Text: &Request{URL: srv.URL, SuccessBody: "OK$"}} // behind 10 MB
	clausetest.Provision(t, s)
	if err := s.SendText(t.Context(), message.Text{ID: "k2"}); err == nil {
		t.Error("an answer beyond the bound was read")
	}
}

func TestSlowGatewayIsLeft(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer srv.Close()
	s := &Sender{Text: &Request{URL: srv.URL}, Timeout: "1s"}
	clausetest.Provision(t, s)
	began := time.Now()
	err := s.SendText(t.Context(), message.Text{ID: "k2", To: "+15550199", Body: "x"})
	if err == nil || errors.Is(err, message.ErrRefused) || time.Since(began) > 10*time.Second {
		t.Errorf("got %v after %s, want an error that is no refusal after a second", err, time.Since(began))
	}
}

func TestCheck(t *testing.T) {
	base, last := mustListen(t, 404, "")
	s := &Sender{Text: &Request{URL: base + "/send?to={phone.to}"}, Call: &Request{URL: base + "/call"}}
	clausetest.Provision(t, s)
	if err := s.Check(t.Context()); err != nil || last.method != "HEAD" || last.path != "/" || last.query != "" {
		t.Errorf("got %v and %+v, want a look at the front page", err, last)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s = &Sender{Text: &Request{URL: gone.URL}}
	clausetest.Provision(t, s)
	if err := s.Check(t.Context()); err == nil {
		t.Error("a gateway that is not there was found")
	}
}

// Ensure that whatever a message holds, the request stays one to the configured host, with the values where they belong.
func FuzzMessageStaysInItsPlace(f *testing.F) {
	f.Add("+15550199", nasty)
	f.Add("../..//evil.test/@#?", "\x00\xff{phone.to}")
	s := &Sender{Text: &Request{
		URL:     "https://gateway.test/{phone.to}/send?to={phone.to}&text={phone.text}",
		Headers: map[string]string{"Content-Type": "application/json"},
		Body:    `{"text":"{phone.text}"}`,
	}}
	clausetest.Provision(f, s)
	f.Fuzz(func(t *testing.T, to, text string) {
		v := values{slotTo: to, slotText: text}
		u, err := url.Parse(s.text.url.render(v))
		if err != nil || u.Scheme != "https" || u.Host != "gateway.test" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q became %v (%v)", to, u, err)
		}
		if query := u.Query(); len(query) != 2 || query.Get("to") != to || query.Get("text") != text {
			t.Fatalf("query is %v", query)
		}
		var body map[string]string
		if err := json.Unmarshal([]byte(s.text.body.render(v)), &body); err != nil || len(body) != 1 {
			t.Fatalf("%q became %q (%v)", text, s.text.body.render(v), err)
		}
	})
}
