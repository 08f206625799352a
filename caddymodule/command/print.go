package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// printer writes an answer for people. Names come from people, too: whatever could move a terminal's cursor or hide a
// letter is replaced.
type printer func(w io.Writer, a Answer) error

// show prints an answer as a table or as JSON.
func show(cmd *cobra.Command, a Answer, print printer) error {
	w := cmd.OutOrStdout()
	asJSON, _ := cmd.Flags().GetBool("json") // defined on the root command
	if !asJSON {
		if err := print(w, a); err != nil {
			return fail(cmd, exitRefused, fmt.Errorf("print: %w", err))
		}
		return nil
	}
	var value any = a
	switch {
	case a.Accounts != nil:
		value = a.Accounts
	case a.Account != nil:
		value = a.Account
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fail(cmd, exitRefused, fmt.Errorf("print: %w", err))
	}
	return nil
}

func printDone(what string) printer {
	return func(w io.Writer, a Answer) error {
		line := what
		if a.Account != nil {
			line = plain(a.Account.Email) + ": " + what
		}
		_, err := fmt.Fprintln(w, line)
		return err
	}
}

func printState(w io.Writer, a Answer) error {
	_, err := fmt.Fprintf(w, "%s: %s\n", plain(a.Account.Email), a.Account.State)
	return err
}

func printSignedOut(w io.Writer, a Answer) error {
	n := 0
	if a.SignedOut != nil {
		n = *a.SignedOut
	}
	_, err := fmt.Fprintf(w, "signed out: %d accounts\n", n)
	return err
}

// printAccounts writes the table of user list.
func printAccounts(w io.Writer, a Answer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EMAIL\tSTATE\tNAME\tPHONE\tGROUPS\tPASSWORD\tWRONG\tSESSIONS")
	for i := range a.Accounts {
		info := &a.Accounts[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", plain(info.Email), info.State, plain(info.Name),
			info.Phone, plain(strings.Join(info.Groups, ",")), age(info), info.WrongTries, info.Sessions)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if a.Unreadable > 0 {
		_, err := fmt.Fprintf(w, "%d more accounts cannot be read; restore them from a backup\n", a.Unreadable)
		return err
	}
	return nil
}

// printAccount writes one account, a line for each thing.
func printAccount(w io.Writer, a Answer) error {
	info := a.Account
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	line("id", string(info.ID))
	line("email", plain(info.Email))
	line("state", string(info.State))
	line("name", plain(info.Name))
	phone := info.Phone
	if !info.PhoneVerified {
		phone += " (not verified)"
	}
	line("phone", phone)
	line("groups", plain(strings.Join(info.Groups, ",")))
	line("language", plain(info.Language))
	line("created", date(info.CreatedAt))
	line("password", age(info))
	if !info.PasswordEnds.IsZero() {
		line("expires", date(info.PasswordEnds))
	}
	line("wrong tries", fmt.Sprint(info.WrongTries))
	if !info.LockedAt.IsZero() {
		line("locked", date(info.LockedAt))
	}
	if !info.LastSignIn.IsZero() {
		line("last sign-in", date(info.LastSignIn))
	}
	line("sessions", fmt.Sprint(info.Sessions))
	if c := info.Change; c != nil {
		var what []string
		if c.Email != "" {
			what = append(what, "email "+plain(c.Email))
		}
		if c.Phone != "" {
			what = append(what, "phone "+c.Phone)
		}
		line("changes", strings.Join(what, ", ")+" from "+date(c.EffectiveAt))
	}
	return table.Flush()
}

// age says how old the password is.
func age(info *gate.AccountInfo) string {
	if info.PasswordSetAt.IsZero() {
		return "not set"
	}
	days := int(time.Since(info.PasswordSetAt) / policy.Day)
	switch {
	case days < 1:
		return "set today"
	case days == 1:
		return "1 day old"
	}
	return fmt.Sprintf("%d days old", days)
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
