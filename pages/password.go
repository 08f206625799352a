package pages

import (
	"fmt"
	"strings"
)

// Codes of requirements and violations, as the rules name them.
const (
	TooShort      = "too_short"
	TooLong       = "too_long"
	Common        = "common"
	Reused        = "reused"
	ContextWord   = "context_word"
	MissingUpper  = "missing_upper"
	MissingLower  = "missing_lower"
	MissingDigit  = "missing_digit"
	MissingSymbol = "missing_symbol"
	NotText       = "not_text"
)

// Requirement is one thing asked of a new password, listed before the field. Code is one of the constants above but
// NotText. Want is the number that belongs to it: characters for TooShort and TooLong, past passwords for Reused.
type Requirement struct {
	Code string
	Want int
}

// Phrase says the requirement.
func (r Requirement) Phrase() Phrase { return say("requirement."+r.Code, "count", r.Want) }

// Violation is one requirement a candidate did not meet. Want is the requirement's number, Have the candidate's, both
// in characters; they count for TooShort and TooLong.
type Violation struct {
	Code string
	Want int
	Have int
}

// Phrase says what is wrong and how to mend it.
func (v Violation) Phrase() Phrase {
	return say("violation."+v.Code, "count", v.Want, "have", v.Have)
}

func passwordProblems(violations []Violation, mismatch bool) []Problem {
	var problems []Problem
	for _, v := range violations {
		problems = append(problems, Problem{Field: "new_password", Phrase: v.Phrase()})
	}
	if mismatch {
		problems = append(problems, Problem{Field: "new_password", Phrase: say("password.mismatch")})
	}
	return problems
}

// classes maps the composition rules to the words of the passwordrules attribute.
var classes = map[string]string{
	MissingUpper: "upper", MissingLower: "lower", MissingDigit: "digit", MissingSymbol: "special",
}

// passwordRules is the value of the passwordrules attribute, by which password managers make passwords that are
// accepted. No upper limit is given: an attribute that cuts would cut in UTF-16 units.
func passwordRules(requirements []Requirement) string {
	var rules []string
	for _, r := range requirements {
		if r.Code == TooShort {
			rules = append(rules, fmt.Sprintf("minlength: %d;", r.Want))
		}
		if class, ok := classes[r.Code]; ok {
			rules = append(rules, fmt.Sprintf("required: %s;", class))
		}
	}
	return strings.Join(rules, " ")
}
