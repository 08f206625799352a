package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Preview renders all pages and messages of a configuration in Caddy's JSON, nil for none: contents by path, with
// slashes. index.html is where to begin.
type Preview func(config []byte) (map[string][]byte, error)

func previewCommand(preview Preview) *cobra.Command {
	return &cobra.Command{
		Use:   "preview [--config FILE] [--adapter NAME] DIR",
		Short: "Writes every page and mail, in every language, into a folder",
		Long: `
Writes every page, mail, text and call, in every language of the configuration,
into a folder, as people would see them, to be opened in a browser.

The configuration is --config, or the Caddyfile in the current folder; without
one the built-in look is shown. Nothing is started and no running Caddy is
needed. A folder that holds an earlier preview is brought up to date; any other
must be empty.`,
		Args: arguments(1, "the folder to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("address") {
				return usage(cmd, errors.New("preview asks no running Caddy: leave --address out, and give --config"))
			}
			contents, err := renderPreview(cmd, preview)
			if err == nil {
				err = writePreview(args[0], contents)
			}
			if err != nil {
				return fail(cmd, exitRefused, err)
			}
			return showPreview(cmd, len(contents), filepath.Join(args[0], "index.html"))
		},
	}
}

func renderPreview(cmd *cobra.Command, preview Preview) (map[string][]byte, error) {
	file, _ := cmd.Flags().GetString("config") // both are defined on the root command
	adapter, _ := cmd.Flags().GetString("adapter")
	config, _, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return nil, fmt.Errorf("load configuration: %w", err)
	}
	contents, err := preview(config)
	if err != nil {
		return nil, fmt.Errorf("render preview: %w", err)
	}
	return contents, nil
}

func showPreview(cmd *cobra.Command, files int, begin string) error {
	w := cmd.OutOrStdout()
	var err error
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		err = json.NewEncoder(w).Encode(struct {
			Files int    `json:"files"`
			Index string `json:"index"`
		}{files, begin})
	} else {
		_, err = fmt.Fprintf(w, "%d files; begin with %s\n", files, begin)
	}
	if err != nil {
		return fail(cmd, exitRefused, fmt.Errorf("print: %w", err))
	}
	return nil
}
