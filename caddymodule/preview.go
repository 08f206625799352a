package caddymodule

import (
	"encoding/json"
	"fmt"

	"github.com/caddyserver/caddy/v2"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
)

// preview renders what the realm of a configuration, in Caddy's JSON, shows and sends, by path. A configuration without
// a realm has the default one. Nothing is opened, started or asked.
func preview(config []byte) (map[string][]byte, error) {
	var whole struct {
		Apps caddy.ModuleMap `json:"apps"`
	}
	app := new(App)
	if len(config) > 0 {
		if err := json.Unmarshal(config, &whole); err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
	}
	if raw := whole.Apps[appName]; raw != nil {
		if err := caddy.StrictUnmarshalJSON(caddy.RemoveMetaFields(raw), app); err != nil {
			return nil, fmt.Errorf("read %s: %w", appName, err)
		}
	}
	m, err := app.resolve(expandShown)
	if err != nil {
		return nil, err
	}
	r, err := newRenderer(m)
	if err != nil {
		return nil, err
	}
	files, err := r.Preview(pages.PreviewOptions{Origin: m.url, Tiles: everyTile(m.tiles)})
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, f := range files {
		contents[f.Path] = f.Content
	}
	return contents, nil
}

// everyTile are the tiles that somebody in all groups sees.
func everyTile(tiles []tile) (all []pages.Tile) {
	for _, t := range tiles {
		all = append(all, t.Tile)
	}
	return all
}

// expandShown expands all settings but the secret: no page shows it, and whoever looks at pages need not be able to
// read it.
func expandShown(word, value string, check clause.Check) (string, error) {
	if word == "secret" {
		return "", nil
	}
	return clause.Expand(word, value, check)
}
