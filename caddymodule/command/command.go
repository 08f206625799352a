// Package command is `caddy login-wall`, the command for admins. Whatever is about accounts and keys talks to the running
// Caddy, so that it works with every store and leaves its trace in the audit trail. What it sends, and what comes back, is
// here too, for the admin endpoint that answers it. The preview alone needs no running Caddy.
package command

import (
	"errors"
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/loginwall/loginwall/policy/gate"
)

// LoginWall is the command. Results go to standard output, as a table or as JSON, and everything else to standard error.
// preview renders what `preview` writes.
func LoginWall(preview Preview) caddycmd.Command {
	return caddycmd.Command{
		Name:      "login-wall",
		Usage:     "<command>",
		Short:     "Administers the accounts of the login wall",
		Long:      about,
		CobraFunc: func(root *cobra.Command) { build(root, preview) },
	}
}

const about = `
Administers the accounts of the login wall in the running Caddy, by its admin
endpoint, and shows what its pages and mails look like.

There is no command that shows or sets a password, a code or a link: people set
their passwords themselves, by the link in the invitation and a code sent to
their phone.`

func build(root *cobra.Command, preview Preview) {
	root.PersistentFlags().String("address", "", "Address of the administration API listener (if --config is not used)")
	root.PersistentFlags().StringP("config", "c", "", "Configuration file (if --address is not used)")
	root.PersistentFlags().StringP("adapter", "a", "", "Name of config adapter to apply (if --config is used)")
	root.PersistentFlags().Bool("json", false, "Print JSON")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.RunE = needsCommand
	root.Args = cobra.ArbitraryArgs

	user := &cobra.Command{Use: "user <command>", Short: "Adds, shows and changes accounts", RunE: needsCommand, Args: cobra.ArbitraryArgs}
	user.AddCommand(
		addCommand(),
		listCommand(),
		onAccount("show", "Shows an account", printAccount),
		setCommand(),
		onAccount("disable", "Keeps an account from signing in, and ends its sessions", printState),
		onAccount("enable", "Undoes disable; it does not unlock", printState),
		onAccount("remove", "Removes an account for good", printDone("removed")),
		onAccount("invite", "Sends the invitation again", printDone("invited")),
		signOutCommand(),
	)
	keys := &cobra.Command{Use: "keys <command>", Short: "Looks after the keys of cookies and forms", RunE: needsCommand, Args: cobra.ArbitraryArgs}
	keys.AddCommand(&cobra.Command{
		Use:   "rotate",
		Short: "Makes a new key; what older ones signed stays good",
		Args:  arguments(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd, "keys/rotate", Request{}, printDone("a new key was made; it is used in a minute"))
		},
	})
	root.AddCommand(user, keys, previewCommand(preview))
}

func addCommand() *cobra.Command {
	var n gate.NewAccount
	cmd := &cobra.Command{
		Use:   "add EMAIL --phone NUMBER [--name NAME] [--group GROUP]... [--language TAG]",
		Short: "Adds an account and sends the invitation",
		Args:  arguments(1, "the email address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n.Phone == "" {
				return usage(cmd, errors.New("a phone number is missing: without it the person cannot set up a password; give it with --phone +1…"))
			}
			n.Email = args[0]
			return run(cmd, "user/add", Request{New: &n}, printDone("invited"))
		},
	}
	cmd.Flags().StringVar(&n.Phone, "phone", "", "Phone number with + and country code, to which codes are sent")
	cmd.Flags().StringVar(&n.Name, "name", "", "Name shown on pages and sent to the app")
	cmd.Flags().StringArrayVar(&n.Groups, "group", nil, "Group of the account; may be repeated")
	cmd.Flags().StringVar(&n.Language, "language", "", "Language of the invitation, one of those configured")
	return cmd
}

func setCommand() *cobra.Command {
	var name, language, phone, email string
	var groups []string
	cmd := &cobra.Command{
		Use:   "set EMAIL [--name NAME] [--group GROUP]... [--language TAG] [--phone NUMBER] [--email EMAIL]",
		Short: "Changes an account; a new phone number or address counts after the holding time",
		Long: `
Changes an account. --group replaces all groups; --group "" takes them away.

--language holds until the person uses the pages in another one; --language ""
forgets it.

A new phone number or email address counts only after the holding time
(contact_hold, 24h by default), and the owner is told at once.`,
		Args: arguments(1, "the email address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			change := new(gate.AccountChange)
			for flag, set := range map[string]func(){
				"name":     func() { change.Name = &name },
				"language": func() { change.Language = &language },
				"phone":    func() { change.Phone = &phone },
				"email":    func() { change.Email = &email },
				"group": func() {
					if len(groups) == 1 && groups[0] == "" {
						groups = []string{}
					}
					change.Groups = &groups
				},
			} {
				if cmd.Flags().Changed(flag) {
					set()
				}
			}
			if *change == (gate.AccountChange{}) {
				return usage(cmd, errors.New("nothing to change: give --name, --group, --language, --phone or --email"))
			}
			return run(cmd, "user/set", Request{Email: args[0], Change: change}, printAccount)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "New name")
	cmd.Flags().StringVar(&language, "language", "", "Language of messages, one of those configured")
	cmd.Flags().StringVar(&phone, "phone", "", "New phone number with + and country code")
	cmd.Flags().StringVar(&email, "email", "", "New email address")
	cmd.Flags().StringArrayVar(&groups, "group", nil, "Group of the account; may be repeated, and replaces all")
	return cmd
}

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Lists all accounts",
		Args:  arguments(0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := Answer{Accounts: []gate.AccountInfo{}}
			for request := (Request{}); ; request.After = all.Next {
				page, err := ask(cmd, "user/list", request)
				if err != nil {
					return fail(cmd, exitRefused, err)
				}
				all.Accounts = append(all.Accounts, page.Accounts...)
				all.Unreadable += page.Unreadable
				if all.Next = page.Next; all.Next == "" {
					return show(cmd, all, printAccounts)
				}
			}
		},
	}
}

func signOutCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "sign-out EMAIL | --all",
		Short: "Ends all sessions of an account, or of everybody",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case all && len(args) == 0:
				return run(cmd, "user/sign-out", Request{All: true}, printSignedOut)
			case !all && len(args) == 1:
				return run(cmd, "user/sign-out", Request{Email: args[0]}, printDone("signed out"))
			}
			return usage(cmd, errors.New("give one email address, or --all"))
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.Flags().BoolVar(&all, "all", false, "Everybody")
	return cmd
}

// onAccount is a command that needs nothing but an address.
func onAccount(name, does string, print printer) *cobra.Command {
	return &cobra.Command{
		Use:   name + " EMAIL",
		Short: does,
		Args:  arguments(1, "the email address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd, "user/"+name, Request{Email: args[0]}, print)
		},
	}
}

func needsCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(cmd, fmt.Errorf("unknown command %q", args[0]))
	}
	return usage(cmd, errors.New("a command is missing"))
}

func arguments(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usage(cmd, fmt.Errorf("%s is missing", what))
		case len(args) > n:
			return usage(cmd, fmt.Errorf("unexpected argument %q", args[n]))
		}
		return nil
	}
}
