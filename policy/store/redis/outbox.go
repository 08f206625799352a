package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// EnqueueMessages is part of store.Outbox.
func (s *Store) EnqueueMessages(ctx context.Context, m ...policy.Message) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	messages, err := messageArgs(m)
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		return nil
	}
	_, err = s.run(ctx, enqueueMessages, []string{s.keys.outbox()}, append([]any{s.keys.messagePrefix()}, messages...)...)
	return s.fail("enqueue messages", err)
}

// ClaimMessages is part of store.Outbox. NotBefore is kept to the microsecond.
func (s *Store) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]policy.Message, error) {
	if limit <= 0 {
		return nil, nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	until := now.Add(lease)
	reply, err := s.list(ctx, claimMessages, []string{s.keys.outbox()}, score(now), score(until), limit, s.keys.messagePrefix())
	if err != nil {
		return nil, s.fail("claim messages", err)
	}
	var claimed []policy.Message
	for i := 0; i+2 < len(reply); i += 3 {
		m, err := store.DecodeMessage([]byte(reply[i+1]), reply[i])
		if err != nil {
			if !errors.Is(err, store.ErrNewer) {
				_ = s.RemoveMessage(ctx, reply[i]) // or at the next claim
			}
			continue
		}
		claims, err := strconv.Atoi(reply[i+2])
		if err != nil {
			return claimed, s.fail("claim messages", fmt.Errorf("unexpected reply: %w", err))
		}
		m.NotBefore = until
		m.Attempts += claims
		claimed = append(claimed, m)
	}
	return claimed, nil
}

// DelayMessage is part of store.Outbox.
func (s *Store) DelayMessage(ctx context.Context, id string, notBefore time.Time) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.run(ctx, delayMessage, []string{s.keys.outbox()}, id, score(notBefore))
	return s.fail("delay message", err)
}

// RemoveMessage is part of store.Outbox.
func (s *Store) RemoveMessage(ctx context.Context, id string) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	_, err := s.run(ctx, removeMessage, []string{s.keys.outbox(), s.keys.message(id)}, id)
	return s.fail("remove message", err)
}

// PendingMessages is part of store.Outbox.
func (s *Store) PendingMessages(ctx context.Context) (int, time.Time, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	reply, err := s.list(ctx, pendingMessages, []string{s.keys.outbox()})
	if err != nil {
		return 0, time.Time{}, s.fail("count messages", err)
	}
	count, err := strconv.Atoi(reply[0])
	if err != nil {
		return 0, time.Time{}, s.fail("count messages", fmt.Errorf("unexpected reply: %w", err))
	}
	if len(reply) < 2 {
		return count, time.Time{}, nil
	}
	first, err := strconv.ParseFloat(reply[1], 64)
	if err != nil {
		return 0, time.Time{}, s.fail("count messages", fmt.Errorf("unexpected reply: %w", err))
	}
	return count, time.UnixMicro(int64(first)).UTC(), nil
}

// messageArgs are the arguments of the script enqueue: id, record, score and life of each message.
func messageArgs(messages []policy.Message) ([]any, error) {
	args := make([]any, 0, 4*len(messages))
	for _, m := range messages {
		raw, err := store.EncodeMessage(m)
		if err != nil {
			return nil, err
		}
		args = append(args, m.ID, raw, score(m.NotBefore), life(m.CreatedAt, m.ExpiresAt.Add(store.MessageKeep)))
	}
	return args, nil
}
