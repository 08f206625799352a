package services

import (
	"net/http"
	"net/url"
	"testing"
)

func TestKannel(t *testing.T) {
	gateway := StartKannel(t)
	const words = "SecureMail: your code is 123456.\n\n@mail.example.com #123456"
	ask := func(password string) int {
		t.Helper()
		r, err := http.Get(gateway.SendURL + "?" + url.Values{
			"username": {gateway.Username}, "password": {password},
			"from": {"15550100"}, "to": {"+12025550123"}, "text": {words},
		}.Encode())
		if err != nil {
			t.Fatalf("ask for a text: %v", err)
		}
		_ = r.Body.Close()
		return r.StatusCode
	}
	if status := ask(gateway.Password); status != http.StatusAccepted {
		t.Fatalf("status %d, want 202", status)
	}
	want := ArrivedText{From: "15550100", To: "+12025550123", Body: words}
	if got := gateway.WaitForText(1); got != want {
		t.Errorf("arrived as %+v, want %+v", got, want)
	}
	if status := ask("wrong"); status != http.StatusForbidden {
		t.Errorf("status %d for a wrong password, want 403", status)
	}
}
