package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/loginwall/loginwall/policy/store"
)

// TakeLimit is part of store.Limits. The same id twice holds one place.
func (s *Store) TakeLimit(ctx context.Context, key, id string, limit int, window time.Duration, now time.Time) (store.Taken, error) {
	if limit <= 0 || window <= 0 {
		return store.Taken{RetryAfter: max(window, 0)}, nil
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	held, kept := s.keys.places(key)
	reply, err := s.list(ctx, takeLimit, []string{held, kept},
		id, limit, score(now.Add(-window)), score(now), life(now, now.Add(window)))
	if err != nil {
		return store.Taken{}, s.fail("take limit", err)
	}
	if len(reply) == 0 {
		return store.Taken{OK: true}, nil
	}
	numbers := make([]float64, len(reply))
	for i, word := range reply {
		if numbers[i], err = strconv.ParseFloat(word, 64); err != nil {
			return store.Taken{}, s.fail("take limit", fmt.Errorf("unexpected reply: %w", err))
		}
	}
	// One more place must vanish than there are too many; the oldest vanish first.
	over := int(numbers[0]+numbers[1]) - limit
	times := numbers[2:]
	slices.Sort(times)
	free := time.UnixMicro(int64(times[over])).Add(window)
	return store.Taken{Pending: int(numbers[1]) < limit, RetryAfter: max(free.Sub(now), time.Microsecond)}, nil
}

// SettleLimit is part of store.Limits.
func (s *Store) SettleLimit(ctx context.Context, key, id string, keep bool) error {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	held, kept := s.keys.places(key)
	word := "0"
	if keep {
		word = "1"
	}
	_, err := s.run(ctx, settleLimit, []string{held, kept}, id, word)
	return s.fail("settle limit", err)
}
