// Command caddy is Caddy with the login wall built in, for development and tests. Releases are built by xcaddy.sh.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/loginwall/loginwall/caddymodule"
)

func main() { caddycmd.Main() }
