package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/loginwall/loginwall/policy/store"
)

// once sends scripts so that no client repeats them by itself: the Cluster client would, even after a lost answer.
type once struct{ redis.UniversalClient }

type onceCmd struct{ *redis.Cmd }

// NoRetry tells the Cluster client.
func (onceCmd) NoRetry() bool { return true }

// Eval and EvalSha are what redis.Script calls.
func (o once) Eval(ctx context.Context, src string, keys []string, args ...any) *redis.Cmd {
	return o.send(ctx, "eval", src, keys, args)
}

// EvalSha runs a script that Redis knows already.
func (o once) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return o.send(ctx, "evalsha", sha, keys, args)
}

func (o once) send(ctx context.Context, verb, script string, keys []string, args []any) *redis.Cmd {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, verb, script, len(keys))
	for _, k := range keys {
		words = append(words, k)
	}
	words = append(words, args...)
	cmd := redis.NewCmd(ctx, words...)
	cmd.SetFirstKeyPos(3)
	_ = o.Process(ctx, onceCmd{cmd}) // the error is in cmd
	return cmd
}

// run runs a script, which is loaded first where Redis has forgotten it. A nil reply is store.ErrNotFound.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (any, error) {
	if s.closed.Load() {
		return nil, redis.ErrClosed // the Cluster client would try again for seconds
	}
	reply, err := script.Run(ctx, s.client, keys, args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, store.ErrNotFound
	}
	return reply, err
}

// list runs a script whose reply is a list of strings; a nil in it is "".
func (s *Store) list(ctx context.Context, script *redis.Script, keys []string, args ...any) ([]string, error) {
	reply, err := s.run(ctx, script, keys, args...)
	if err != nil {
		return nil, err
	}
	items, ok := reply.([]any)
	if !ok {
		return nil, fmt.Errorf("unexpected reply: %T", reply)
	}
	words := make([]string, len(items))
	for i, item := range items {
		words[i], _ = item.(string)
	}
	return words, nil
}

// fail maps an error of the client or of Redis to what a caller can tell apart.
func (s *Store) fail(action string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict),
		errors.Is(err, store.ErrUnreadable), errors.Is(err, store.ErrUnavailable):
		return fmt.Errorf("%s: %w", action, err)
	}
	var answer redis.Error
	if !errors.As(err, &answer) {
		return store.Unavailable(action, err)
	}
	text := answer.Error()
	if strings.Contains(text, "WRONGTYPE") {
		return fmt.Errorf("%s: a key holds another type: %w", action, store.ErrUnreadable)
	}
	// A server that does not know a command quotes its arguments, and those are records.
	if i := strings.Index(text, ", with args"); i >= 0 {
		err = errors.New(text[:i])
	}
	return store.Unavailable(action, err)
}

const (
	maxTries = 200
	maxPause = 4 * time.Millisecond
)

// repeat calls try until it is done, with short pauses of random length so that two nodes do not keep meeting.
func repeat(ctx context.Context, try func() (done bool, err error)) error {
	for n := range maxTries {
		done, err := try()
		if done || err != nil {
			return err
		}
		pause := min(time.Duration(n+1)*200*time.Microsecond, maxPause)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", store.ErrConflict, ctx.Err())
		case <-time.After(rand.N(pause)):
		}
	}
	return store.ErrConflict
}
