// Package file is the guest module login_wall.store.file: all state in one file on the local disk. It needs nothing
// installed and serves one process.
package file

import (
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/file"
)

// fileName is the file's name in its directory.
const fileName = "loginwall.db"

// Store keeps accounts, sessions and queued messages in one file. Only one process can have it open.
type Store struct {
	// The directory of the file, made for its owner alone when it is not there. May hold placeholders. Default:
	// login_wall in Caddy's data directory.
	Directory string `json:"directory,omitempty"`

	path string
}

// CaddyModule describes the module to Caddy.
func (Store) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "login_wall.store.file", New: func() caddy.Module { return new(Store) }}
}

// UnmarshalCaddyfile sets up the store from Caddyfile tokens. Syntax:
//
//	store file [<directory>]
func (s *Store) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the module's name
	if d.NextArg() {
		s.Directory = d.Val()
	}
	if d.NextArg() {
		return d.Errf("unexpected argument %q: write store file, or store file /var/lib/loginwall", d.Val())
	}
	if d.NextBlock(0) {
		return d.Errf("unexpected word %q: store file takes no block", d.Val())
	}
	return nil
}

// Provision finds out where the file is. It does not open it: the process that runs may have it open.
func (s *Store) Provision(caddy.Context) error {
	directory, err := clause.Expand("store file directory", s.Directory, nil)
	if err != nil {
		return err
	}
	if directory == "" {
		directory = filepath.Join(caddy.AppDataDir(), "login_wall")
	}
	if directory, err = filepath.Abs(directory); err != nil {
		return err
	}
	s.path = filepath.Join(directory, fileName)
	return nil
}

// resource is what two configurations share when it is equal.
type resource struct{ path string }

// ResourceKey is the file: it can be open only once.
func (s *Store) ResourceKey() any { return resource{s.path} }

// OpenStore opens the file, and makes it when it is not there.
func (s *Store) OpenStore() (store.Store, error) { return file.Open(s.path) }

// Interface guards
var (
	_ caddy.Provisioner     = (*Store)(nil)
	_ caddyfile.Unmarshaler = (*Store)(nil)
)
