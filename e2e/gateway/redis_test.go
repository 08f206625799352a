package gateway

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// redisKeys are all keys of a server.
func redisKeys(t *testing.T, c *goredis.Client) (keys []string) {
	t.Helper()
	all := c.Scan(t.Context(), 0, "*", 1000).Iterator()
	for all.Next(t.Context()) {
		keys = append(keys, all.Val())
	}
	if err := all.Err(); err != nil {
		t.Fatalf("scan redis: %v", err)
	}
	if len(keys) == 0 {
		t.Fatal("redis is empty")
	}
	return keys
}

// dump is all that a Redis holds, keys and values.
func dump(t *testing.T, address string) string {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: address})
	defer c.Close()
	var out strings.Builder
	for _, key := range redisKeys(t, c) {
		kind, err := c.Type(t.Context(), key).Result()
		if err != nil {
			t.Fatalf("read type: %v", err)
		}
		var value any
		switch kind {
		case "string":
			value, err = c.Get(t.Context(), key).Result()
		case "hash":
			value, err = c.HGetAll(t.Context(), key).Result()
		case "zset":
			value, err = c.ZRangeWithScores(t.Context(), key, 0, -1).Result()
		case "set":
			value, err = c.SMembers(t.Context(), key).Result()
		case "list":
			value, err = c.LRange(t.Context(), key, 0, -1).Result()
		default:
			t.Errorf("key %q is a %s, which this test cannot read", key, kind)
		}
		if err != nil {
			t.Fatalf("read %s: %v", key, err)
		}
		fmt.Fprintln(&out, key, value)
	}
	return out.String()
}

// lasting are the keys that may stay for ever: what an account is, and where it is found; the keys of the realm.
var lasting = regexp.MustCompile(`^\{loginwall\}:(account:[a-z0-9-]+|addresses|keyring)$`)

// wantNoLastingKeys checks RE-20.
func wantNoLastingKeys(t *testing.T, address string) {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: address})
	defer c.Close()
	transient := 0
	for _, key := range redisKeys(t, c) {
		life, err := c.TTL(t.Context(), key).Result()
		if err != nil {
			t.Fatalf("read time to live: %v", err)
		}
		switch {
		case life > 8*24*time.Hour:
			t.Errorf("RE-20: key %q lives for %s", key, life)
			transient++
		case life > 0:
			transient++
		case !lasting.MatchString(key):
			t.Errorf("RE-20: key %q has no time to live", key)
		}
	}
	if transient < 3 {
		t.Errorf("%d keys with a time to live: the story has left too little", transient)
	}
}
