package phonehttp

import (
	"reflect"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	const url = "https://gateway.test/send?to={phone.to}"
	clausetest.Run(t, new(Sender), map[string]clausetest.Case{
		"url alone": {In: "http {\n url " + url + "\n}", JSON: `{"shared":{"url":"` + url + `"}}`},
		"all words": {
			In: "http {\n text {\n method POST\n url " + url + "\n header content-type application/json\n header Authorization \"Bearer {env.T}\"\n" +
				" body `{\"text\": \"{phone.text}\"}`\n success 200 202\n success_body ^OK\n }\n call {\n url {env.U}\n }\n timeout 5s\n insecure_http\n}",
			JSON: `{"text":{"method":"POST","url":"` + url + `","headers":{"Authorization":"Bearer {env.T}","Content-Type":"application/json"},` +
				`"body":"{\"text\": \"{phone.text}\"}","success":["200","202"],"success_body":"^OK"},` +
				`"call":{"url":"{env.U}"},"timeout":"5s","insecure_http":true}`,
		},
		"argument":   {In: "http x", Error: `unexpected argument "x": phone http takes none, only a block, at Testfile:1`},
		"nothing":    {In: "http", Error: "phone http says nothing about how to send: write url https://"},
		"both forms": {In: "http {\n url " + url + "\n text {\n url " + url + "\n }\n}", Error: "move its words into one of them, at Testfile:6"},
		"placeholders": {
			In:   "http {\n url " + url + "\n method {env.M}\n success {env.S} 202\n success_body {env.B}\n timeout {env.T}\n}",
			JSON: `{"shared":{"method":"{env.M}","url":"` + url + `","success":["{env.S}","202"],"success_body":"{env.B}"},"timeout":"{env.T}"}`,
		},
		"unknown word":      {In: "http {\n uri x\n}", Error: `unknown word "uri" in phone http: write one of body, call, header, insecure_http, method, success, success_body, text, timeout, url, at Testfile:2`},
		"unknown, in block": {In: "http {\n call {\n\n timeout 3s\n }\n}", Error: `unknown word "timeout" in phone http call: write one of body, header, method, success, success_body, url, at Testfile:4`},
		"block twice":       {In: "http {\n text {\n url " + url + "\n }\n text {\n url " + url + "\n }\n}", Error: `"text" is given twice in phone http: keep one, at Testfile:5`},
		"value of block":    {In: "http {\n text x\n}", Error: `unexpected value "x": phone http text takes none, only a block, at Testfile:2`},
		"empty block":       {In: "http {\n text {\n }\n}", Error: "there is no url: write url https://gateway.example.com/send"},
		"word twice":        {In: "http {\n url a\n url b\n}", Error: `"url" is given twice in phone http: keep one, at Testfile:3`},
		"header twice":      {In: "http {\n header x-a 1\n header X-A 2\n}", Error: `header "X-A" is given twice: keep one, at Testfile:3`},
		"half a header":     {In: "http {\n header X-A\n}", Error: "header takes a name and a value: write header Content-Type application/json"},
		"no success":        {In: "http {\n success\n}", Error: "success needs a value: write success 200 202, at Testfile:2"},
		"success in words":  {In: "http {\n success ok\n}", Error: `success "ok" is not a status: write success 200 202, at Testfile:2`},
		"success of 302":    {In: "http {\n success 302\n}", Error: "success 302: it is 200 to 299, at Testfile:2"},
		"bad method":        {In: "http {\n method SEND\n}", Error: `method "SEND": it is GET, POST or PUT, at Testfile:2`},
		"bad expression":    {In: "http {\n url " + url + "\n success_body (\n}", Error: "success_body is not a regular expression"},
	})
}

// Ensure that what no message could be sent with, or not safely, is found before there is one.
func TestPrepareRefuses(t *testing.T) {
	t.Setenv("PHONE_HTTP_TEST_HOST", "gateway.test")
	t.Setenv("PHONE_HTTP_TEST_DELETE", "DELETE")
	const url = "https://gateway.test/send"
	json := map[string]string{"Content-Type": "application/json"}
	for name, tt := range map[string]struct {
		request Request
		want    string
	}{
		"number in host":              {Request{URL: "https://{phone.to}.gateway.test/"}, "the host is fixed"},
		"number behind host":          {Request{URL: "https://gateway.test{phone.text}/"}, "the host is fixed"},
		"number for user":             {Request{URL: "https://{phone.to}@gateway.test/"}, "the host is fixed"},
		"number for port":             {Request{URL: "https://gateway.test:{phone.to}/"}, "url is not an address"},
		"number for scheme":           {Request{URL: "{phone.text}://gateway.test/"}, "the host is fixed"},
		"number for all":              {Request{URL: "{phone.text}"}, "names no host"},
		"unencrypted":                 {Request{URL: "http://{env.PHONE_HTTP_TEST_HOST}/"}, "write https, or insecure_http if you trust the network between"},
		"other scheme":                {Request{URL: "ftp://gateway.test/"}, `"ftp" is not a way to send`},
		"fragment":                    {Request{URL: url + "#{phone.to}"}, "url has a #"},
		"unknown slot":                {Request{URL: url + "?to={phone.number}"}, "url: {phone.number} is not known: there are {phone.to}, {phone.digits}, {phone.text}, {phone.id}, {phone.language}, {phone.kind}"},
		"misspelled placeholder":      {Request{URL: url + "?to={to}"}, "url has braces that are no placeholder"},
		"secret that is not set":      {Request{URL: url + "?p={env.PHONE_HTTP_TEST_ABSENT}"}, "expand url: evaluated placeholder {env.PHONE_HTTP_TEST_ABSENT} is empty"},
		"request's placeholder":       {Request{URL: url + "?p={http.request.host}"}, "expand url: unrecognized placeholder"},
		"body without type":           {Request{URL: url, Body: "{phone.text}"}, "write header Content-Type"},
		"body of a GET":               {Request{Method: "GET", URL: url, Body: "x", Headers: json}, "method GET has no body"},
		"type of the message":         {Request{URL: url, Body: "x", Headers: map[string]string{"Content-Type": "text/{phone.kind}"}}, "must not depend on the message"},
		"type that is none":           {Request{URL: url, Body: "x", Headers: map[string]string{"Content-Type": "json;;"}}, "is not a content type"},
		"parts":                       {Request{URL: url, Body: "x", Headers: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}}, "a value could end its part"},
		"JSON without quotes":         {Request{URL: url, Body: `{"to": {phone.to}}`, Headers: json}, "body is not JSON once its values are filled in"},
		"broken JSON":                 {Request{URL: url, Body: `{"to": "{phone.to}"`, Headers: json}, "body is not JSON"},
		"broken XML":                  {Request{URL: url, Body: "<sms>{phone.to}", Headers: map[string]string{"Content-Type": "text/xml"}}, "body is not XML"},
		"message as XML tag":          {Request{URL: url, Body: "<{phone.to} a=>", Headers: map[string]string{"Content-Type": "text/xml"}}, "body is not XML"},
		"host as header":              {Request{URL: url, Headers: map[string]string{"hOST": "evil.test"}}, `header "hOST" cannot be set`},
		"framing as header":           {Request{URL: url, Headers: map[string]string{"Transfer-Encoding": "chunked"}}, "cannot be set"},
		"header name with newline":    {Request{URL: url, Headers: map[string]string{"X\r\nY": "1"}}, "cannot be set"},
		"header with newline":         {Request{URL: url, Headers: map[string]string{"X": "1\r\nY: 2"}}, `header "X" holds control characters`},
		"header in two spellings":     {Request{URL: url, Headers: map[string]string{"X-a": "1", "x-A": "2"}}, `header "X-A" is given twice`},
		"bad method":                  {Request{Method: "DELETE", URL: url}, "it is GET, POST or PUT"},
		"bad success":                 {Request{URL: url, Success: []string{"404"}}, "success 404"},
		"expression of the message":   {Request{URL: url, SuccessBody: "{phone.id}"}, "success_body must not depend on the message"},
		"method behind a placeholder": {Request{URL: url, Method: "{env.PHONE_HTTP_TEST_DELETE}"}, `method "DELETE"`},
		"status behind a placeholder": {Request{URL: url, Success: []string{"{env.PHONE_HTTP_TEST_DELETE}"}}, `success "DELETE" is not a status`},
	} {
		t.Run(name, func(t *testing.T) {
			err := clausetest.Load(t, &Sender{Text: &tt.request})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	texts := &Request{URL: "https://gateway.test/?to={phone.to}"}
	both := &Request{URL: "https://gateway.test/{phone.kind}?to={phone.to}"}
	for name, tt := range map[string]struct {
		sender Sender
		want   []string
	}{
		"both blocks":                {Sender{Text: texts, Call: texts}, []string{"text", "call"}},
		"text alone":                 {Sender{Text: texts}, []string{"text"}},
		"call alone":                 {Sender{Call: texts}, []string{"call"}},
		"shared, told apart":         {Sender{Shared: both}, []string{"text", "call"}},
		"shared, gateway cannot see": {Sender{Shared: texts}, []string{"text"}},
	} {
		clausetest.Provision(t, &tt.sender)
		if got := tt.sender.Methods(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: methods are %v, want %v", name, got, tt.want)
		}
	}
	for name, s := range map[string]*Sender{
		"nothing":        {},
		"both forms":     {Shared: texts, Call: texts},
		"absurd timeout": {Text: texts, Timeout: "1h"},
	} {
		if err := clausetest.Load(t, s); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
