package phonehttp

import (
	"errors"
	"testing"

	"github.com/loginwall/loginwall/caddymodule/clause/clausetest"
	"github.com/loginwall/loginwall/e2e/services"
	"github.com/loginwall/loginwall/policy/message"
)

// Ensure a real gateway takes texts as the manual describes it.
func TestKannel(t *testing.T) {
	kannel := services.StartKannel(t)
	t.Setenv("PHONE_HTTP_TEST_SECRET", kannel.Password)
	url := kannel.SendURL + "?username=" + kannel.Username + "&password={env.PHONE_HTTP_TEST_SECRET}&from=12345&to={phone.to}&text={phone.text}"
	s := &Sender{Shared: &Request{URL: url, Success: []string{"202"}}}
	clausetest.Provision(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	before := len(kannel.Texts())
	text := message.Text{ID: "t1", To: "+15550199", Body: "Your code: 123456 & more\n\n@mail.example.com #123456"}
	if err := s.SendText(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if got := kannel.WaitForText(before + 1); got.To != text.To || got.Body != text.Body {
		t.Errorf("arrived as %+v, want %+v", got, text)
	}

	t.Setenv("PHONE_HTTP_TEST_SECRET", "wrong")
	s = &Sender{Shared: &Request{URL: url, Success: []string{"202"}}}
	clausetest.Provision(t, s)
	if err := s.SendText(t.Context(), text); err == nil || errors.Is(err, message.ErrRefused) {
		t.Errorf("got %v, want an error that is no refusal", err)
	}
}
