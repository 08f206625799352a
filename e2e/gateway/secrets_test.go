package gateway

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loginwall/loginwall/e2e/services"
	"github.com/loginwall/loginwall/policy/store/storetest/redistest"
)

// secrets are what must be found nowhere, by what they are.
type secrets map[string]string

func (s secrets) add(name, value string) {
	if value != "" {
		s[name] = value
	}
}

// cookies adds the cookies of a browser as they are sent and, of a signed one, what it was made from.
func (s secrets) cookies(when string, b *Browser) {
	for name, value := range b.Cookies() {
		s.add(name+" "+when, value)
		if name != "loginwall" {
			continue
		}
		signed, err := base64.URLEncoding.DecodeString(value)
		if parts := strings.Split(string(signed), "|"); err == nil && len(parts) > 1 {
			if token, err := base64.URLEncoding.DecodeString(parts[1]); err == nil {
				s.add("token of "+name+" "+when, string(token))
			}
		}
	}
}

// spellings are the forms in which a secret would still be one.
func spellings(secret string) map[string]string {
	forms := map[string]string{
		hex.EncodeToString([]byte(secret)): "in hex", url.QueryEscape(secret): "escaped for a query",
		url.PathEscape(secret): "escaped for a path", secret: "plain",
	}
	for shift := range 3 { // wherever in a longer text it begins
		if len(secret) < 12 {
			break
		}
		text := base64.RawStdEncoding.EncodeToString([]byte("\x00\x00\x00"[:shift] + secret))
		text = text[[]int{0, 2, 3}[shift] : len(text)-2]
		forms[text] = "in base64"
		forms[strings.NewReplacer("+", "-", "/", "_").Replace(text)] = "in base64"
	}
	return forms
}

// wantNone looks for every secret in a text.
func (s secrets) wantNone(t *testing.T, where, text string) {
	t.Helper()
	if text == "" {
		t.Errorf("%s is empty: nothing was looked at", where)
	}
	for name, secret := range s {
		for spelling, form := range spellings(secret) {
			for from, told := 0, 0; told < 20; {
				i := strings.Index(text[from:], spelling)
				if i < 0 {
					break
				}
				at, end := from+i, from+i+len(spelling)
				from = end
				if len(secret) == 6 && (word(text, at-1) || word(text, end)) {
					continue // a code stands alone, or any long number would hold it
				}
				told++
				t.Errorf("%s holds the %s (%s): …%q…", where, name, form, text[max(0, at-100):min(len(text), end+20)])
			}
		}
	}
}

// word tells whether a letter or digit is at a place of a text.
func word(text string, i int) bool {
	return i >= 0 && i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z')
}

// story does all that people do, right and wrong, and returns what must not be found anywhere.
func story(t *testing.T, g *Gateway, send func(p *Person) string) secrets {
	t.Helper()
	const third, guessed = "eleven copper rivers 73", "twelve wrong guesses 84"
	s := secrets{"password": good, "second password": other, "third password": third, "guess": guessed}
	n := 0
	keep := func(link string) string {
		n++
		_, token, _ := strings.Cut(link, "?token=")
		s.add(fmt.Sprintf("link token %d", n), token)
		return link
	}
	code := func(p *Person) func() string {
		return func() string {
			n++
			c := send(p)
			s.add(fmt.Sprintf("code %d", n), c)
			return c
		}
	}
	jo := g.Invite("--name", "Jo Public")
	b := g.Browser()
	link := keep(g.Spool.Link(jo.Email))
	p := b.ToCode(link)
	b.Submit(p, "code", "000000")
	s.cookies("in the middle of a set-up", b)
	_, token, _ := strings.Cut(link, "?token=")
	for _, path := range []string{ // as mail programs, scanners and people spoil links
		"/_auth/setup?token=" + token, "/_auth/setup?token=" + token + "&x=1", "/_auth/setup?x=1&token=" + token + ".", "/_auth/setup/?token=" + token,
		"/_auth/reset?token=" + token, "/_auth/Setup?token=" + token, "//_auth/setup?token=" + token, "/_auth/setup%3Ftoken=" + token,
		"/_auth/login?email=" + url.QueryEscape(jo.Email) + "&password=" + url.QueryEscape(guessed), "/_auth/login?next=" + url.QueryEscape("/_auth/setup?token="+token),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
			stranger := g.Browser()
			r := stranger.Request(method, path, nil)
			if method == http.MethodPost {
				r = stranger.Request(method, path, url.Values{"password": {guessed}})
			}
			if _, err := stranger.Do(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Finish(b.onward(b.Submit(p, "code", code(jo)()), `name="new_password"`), good)
	for _, password := range []string{guessed, guessed} {
		g.Browser().Login(jo.Email, password)
	}
	g.Browser().Login(guessed, jo.Email) // typed into the wrong field
	b.SignIn(jo.Email, good)
	s.cookies("signed in", b)
	wantStatus(t, b.Get("/inbox"), http.StatusOK)
	basicAuth := g.Browser()
	basicAuth.Header.Set("Authorization", basic(jo.Email, guessed))
	basicAuth.Get("/inbox")

	p = b.Submit(b.Get("/_auth/account/password"), "password", guessed, "new_password", other, "confirm_password", other)
	wantText(t, p, "not your current password")
	p = b.Submit(b.Get("/_auth/account/password"), "password", good, "new_password", other, "confirm_password", other)
	wantStatus(t, p, http.StatusSeeOther)
	s.cookies("after the change", b)

	b.Forgot(jo.Email)
	again := g.Browser()
	p = again.ToPassword(keep(g.Spool.Link(jo.Email)), code(jo))
	s.cookies("in the middle of a reset", again)
	again.Submit(p, "new_password", third, "confirm_password", guessed)
	again.Finish(p, third)
	again.SignIn(jo.Email, third)
	s.cookies("signed in again", again)
	again.SignOut()
	again.SignIn(jo.Email, third) // and stays, so that a session is in the store
	s.cookies("signed in at last", again)
	again.Forgot(jo.Email) // and a link is out
	again.ToCode(keep(g.Spool.Link(jo.Email)))
	code(jo)()
	g.Must("user", "list")
	g.Must("user", "show", jo.Email, "--json")
	return s
}

// look looks for the secrets in everything that is no mail and no text.
func (s secrets) look(t *testing.T, g *Gateway) {
	t.Helper()
	s.wantNone(t, "log", g.RawLog())
	if n := len(g.Log("http.log.access")); n < 40 {
		t.Errorf("%d lines in the access log: it was not written", n)
	}
	debug := false
	for _, e := range g.Log("") {
		debug = debug || e.Text("level") == "debug"
	}
	if !debug || len(g.Audit("login.succeeded")) == 0 {
		t.Error("no debug lines, or no audit trail")
	}
	s.wantNone(t, "metrics", g.Metrics())
	status, config := g.admin(http.MethodGet, "/config/")
	if status != http.StatusOK || !strings.Contains(config, "login_wall") {
		t.Errorf("config dump: status %d", status)
	}
	s.wantNone(t, "config dump", config)
	g.Stop() // so that all is written
	looked := ""
	err := filepath.WalkDir(g.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && path == g.Spool.dir {
				return fs.SkipDir
			}
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(raw) > 0 && path != g.logPath() {
			s.wantNone(t, path, string(raw))
		}
		looked += " " + filepath.Base(path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d secrets looked for in log, metrics, config and the files%s", len(s), looked)
	if !strings.Contains(looked, "autosave.json") {
		t.Error("autosave.json was not looked at")
	}
}

func TestXS09_T18_NoSecretLeaks(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		g := Start(t, Settings{
			App: StartApp(t).Address, Realm: "store file {$DIR}/store",
			Site: "identity remote\n identity basic {env.APP_SECRET}",
			Env:  []string{"LEVEL=DEBUG", "APP_SECRET=upstream-secret-91"},
		})
		s := story(t, g, func(p *Person) string { return g.Spool.Code(p.Phone) })
		s.add("app's secret", "upstream-secret-91")
		s.look(t, g)
	})
	t.Run("redis, smtp, twilio", func(t *testing.T) {
		t.Parallel()
		redis, provider, server := redistest.Start(t), services.StartTwilio(t), services.StartPostfix(t)
		const redisSecret = "redis-secret-password-17"
		if answer := redis.Do("ACL", "SETUSER", "wall", "on", ">"+redisSecret, "~*", "&*", "+@all"); answer != "+OK" {
			t.Fatalf("make user: %s", answer)
		}
		g := Start(t, Settings{
			App: StartApp(t).Address,
			Realm: "store redis {\n address " + redis.Addr + "\n username wall\n password {env.REDIS_PASSWORD}\n}\n" +
				overTwilio(provider) + overMail(server.Login, "username "+server.Username+"\n password {file."+secretFile(t, server.Password)+"}\n trusted_ca "+server.CAFile),
			Env: []string{"LEVEL=DEBUG", "REDIS_PASSWORD=" + redisSecret, "TWILIO_TOKEN=" + provider.AuthToken},
		})
		taken := make(map[string]bool)
		g.Spool.link = func(to string) (link string) {
			eventually(t, "mail with a link", patience, func() bool {
				for _, m := range server.Mails(to) {
					if l := linkPattern.FindString(m.Text); l != "" && !taken[l] {
						link, taken[l] = l, true
						return true
					}
				}
				return false
			})
			return link
		}
		s := story(t, g, func(p *Person) (code string) {
			eventually(t, "text with a code", patience, func() bool {
				for i, r := range provider.Requests() {
					if c := codePattern.FindString(r.Body); c != "" && r.To == p.Phone && !taken[fmt.Sprint(i)] {
						code, taken[fmt.Sprint(i)] = c, true
						return true
					}
				}
				return false
			})
			return code
		})
		s.add("password of redis", redisSecret)
		s.add("token of twilio", provider.AuthToken)
		s.add("password of smtp", server.Password)
		wantNoLastingKeys(t, redis.Addr)
		s.wantNone(t, "redis", dump(t, redis.Addr))
		s.look(t, g)
	})
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
