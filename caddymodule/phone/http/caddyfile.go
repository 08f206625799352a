package phonehttp

import (
	"maps"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

const exampleURL = "https://gateway.example.com/send?to={phone.to}&text={phone.text}"

// UnmarshalCaddyfile sets up the sender from Caddyfile tokens. Syntax:
//
//	phone http {
//		text {
//			method       GET|POST|PUT
//			url          <template>
//			header       <name> <template>
//			body         <template>
//			success      <status...>
//			success_body <regexp>
//		}
//		call {
//			…the same
//		}
//		timeout <duration>
//		insecure_http
//	}
//
// The words of a block may also stand outside, for one request for both.
func (s *Sender) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "phone http", "", nil, nil); err != nil {
		return err
	}
	var shared Request
	words := shared.words()
	words["text"] = block("phone http text", &s.Text)
	words["call"] = block("phone http call", &s.Call)
	words["timeout"] = clause.Timeout(&s.Timeout)
	words["insecure_http"] = clause.Flag(&s.InsecureHTTP)
	if err := clause.Block(d, "phone http", words, "header"); err != nil {
		return err
	}
	if !shared.empty() {
		s.Shared = &shared
	}
	return s.lint(d)
}

// lint judges, while file and line are known, what does not wait for placeholders.
func (s *Sender) lint(d *caddyfile.Dispenser) error {
	switch {
	case s.Shared == nil && s.Text == nil && s.Call == nil:
		return d.Errf("phone http says nothing about how to send: write url %s, or a text block with it", exampleURL)
	case s.Shared != nil && (s.Text != nil || s.Call != nil):
		return d.Err("phone http has a request outside of its text and call blocks, too: move its words into one of them")
	}
	for _, r := range []*Request{s.Shared, s.Text, s.Call} {
		if r == nil || r.configured() {
			continue
		}
		if _, err := r.prepare(s.InsecureHTTP); err != nil {
			return d.WrapErr(err)
		}
	}
	return nil
}

func block(name string, to **Request) clause.Word {
	return func(d *caddyfile.Dispenser) error {
		if d.NextArg() {
			return d.Errf("unexpected value %q: %s takes none, only a block", d.Val(), name)
		}
		*to = new(Request)
		return clause.Block(d, name, (*to).words(), "header")
	}
}

func (r *Request) words() clause.Words {
	return clause.Words{
		"method":       clause.Value(&r.Method, "POST", checkMethod),
		"url":          clause.Value(&r.URL, exampleURL, nil),
		"header":       r.readHeader,
		"body":         clause.Value(&r.Body, "`{\"to\": \"{phone.to}\", \"text\": \"{phone.text}\"}`", nil),
		"success":      clause.Values(&r.Success, "200 202", checkSuccess),
		"success_body": clause.Value(&r.SuccessBody, `"^0: Accepted"`, nil),
	}
}

func (r *Request) readHeader(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) != 2 {
		return d.Err(`header takes a name and a value: write header Content-Type application/json, with quotes around a value that has blanks`)
	}
	name := http.CanonicalHeaderKey(args[0])
	if _, twice := r.Headers[name]; twice {
		return d.Errf("header %q is given twice: keep one", name)
	}
	if r.Headers == nil {
		r.Headers = make(map[string]string)
	}
	r.Headers[name] = args[1]
	return nil
}

func (r *Request) empty() bool {
	return r.Method == "" && r.URL == "" && r.Headers == nil && r.Body == "" && r.Success == nil && r.SuccessBody == ""
}

// configured says whether the request can be judged only when the configuration is loaded.
func (r *Request) configured() bool {
	values := slices.Concat([]string{r.Method, r.URL, r.Body, r.SuccessBody}, r.Success, slices.Collect(maps.Values(r.Headers)))
	return slices.ContainsFunc(values, configured)
}
