package policy

import "testing"

// Ensure an account keeps the language its owner used last, and a visitor of whom none is known changes nothing.
func TestRememberLanguage(t *testing.T) {
	for _, c := range []struct{ known, used, want string }{
		{"", "", ""},
		{"", "es", "es"},
		{"es", "es", "es"},
		{"es", "pt-BR", "pt-BR"},
		{"es", "", "es"},
	} {
		a := account(StateActive)
		a.Language = c.known
		RememberLanguage(&a, c.used)
		check(t, c.known+" then "+c.used, a.Language, c.want)
	}
}
