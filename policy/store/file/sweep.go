package file

import (
	"bytes"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Whatever ends by itself has an entry in the bucket expiries: the stamp of its end, a byte that says what it is, and its
// key there. The sweeper takes them from the front. It goes by the latest now that a caller passed in and has no clock
// of its own, so that it can never remove what a caller would still accept.

// What can expire.
const (
	kindSession = 's'
	kindLink    = 'l'
	kindPlace   = 'p'
	kindMessage = 'm'
)

const (
	beginning  = math.MinInt64 // before every now
	sweepEvery = time.Minute
	sweepAside = 16  // entries taken along with every round of changes
	sweepBatch = 500 // entries of one round of the sweeper itself, so that changes do not wait for long
)

// passed remembers a caller's now.
func (s *Store) passed(now time.Time) {
	at := now.UnixMicro()
	for {
		latest := s.latest.Load()
		if at <= latest || s.latest.CompareAndSwap(latest, at) {
			return
		}
	}
}

// expire notes when something ends.
func expire(tx *bolt.Tx, at time.Time, kind byte, key, value []byte) error {
	return tx.Bucket(bucketExpiries).Put(join(stamp(at), []byte{kind}, key), value)
}

// sweepAll removes all that has ended, in rounds. An error ends it: the next call that writes meets it too.
func (s *Store) sweepAll() {
	for more := true; more; {
		err := s.db.Update(func(tx *bolt.Tx) error {
			n, err := sweep(tx, s.latest.Load(), sweepBatch)
			more = n == sweepBatch
			if err == nil && n == 0 {
				return errIdle
			}
			return err
		})
		if err != nil {
			return
		}
		select {
		case <-s.closing:
			return
		case c := <-s.queue:
			s.commit(s.gather(c))
		default:
		}
	}
}

// sweep removes up to limit of what ended at or before now and returns how many entries it has dealt with.
func sweep(tx *bolt.Tx, now int64, limit int) (int, error) {
	if now == beginning {
		return 0, nil
	}
	end := time.UnixMicro(now)
	expiries := tx.Bucket(bucketExpiries)
	var keys, values [][]byte
	c := expiries.Cursor()
	for k, v := c.First(); k != nil && len(keys) < limit && (len(k) < 9 || !unstamp(k).After(end)); k, v = c.Next() {
		keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
	}
	for i, key := range keys {
		if len(key) >= 9 {
			if err := sweepOne(tx, end, key[8], key[9:], values[i]); err != nil {
				return 0, err
			}
		}
		if err := expiries.Delete(key); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

func sweepOne(tx *bolt.Tx, end time.Time, kind byte, key, value []byte) error {
	switch kind {
	case kindSession:
		if err := tx.Bucket(bucketSignedIn).Delete(join(value, []byte{0}, key)); err != nil {
			return err
		}
		return tx.Bucket(bucketSessions).Delete(key)
	case kindLink: // its end may have been moved
		links := tx.Bucket(bucketLinks)
		if v := links.Get(key); v != nil && !unstamp(v).After(end) {
			return links.Delete(key)
		}
	case kindPlace: // it may have been taken again
		places := tx.Bucket(bucketPlaces)
		if v := places.Get(key); v != nil && !readPlace(v).until.After(end) {
			return places.Delete(key)
		}
	case kindMessage:
		return removeMessage(tx, string(key))
	}
	return nil
}
