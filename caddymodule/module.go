// Package caddymodule makes the login wall a module of Caddy: a global option for the realm, a directive for the sites,
// and a command for admins. It is the only package in which Caddy, the pages and the rules meet.
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/loginwall/loginwall/caddymodule/command"
	filemail "github.com/loginwall/loginwall/caddymodule/mail/file"
	smtpmail "github.com/loginwall/loginwall/caddymodule/mail/smtp"
	filephone "github.com/loginwall/loginwall/caddymodule/phone/file"
	httpphone "github.com/loginwall/loginwall/caddymodule/phone/http"
	twiliophone "github.com/loginwall/loginwall/caddymodule/phone/twilio"
	filestore "github.com/loginwall/loginwall/caddymodule/store/file"
	redisstore "github.com/loginwall/loginwall/caddymodule/store/redis"
)

// Everything that this module adds to Caddy.
func init() {
	for _, module := range []caddy.Module{
		new(App), Handler{}, adminAPI{},
		filestore.Store{}, redisstore.Store{},
		smtpmail.Sender{}, filemail.Sender{},
		twiliophone.Sender{}, httpphone.Sender{}, filephone.Sender{},
	} {
		caddy.RegisterModule(module)
	}
	httpcaddyfile.RegisterGlobalOption(appName, parseGlobal)
	httpcaddyfile.RegisterDirective(appName, parseDirective)
	// Behind what rewrites requests and in front of whatever could answer them.
	httpcaddyfile.RegisterDirectiveOrder(appName, httpcaddyfile.Before, "basic_auth")
	caddycmd.RegisterCommand(command.LoginWall(preview))
}

// Interface guards
var (
	_ StoreModule = (*filestore.Store)(nil)
	_ StoreModule = (*redisstore.Store)(nil)
)
