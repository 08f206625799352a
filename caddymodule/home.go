package caddymodule

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/pages"
)

// Home is the page people come to when they want nowhere in particular, with a tile for each app.
type Home struct {
	// The apps, in the order of their tiles.
	Apps []HomeApp `json:"apps,omitempty"`
}

// HomeApp is an app on the home page.
type HomeApp struct {
	// What it is called there. No two have the same name.
	Name string `json:"name,omitempty"`
	// Where it is: a path of this site, such as /mail/, or an http or https address.
	Address string `json:"address,omitempty"`
	// A few words more. Default: none.
	About string `json:"about,omitempty"`
	// A picture file, as for the logo. Default: the first letter of the name.
	Icon string `json:"icon,omitempty"`
	// The groups whose members see it: any one admits, as in require. Nobody is kept from the app itself by that. Default:
	// everybody sees it.
	Groups []string `json:"groups,omitempty"`
}

// tile is an app of the home page, expanded and judged.
type tile struct {
	pages.Tile
	icon   string // file, "" for none
	groups []string
}

// read reads home, which is worth nothing without an app.
func (h *Home) read(d *caddyfile.Dispenser) error {
	if err := clause.Only(clause.Words{"app": h.readApp}, "app")(d); err != nil {
		return err
	}
	if len(h.Apps) == 0 {
		return d.Err("home has no app: write app Mail /mail/ in its block, or remove home")
	}
	return nil
}

const appHint = "write app Mail /mail/, or app Billing https://billing.example.com"

func (h *Home) readApp(d *caddyfile.Dispenser) error {
	values := d.RemainingArgs()
	if len(values) != 2 {
		return d.Err("app needs a name and an address: " + appHint)
	}
	app := HomeApp{Name: values[0], Address: values[1]}
	if slices.ContainsFunc(h.Apps, func(other HomeApp) bool { return other.Name == app.Name }) {
		return d.WrapErr(twice(app.Name))
	}
	if err := cmp.Or(clause.CheckLiteral(app.Name, checkAppName), clause.CheckLiteral(app.Address, checkAppAddress)); err != nil {
		return d.WrapErr(err)
	}
	err := clause.Block(d, "app", clause.Words{
		"about":  clause.Value(&app.About, `"Letters and appointments"`, nil),
		"icon":   clause.Value(&app.Icon, "/etc/loginwall/mail.svg", checkPicture("icon")),
		"groups": clause.Values(&app.Groups, "billing", checkGroup("groups")),
	})
	h.Apps = append(h.Apps, app)
	return err
}

func twice(name string) error { return fmt.Errorf("app %q is given twice in home: keep one", name) }

func checkAppName(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("app has an empty name: " + appHint)
	}
	return nil
}

// checkAppAddress wants an address that a browser can read in one way only, on this site or on a named one.
func checkAppAddress(address string) error {
	u, err := url.Parse(address)
	path := strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
	elsewhere := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && u.Opaque == ""
	odd := strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' })
	if err != nil || odd || !path && !elsewhere {
		return fmt.Errorf("app has the address %q, which is neither a path of this site nor an http or https address: %s", address, appHint)
	}
	return nil
}

func (h *Home) resolve(r *resolver) []tile {
	var tiles []tile
	for _, app := range h.Apps {
		t := tile{
			Tile: pages.Tile{
				Name: r.text("app", app.Name, checkAppName), URL: r.text("app", app.Address, checkAppAddress),
				About: r.text("about", app.About, nil),
			},
			icon: r.text("icon", app.Icon, checkPicture("icon")), groups: r.list("groups", app.Groups, checkGroup("groups")),
		}
		switch {
		case r.err != nil:
			return nil
		case t.Name == "" || t.URL == "":
			r.err = errors.New("an app of home has no name or no address: " + appHint)
		case slices.ContainsFunc(tiles, func(other tile) bool { return other.Name == t.Name }):
			r.err = twice(t.Name)
		}
		tiles = append(tiles, t)
	}
	return tiles
}

// readIcons reads the icons of the tiles that have one.
func readIcons(tiles []tile) ([]pages.Picture, error) {
	var icons []pages.Picture
	for _, t := range tiles {
		if t.icon == "" {
			continue
		}
		icon, err := readPicture("icon", t.icon)
		if err != nil {
			return nil, err
		}
		icons = append(icons, *icon)
	}
	return icons, nil
}

// hangIcons gives each tile the address of its icon.
func hangIcons(tiles []tile, icons []pages.Picture, r *pages.Renderer) {
	for i := range tiles {
		for _, icon := range icons {
			if icon.Name == tiles[i].icon {
				tiles[i].Icon = r.PicturePath(icon)
			}
		}
	}
}

// homeOf gives what tells the tiles that somebody in some groups may see; nil where there are none, and so no home page.
func homeOf(tiles []tile) func(groups []string) []pages.Tile {
	if len(tiles) == 0 {
		return nil
	}
	return func(groups []string) []pages.Tile {
		var shown []pages.Tile
		for _, t := range tiles {
			if len(t.groups) == 0 || admits(t.groups, groups) {
				shown = append(shown, t.Tile)
			}
		}
		return shown
	}
}
