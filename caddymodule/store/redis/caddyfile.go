package redis

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/loginwall/loginwall/caddymodule/clause"
)

// UnmarshalCaddyfile sets up the store from Caddyfile tokens. Syntax:
//
//	store redis {
//		address           <host:port...>
//		master            <name>
//		username          <name>
//		password          <secret>
//		sentinel_username <name>
//		sentinel_password <secret>
//		db                <number>
//		tls
//		trusted_ca        <file>
//		prefix            <text>
//	}
func (s *Store) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	if err := clause.Argument(d, "store redis", "", nil, nil); err != nil {
		return err
	}
	return clause.Block(d, "store redis", clause.Words{
		"address":           clause.Values(&s.Address, "127.0.0.1:6379", checkAddress),
		"master":            clause.Value(&s.Master, "mymaster", nil),
		"username":          clause.Value(&s.Username, "loginwall", nil),
		"password":          clause.Value(&s.Password, "{file./run/secrets/redis}", nil),
		"sentinel_username": clause.Value(&s.SentinelUsername, "loginwall", nil),
		"sentinel_password": clause.Value(&s.SentinelPassword, "{file./run/secrets/sentinel}", nil),
		"db":                clause.Value(&s.DB, "0", checkDB),
		"tls":               clause.Flag(&s.TLS),
		"trusted_ca":        clause.Value(&s.TrustedCA, "/etc/loginwall/redis-ca.pem", nil),
		"prefix":            clause.Value(&s.Prefix, "loginwall", checkPrefix),
	})
}

var _ caddyfile.Unmarshaler = (*Store)(nil)
