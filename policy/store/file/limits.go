package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/loginwall/loginwall/policy/store"
)

// place is the value of one place of a limit: when it was taken, when it vanishes, and whether it is kept.
type place struct {
	at, until time.Time
	kept      bool
}

const placeSize = 17

func (p place) bytes() []byte {
	kept := byte(0)
	if p.kept {
		kept = 1
	}
	return join(stamp(p.at), stamp(p.until), []byte{kept})
}

// readPlace reads a place; one that cannot be read is the zero place.
func readPlace(b []byte) place {
	if len(b) != placeSize {
		return place{}
	}
	return place{at: unstamp(b), until: unstamp(b[8:]), kept: b[16] == 1}
}

// placeKey begins with a hash of the limit's key, so that all places of one limit and of no other share a prefix.
func placeKey(key, id string) []byte {
	sum := sha256.Sum256([]byte(key))
	return join(sum[:], []byte(id))
}

// TakeLimit is part of store.Limits. The same id twice holds one place.
func (s *Store) TakeLimit(ctx context.Context, key, id string, limit int, window time.Duration, now time.Time) (store.Taken, error) {
	if limit <= 0 || window <= 0 {
		return store.Taken{RetryAfter: max(window, 0)}, nil
	}
	s.passed(now)
	// As exact as what is stored, or a place would vanish up to a microsecond after RetryAfter.
	now = now.Truncate(time.Microsecond)
	var taken store.Taken
	err := s.write(ctx, "take limit", func(tx *bolt.Tx) error {
		taken = store.Taken{}
		places := tx.Bucket(bucketPlaces)
		prefix, own := placeKey(key, ""), placeKey(key, id)
		var times []time.Time
		kept := 0
		c := places.Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if len(v) != placeSize { // junk must not count as no attempt
				return untouched{fmt.Errorf("take limit: %w", store.ErrUnreadable)}
			}
			p := readPlace(v)
			if !p.at.After(now.Add(-window)) {
				continue
			}
			if bytes.Equal(k, own) {
				taken.OK = true
				return untouched{}
			}
			times = append(times, p.at)
			if p.kept {
				kept++
			}
		}
		if over := len(times) - limit; over >= 0 {
			// One more place must vanish than there are too many; the oldest vanish first.
			slices.SortFunc(times, time.Time.Compare)
			taken.RetryAfter = times[over].Add(window).Sub(now)
			taken.Pending = kept < limit
			return untouched{}
		}
		taken.OK = true
		p := place{at: now, until: now.Add(window)}
		if err := places.Put(own, p.bytes()); err != nil {
			return err
		}
		return expire(tx, p.until, kindPlace, own, nil)
	})
	if err != nil {
		return store.Taken{}, err
	}
	return taken, nil
}

// SettleLimit is part of store.Limits.
func (s *Store) SettleLimit(ctx context.Context, key, id string, keep bool) error {
	return s.write(ctx, "settle limit", func(tx *bolt.Tx) error {
		places, own := tx.Bucket(bucketPlaces), placeKey(key, id)
		v := places.Get(own)
		p := readPlace(v)
		switch {
		case v == nil, keep && p.kept:
			return untouched{}
		case len(v) != placeSize:
			return untouched{fmt.Errorf("settle limit: %w", store.ErrUnreadable)}
		case !keep:
			return places.Delete(own)
		}
		p.kept = true
		return places.Put(own, p.bytes())
	})
}
