package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// The exit statuses of the command.
const (
	exitRefused = 1 // understood and not done, or Caddy could not be reached
	exitUsage   = 2
)

// run asks the running Caddy and prints what it answers.
func run(cmd *cobra.Command, path string, request Request, print printer) error {
	answer, err := ask(cmd, path, request)
	if err != nil {
		return fail(cmd, exitRefused, err)
	}
	if answer.Note != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "Note: %s\n", answer.Note)
	}
	return show(cmd, answer, print)
}

// ask sends a command to the admin endpoint. A refusal is an error here.
func ask(cmd *cobra.Command, path string, request Request) (Answer, error) {
	flag := func(name string) string { value, _ := cmd.Flags().GetString(name); return value } // all are defined above
	address, err := caddycmd.DetermineAdminAPIAddress(flag("address"), nil, flag("config"), flag("adapter"))
	if err != nil {
		return Answer{}, fmt.Errorf("find admin endpoint: %w", err)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return Answer{}, fmt.Errorf("encode command: %w", err)
	}
	headers := http.Header{"User-Agent": {"caddy login-wall"}}
	response, err := caddycmd.AdminAPIRequest(address, http.MethodPost, Base+path, headers, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("ask the running Caddy at %s (is it running? name its admin endpoint with --address, or the file that does with --config): %w", address, err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	var answer Answer
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	if answer.Refused != "" {
		return Answer{}, errors.New(answer.Refused)
	}
	return answer, nil
}

func usage(cmd *cobra.Command, err error) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "Usage: %s\n", cmd.UseLine())
	return fail(cmd, exitUsage, err)
}

// fail prints the error once, in a line of its own, and makes the process end with the status.
func fail(cmd *cobra.Command, status int, err error) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "Error: %v\n", err)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.Root().SilenceErrors, cmd.Root().SilenceUsage = true, true
	if status == exitRefused {
		return err
	}
	// Only this wrapper makes an error that caddy's main takes a status from.
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return status, nil })(cmd, nil)
}
