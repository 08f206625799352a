package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func init() {
	caddy.RegisterModule(capturedMail{})
	caddy.RegisterModule(capturedPhone{})
}

func (*capturedMail) UnmarshalCaddyfile(d *caddyfile.Dispenser) error  { d.Next(); return nil }
func (*capturedPhone) UnmarshalCaddyfile(d *caddyfile.Dispenser) error { d.Next(); return nil }
