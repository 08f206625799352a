package file

import (
	"bytes"
	"context"
	"errors"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// entry is a message ready to be written.
type entry struct {
	message policy.Message
	raw     []byte
}

func encodeMessages(messages []policy.Message) ([]entry, error) {
	entries := make([]entry, 0, len(messages))
	for _, m := range messages {
		raw, err := store.EncodeMessage(m)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{m, raw})
	}
	return entries, nil
}

// enqueue adds entries whose ids are new.
func enqueue(tx *bolt.Tx, entries []entry) error {
	for _, e := range entries {
		if tx.Bucket(bucketMessages).Get([]byte(e.message.ID)) != nil {
			continue
		}
		if err := putMessage(tx, e); err != nil {
			return err
		}
		if err := expire(tx, e.message.ExpiresAt.Add(store.MessageKeep), kindMessage, []byte(e.message.ID), nil); err != nil {
			return err
		}
	}
	return nil
}

// putMessage writes a message and where it is in the queue.
func putMessage(tx *bolt.Tx, e entry) error {
	if err := tx.Bucket(bucketOutbox).Put(join(stamp(e.message.NotBefore), []byte(e.message.ID)), nil); err != nil {
		return err
	}
	return tx.Bucket(bucketMessages).Put([]byte(e.message.ID), e.raw)
}

// removeMessage removes a message and its place in the queue. That of an unreadable one is found when it is due.
func removeMessage(tx *bolt.Tx, id string) error {
	raw := tx.Bucket(bucketMessages).Get([]byte(id))
	if m, err := store.DecodeMessage(raw, id); err == nil {
		if err := tx.Bucket(bucketOutbox).Delete(join(stamp(m.NotBefore), []byte(id))); err != nil {
			return err
		}
	}
	return tx.Bucket(bucketMessages).Delete([]byte(id))
}

// EnqueueMessages is part of store.Outbox.
func (s *Store) EnqueueMessages(ctx context.Context, m ...policy.Message) error {
	entries, err := encodeMessages(m)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	return s.write(ctx, "enqueue messages", func(tx *bolt.Tx) error { return enqueue(tx, entries) })
}

// ClaimMessages is part of store.Outbox. When nothing is due, nothing is written: it is asked every few seconds.
func (s *Store) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]policy.Message, error) {
	if limit <= 0 {
		return nil, nil
	}
	s.passed(now)
	due := false
	err := s.read(ctx, "claim messages", func(tx *bolt.Tx) error {
		k, _ := tx.Bucket(bucketOutbox).Cursor().First()
		due = k != nil && !unstamp(k).After(now)
		return nil
	})
	if err != nil || !due {
		return nil, err
	}

	var claimed []policy.Message
	err = s.write(ctx, "claim messages", func(tx *bolt.Tx) error {
		claimed = nil
		outbox, messages := tx.Bucket(bucketOutbox), tx.Bucket(bucketMessages)
		var keys [][]byte
		c := outbox.Cursor()
		for k, _ := c.First(); k != nil && len(keys) < limit && !unstamp(k).After(now); k, _ = c.Next() {
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			if err := outbox.Delete(k); err != nil {
				return err
			}
			if len(k) < 8 {
				continue
			}
			id := k[8:]
			raw := messages.Get(id)
			m, err := store.DecodeMessage(raw, string(id))
			if errors.Is(err, store.ErrNewer) { // as if claimed, for a build that can read it
				if err := outbox.Put(join(stamp(now.Add(lease)), id), nil); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				if err := messages.Delete(id); err != nil {
					return err
				}
				continue
			}
			m.NotBefore = now.Add(lease)
			m.Attempts++
			e, err := encodeMessages([]policy.Message{m})
			if err != nil {
				return err
			}
			if err := putMessage(tx, e[0]); err != nil {
				return err
			}
			claimed = append(claimed, m)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// DelayMessage is part of store.Outbox.
func (s *Store) DelayMessage(ctx context.Context, id string, notBefore time.Time) error {
	return s.write(ctx, "delay message", func(tx *bolt.Tx) error {
		m, err := store.DecodeMessage(tx.Bucket(bucketMessages).Get([]byte(id)), id)
		if err != nil {
			return untouched{}
		}
		if err := tx.Bucket(bucketOutbox).Delete(join(stamp(m.NotBefore), []byte(id))); err != nil {
			return err
		}
		m.NotBefore = notBefore
		e, err := encodeMessages([]policy.Message{m})
		if err != nil {
			return err
		}
		return putMessage(tx, e[0])
	})
}

// RemoveMessage is part of store.Outbox.
func (s *Store) RemoveMessage(ctx context.Context, id string) error {
	return s.write(ctx, "remove message", func(tx *bolt.Tx) error {
		if tx.Bucket(bucketMessages).Get([]byte(id)) == nil {
			return untouched{}
		}
		return removeMessage(tx, id)
	})
}

// PendingMessages is part of store.Outbox.
func (s *Store) PendingMessages(ctx context.Context) (count int, next time.Time, err error) {
	err = s.read(ctx, "count messages", func(tx *bolt.Tx) error {
		outbox := tx.Bucket(bucketOutbox)
		count = outbox.Stats().KeyN
		if k, _ := outbox.Cursor().First(); k != nil {
			next = unstamp(k)
		}
		return nil
	})
	return count, next, err
}
