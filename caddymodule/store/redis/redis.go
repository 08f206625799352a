// Package redis is the guest module login_wall.store.redis: all state in Redis, shared by any number of gateways.
package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy/store"
	"github.com/loginwall/loginwall/policy/store/redis"
)

// Store keeps all state in a Redis alone, behind Sentinel, or in a Cluster. Every value accepts placeholders, which are
// expanded when the configuration is loaded.
type Store struct {
	// Where Redis is, as host:port. One is a Redis alone; several are Sentinels when there is a master, else the seeds
	// of a Cluster. Default: 127.0.0.1:6379.
	Address []string `json:"address,omitempty"`
	// The name under which the Sentinels know the primary.
	Master string `json:"master,omitempty"`
	// What to sign in to Redis with.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// What to sign in to the Sentinels with, where they ask for it.
	SentinelUsername string `json:"sentinel_username,omitempty"`
	SentinelPassword string `json:"sentinel_password,omitempty"`
	// The number of the database. Default: 0, the only one of a Cluster.
	DB string `json:"db,omitempty"`
	// Whether to speak TLS. The certificate must be for the host in the address.
	TLS bool `json:"tls,omitempty"`
	// A file with PEM certificates. With it, only these authorities may vouch for Redis, not the system's.
	TrustedCA string `json:"trusted_ca,omitempty"`
	// What every key begins with, so that realms can share a Redis. Default: loginwall.
	Prefix string `json:"prefix,omitempty"`

	options redis.Options
	ca      string
}

// CaddyModule describes the module to Caddy.
func (Store) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "login_wall.store.redis", New: func() caddy.Module { return new(Store) }}
}

// Provision expands placeholders and reads certificates. It does not dial: a configuration can be checked where there
// is no Redis, and one that is down is no reason not to start.
func (s *Store) Provision(caddy.Context) error {
	var db string
	for _, v := range []struct {
		word, value string
		check       clause.Check
		to          *string
	}{
		{"master", s.Master, nil, &s.options.Master},
		{"username", s.Username, nil, &s.options.Username},
		{"password", s.Password, nil, &s.options.Password},
		{"sentinel_username", s.SentinelUsername, nil, &s.options.SentinelUsername},
		{"sentinel_password", s.SentinelPassword, nil, &s.options.SentinelPassword},
		{"db", s.DB, checkDB, &db},
		{"trusted_ca", s.TrustedCA, nil, &s.ca},
		{"prefix", s.Prefix, checkPrefix, &s.options.Prefix},
	} {
		expanded, err := clause.Expand("store redis "+v.word, v.value, v.check)
		if err != nil {
			return err
		}
		*v.to = expanded
	}
	s.options.Addresses = nil
	for _, address := range s.Address {
		expanded, err := clause.Expand("store redis address", address, checkAddress)
		if err != nil {
			return err
		}
		s.options.Addresses = append(s.options.Addresses, expanded)
	}
	if db != "" {
		number, err := strconv.Atoi(db)
		if err != nil {
			return fmt.Errorf("read db: %w", err)
		}
		s.options.DB = number
	}
	return s.secure()
}

// secure makes the TLS settings.
func (s *Store) secure() error {
	if !s.TLS {
		return nil
	}
	s.options.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if s.ca == "" {
		return nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return fmt.Errorf("read trusted_ca: %w", err)
	}
	s.options.TLS.RootCAs = x509.NewCertPool()
	if !s.options.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("read trusted_ca: no PEM certificate in %s", s.ca)
	}
	return nil
}

// Validate refuses what would not work or not be safe.
func (s *Store) Validate() error {
	switch {
	case s.ca != "" && !s.TLS:
		return errors.New("store redis has trusted_ca but no tls: add tls, or remove trusted_ca")
	case s.options.Username != "" && s.options.Password == "":
		return errors.New("store redis has a username and no password: add password {file./run/secrets/redis}")
	case len(s.options.Addresses) > 1 && s.options.Master == "" && s.options.DB != 0:
		return errors.New("store redis has several addresses and no master, so it is a Cluster, which has no db but 0")
	}
	return nil
}

// resource holds every setting: two clients of one Redis do not disturb each other, so whatever differs, a new password
// too, gets a client of its own.
type resource struct {
	addresses, master, username, password, sentinelUsername, sentinelPassword, prefix, ca string
	db                                                                                    int
	tls                                                                                   bool
}

// ResourceKey is the client's settings.
func (s *Store) ResourceKey() any {
	o := s.options
	return resource{
		addresses: strings.Join(o.Addresses, " "), master: o.Master, username: o.Username, password: o.Password,
		sentinelUsername: o.SentinelUsername, sentinelPassword: o.SentinelPassword, prefix: o.Prefix, ca: s.ca,
		db: o.DB, tls: s.TLS,
	}
}

// OpenStore makes a client. It connects when it is first asked.
func (s *Store) OpenStore() (store.Store, error) { return redis.New(s.options) }

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if number, bad := strconv.Atoi(port); err != nil || host == "" || bad != nil || number < 1 || number > 65535 {
		return fmt.Errorf("address %q is not host:port: write address 127.0.0.1:6379", address)
	}
	return nil
}

func checkDB(db string) error {
	if number, err := strconv.Atoi(db); err != nil || number < 0 {
		return fmt.Errorf("db %q is not a number of a database: write db 0", db)
	}
	return nil
}

func checkPrefix(prefix string) error {
	if len(prefix) > 64 || strings.ContainsAny(prefix, "{} \t\r\n\x00*?[]") {
		return errors.New("prefix has blanks or brackets, or is over 64 bytes: write prefix loginwall")
	}
	return nil
}

// Interface guards
var (
	_ caddy.Provisioner = (*Store)(nil)
	_ caddy.Validator   = (*Store)(nil)
)
