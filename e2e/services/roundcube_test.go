package services

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

func TestRoundcube(t *testing.T) {
	dashboard := StartRoundcube(t)
	dashboard.Deliver("jo@example.com", "Lab results for Jo", "All values are fine.")

	inbox := visitor(t, dashboard, "jo@example.com")
	if page := inbox("/?_task=mail"); !strings.Contains(page, "jo@example.com") || !strings.Contains(page, `id="messagelist`) {
		t.Errorf("no inbox of the person:\n%s", page)
	}
	if page := inbox("/?_task=mail&_mbox=INBOX&_uid=1&_action=show"); !strings.Contains(page, "Lab results for Jo") {
		t.Errorf("no mail of the person:\n%s", page)
	}
	other := visitor(t, dashboard, "max@example.com")
	if page := other("/?_task=mail&_mbox=INBOX&_uid=1&_action=show"); strings.Contains(page, "Lab results for Jo") {
		t.Error("somebody else sees the mail")
	}
	if page := visitor(t, dashboard, "")("/?_task=mail"); !strings.Contains(page, `name="_pass"`) {
		t.Errorf("no sign-in form for a stranger:\n%s", page)
	}
}

// visitor returns what fetches pages with cookies of its own, as this person unless email is "".
func visitor(t *testing.T, dashboard *Roundcube, email string) func(path string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	return func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, dashboard.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if email != "" {
			r.SetBasicAuth(email, dashboard.Secret)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatalf("fetch %s: %v", path, err)
		}
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		return string(page)
	}
}
