// Package redis keeps all state in Redis 6.2 or later (or a server that speaks as it does): alone, behind Sentinel, or as
// a Cluster.
//
// Every key begins with the same hash tag, {prefix}, so that all state of a realm is in one slot. That gives up
// spreading one realm over the nodes of a Cluster; it buys that an address is unique, and that an account, its indexes,
// its sessions and the mails that must tell of a change are written by one script or not at all. A Cluster still gives
// failover, and several realms spread by their prefixes. One node serves far more sign-ins than the hashing of their
// passwords allows.
//
// Each atomic step is one script. A script may compute further key names under the same tag, from a record it has read.
//
// Accounts, their index of addresses and the keyring have no time to live; every other key has one. Redis must not evict
// keys: maxmemory-policy noeviction.
//
// Nothing is sent twice by itself: a command whose answer got lost may have been done, and a guess that is counted twice
// would lock an account early. The caller learns that the store was unavailable.
//
// The user needs these rights: ~{prefix}:* +eval +evalsha +get +set +del +exists +pttl +pexpire +hget +hset +hincrby
// +zadd +zrem +zcard +zscore +zrange +zrangebyscore +zrangebylex +zlexcount +zremrangebyscore +ping +hello +client|setname
// +select, and with a Cluster +cluster|slots +cluster|shards +command.
package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/loginwall/loginwall/policy/store"
)

// Options say where Redis is. The zero value is a Redis alone on 127.0.0.1:6379.
type Options struct {
	// Addresses are host:port. One is a Redis alone; several are the seeds of a Cluster, or, with Master, Sentinels.
	Addresses []string
	// Master is the name of the primary that the Sentinels watch; "" without Sentinel.
	Master string

	Username, Password                 string
	SentinelUsername, SentinelPassword string      // of the Sentinels themselves; "" for none
	DB                                 int         // not with a Cluster
	TLS                                *tls.Config // nil: no TLS

	// Prefix separates realms in one Redis; "loginwall" when empty. No braces, no blanks, at most 64 bytes.
	Prefix string
	// Timeout bounds every call as a whole: waiting for a connection, dialing, asking and all tries. 2 s when zero.
	Timeout time.Duration
	// PoolSize is the number of connections kept for each node; 32 when zero.
	PoolSize int
}

// The defaults of Options.
const (
	defaultAddress  = "127.0.0.1:6379"
	defaultPrefix   = "loginwall"
	defaultTimeout  = 2 * time.Second
	defaultPoolSize = 32
)

// Store is a store.Store in Redis.
type Store struct {
	client  once
	keys    keys
	timeout time.Duration
	turns   turns
	closed  atomic.Bool
}

var _ store.Store = (*Store)(nil)

// New returns a store that connects when it is first asked. It does not dial: a configuration can be checked where
// there is no network, and a Redis that is down is no reason not to start.
func New(o Options) (*Store, error) {
	o.Prefix = cmp.Or(o.Prefix, defaultPrefix)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.PoolSize = cmp.Or(o.PoolSize, defaultPoolSize)
	if len(o.Addresses) == 0 {
		o.Addresses = []string{defaultAddress}
	}
	switch {
	case len(o.Prefix) > 64 || strings.ContainsAny(o.Prefix, "{} \t\r\n\x00"):
		return nil, errors.New("configure redis: prefix has braces or blanks, or is over 64 bytes")
	case o.Timeout < 0 || o.PoolSize < 0 || o.DB < 0:
		return nil, errors.New("configure redis: negative timeout, pool size or db")
	case len(o.Addresses) > 1 && o.Master == "" && o.DB != 0:
		return nil, errors.New("configure redis: a cluster has no db but 0")
	}
	for _, a := range o.Addresses {
		if !strings.Contains(a, ":") {
			return nil, fmt.Errorf("configure redis: address %q is not host:port", a)
		}
	}

	quiet.Do(func() { redis.SetLogger(silence{}) })
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:            o.Addresses,
		MasterName:       o.Master,
		Username:         o.Username,
		Password:         o.Password,
		SentinelUsername: o.SentinelUsername,
		SentinelPassword: o.SentinelPassword,
		DB:               o.DB,
		TLSConfig:        o.TLS,
		ClientName:       "loginwall",
		DisableIdentity:  true, // needs a right more, for nothing

		MaxRetries:            -1, // see the package comment
		DialerRetries:         1,
		DialTimeout:           o.Timeout,
		ReadTimeout:           o.Timeout,
		WriteTimeout:          o.Timeout,
		PoolTimeout:           o.Timeout,
		ContextTimeoutEnabled: true,
		PoolSize:              o.PoolSize,
		PipelinePoolSize:      -1, // no pipelines are used
		ConnMaxIdleTime:       5 * time.Minute,

		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &Store{client: once{client}, keys: keys{"{" + o.Prefix + "}:"}, timeout: o.Timeout}, nil
}

// The client would write a line to standard error for every connection that fails, past all log settings, and says
// nothing there that does not come back as an error too.
var quiet sync.Once

type silence struct{}

// Printf drops a line of the client's.
func (silence) Printf(context.Context, string, ...any) {}

// Check writes and reads a probe, so that a replica, a full memory and too few replicas are all found out.
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.run(ctx, check, []string{s.keys.probe()}, 10_000)
	return s.fail("check store", err)
}

// Close closes all connections; calls that run fail with store.ErrUnavailable.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// bound gives a call its deadline.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}
