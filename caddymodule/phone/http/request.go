package phonehttp

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/caddymodule/phone/gateway"
	"github.com/loginwall/loginwall/policy/message"
)

// Request is what is sent to the gateway for a message, and how its answer is read. URL, header values and body are
// templates: {phone.to}, {phone.digits}, {phone.text}, {phone.id}, {phone.language} and {phone.kind} stand for the
// message's, each escaped for where it stands. Other placeholders such as {env.X} may stand in every value but the names
// of headers, and are expanded when the configuration is loaded.
type Request struct {
	// GET, POST or PUT. Default: POST with a body, else GET.
	Method string `json:"method,omitempty"`

	// Where to. Scheme and host are fixed by the configuration. https, or http to this machine. Required.
	URL string `json:"url,omitempty"`

	// Names and values of headers.
	Headers map[string]string `json:"headers,omitempty"`

	// What is sent. Its Content-Type must be among the headers, since it decides how values are escaped: for JSON (to
	// be put between quotes), for forms (application/x-www-form-urlencoded), for XML, or not at all.
	Body string `json:"body,omitempty"`

	// The statuses that mean that the gateway has taken the message. Default: 200 to 299.
	Success []string `json:"success,omitempty"`

	// A regular expression (RE2) that the answer's first 64 KiB must match too, for gateways that answer 200 whatever
	// happens. Default: none.
	SuccessBody string `json:"success_body,omitempty"`
}

// prepared is a request with its templates made.
type prepared struct {
	method  string
	url     template
	origin  *url.URL // scheme, user and host, the same for every message
	headers map[string]template
	body    template
	success []int
	match   *regexp.Regexp
}

// notForHeaders would change where a request goes or where it ends.
var notForHeaders = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade", "Expect"}

var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// prepare makes the templates and refuses what no message could be sent with.
func (r *Request) prepare(insecure bool) (*prepared, error) {
	p := &prepared{headers: make(map[string]template)}
	var err error
	if p.method, err = clause.Expand("method", r.Method, nil); err != nil {
		return nil, err
	}
	if p.method == "" {
		p.method = http.MethodGet
		if r.Body != "" {
			p.method = http.MethodPost
		}
	}
	if err := checkMethod(p.method); err != nil {
		return nil, err
	}
	if p.method == http.MethodGet && r.Body != "" {
		return nil, errors.New("method GET has no body: write method POST, or put the values into the url")
	}
	if err := p.prepareURL(r.URL, insecure); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		if err := p.prepareHeader(name, r.Headers[name]); err != nil {
			return nil, err
		}
	}
	if err := p.prepareBody(r.Body); err != nil {
		return nil, err
	}
	if err := p.prepareSuccess(r.Success, r.SuccessBody); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *prepared) prepareURL(text string, insecure bool) (err error) {
	if text == "" {
		return errors.New("there is no url: write url https://gateway.example.com/send?to={phone.to}&text={phone.text}")
	}
	if p.url, err = compile("url", text, inURL); err != nil {
		return err
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
		return errors.New("url has braces that are no placeholder: write {phone.to}, {phone.text} or {env.NAME}")
	}
	// Two messages must lead to the same host, or a message could choose it.
	a, errA := url.Parse(p.url.render(sample("a")))
	b, errB := url.Parse(p.url.render(sample("b")))
	if errA != nil || errB != nil {
		return errors.New("url is not an address: write it like https://gateway.example.com/send?to={phone.to}")
	}
	p.origin = &url.URL{Scheme: a.Scheme, User: a.User, Host: a.Host}
	if other := (&url.URL{Scheme: b.Scheme, User: b.User, Host: b.Host}); p.origin.String() != other.String() {
		return errors.New("url has a {phone.…} in front of its path: the host is fixed, only path and query can hold one")
	}
	if a.Fragment != "" {
		return errors.New("url has a #, and what is behind it would not be sent: write %23 for the character")
	}
	err = gateway.CheckURL(a, insecure)
	switch {
	case err == nil:
		return nil
	case gateway.CheckURL(a, true) == nil:
		return fmt.Errorf("url: %w, or insecure_http if you trust the network between", err)
	}
	return fmt.Errorf("url: %w", err)
}

func (p *prepared) prepareHeader(name, value string) error {
	canonical := http.CanonicalHeaderKey(name)
	if !token.MatchString(name) || slices.Contains(notForHeaders, canonical) {
		return fmt.Errorf("header %q cannot be set", name)
	}
	if p.headers[canonical] != nil {
		return fmt.Errorf("header %q is given twice: keep one", canonical)
	}
	t, err := compile("header "+name, value, inHeader)
	if err != nil {
		return err
	}
	if strings.ContainsFunc(t.render(sample("a")), unicode.IsControl) {
		return fmt.Errorf("header %q holds control characters", name)
	}
	p.headers[canonical] = t
	return nil
}

func (p *prepared) prepareBody(text string) (err error) {
	if text == "" {
		return nil
	}
	declared := p.headers["Content-Type"]
	if declared == nil {
		return errors.New("body needs to say what it is: write header Content-Type application/json (or another)")
	}
	if slices.ContainsFunc(slots, declared.uses) {
		return errors.New("header Content-Type must not depend on the message")
	}
	contentType := declared.render(nil)
	at, err := inBody(contentType)
	if err != nil {
		return err
	}
	if p.body, err = compile("body", text, at); err != nil {
		return err
	}
	kind, _, _ := mime.ParseMediaType(contentType) // inBody has parsed it
	filled := p.body.render(sample("a"))
	if isJSON(kind) && !json.Valid([]byte(filled)) {
		return errors.New(`body is not JSON once its values are filled in: put quotes around each, such as {"to": "{phone.to}"}`)
	}
	if isXML(kind) && !wellFormed(filled) {
		return errors.New("body is not XML once its values are filled in")
	}
	return nil
}

// prepareSuccess reads how the gateway says that it has taken a message.
func (p *prepared) prepareSuccess(statuses []string, body string) error {
	for _, text := range statuses {
		expanded, err := clause.Expand("success", text, checkSuccess)
		if err != nil {
			return err
		}
		status, err := strconv.Atoi(expanded)
		if err != nil {
			return fmt.Errorf("read success: %w", err)
		}
		p.success = append(p.success, status)
	}
	if body == "" {
		return nil
	}
	pattern, err := compile("success_body", body, inHeader)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(slots, pattern.uses) {
		return errors.New("success_body must not depend on the message")
	}
	if p.match, err = regexp.Compile(pattern.render(nil)); err != nil {
		return fmt.Errorf("success_body is not a regular expression: %w", err)
	}
	return nil
}

// wellFormed says whether text is XML in which a message's values stand as text or in attributes.
func wellFormed(text string) bool {
	d := xml.NewDecoder(strings.NewReader(text))
	for elements := 0; ; elements++ {
		if _, err := d.Token(); err != nil {
			return err == io.EOF && elements > 0
		}
	}
}

// send sends one message. What is wrong with the message itself, or is held against it by the gateway, is a refusal.
func (p *prepared) send(ctx context.Context, client *gateway.Client, v values) error {
	r, err := http.NewRequestWithContext(ctx, p.method, p.url.render(v), strings.NewReader(p.body.render(v)))
	if err != nil || r.URL.Scheme != p.origin.Scheme || r.URL.Host != p.origin.Host {
		return fmt.Errorf("the message makes no address: %w", message.ErrRefused) // without err, which quotes it
	}
	for name, t := range p.headers {
		value := t.render(v)
		if strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("the message would add a line to header %s: %w", name, message.ErrRefused)
		}
		r.Header.Set(name, value)
	}
	if password, ok := p.origin.User.Password(); ok && p.headers["Authorization"] == nil {
		r.SetBasicAuth(p.origin.User.Username(), password)
	}
	answer, err := client.Do(ctx, r)
	if err != nil {
		return err
	}
	return p.judge(answer)
}

// judge tells whether the gateway has taken the message. One that answered, but not as the operator says it does when it
// takes a message, has refused: to try again could mean two texts, and the person can ask for another.
func (p *prepared) judge(answer gateway.Answer) error {
	good := answer.Status >= 200 && answer.Status <= 299
	switch {
	case len(p.success) > 0 && good && !slices.Contains(p.success, answer.Status):
		return fmt.Errorf("the gateway answered %d, which is none of success: %w", answer.Status, message.ErrRefused)
	case !good:
		return gateway.Failure(answer.Status)
	case p.match == nil || p.match.Match(answer.Body):
		return nil
	case answer.Cut != nil:
		return fmt.Errorf("read the gateway's answer: %w", answer.Cut)
	}
	return fmt.Errorf("the gateway answered %d with a body that success_body does not match: %w", answer.Status, message.ErrRefused)
}

func checkMethod(v string) error {
	switch v {
	case http.MethodGet, http.MethodPost, http.MethodPut:
		return nil
	}
	return fmt.Errorf("method %q: it is GET, POST or PUT", v)
}

func checkSuccess(text string) error {
	status, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return fmt.Errorf("success %q is not a status: write success 200 202", text)
	case status < 200 || status > 299:
		return fmt.Errorf("success %d: it is 200 to 299", status)
	}
	return nil
}

// sample fills every slot, to see what a template becomes.
func sample(s string) values {
	v := make(values)
	for _, slot := range slots {
		v[slot] = s
	}
	return v
}
