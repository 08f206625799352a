// Package file keeps all state in one file on the local disk (bbolt), for one process. It needs nothing installed and
// loses nothing in a crash: a call that changes something returns when the change is on the disk.
//
// Changes that arrive while the disk is busy with others are written together, so that many people signing in at once
// wait for few of its rounds. Reading waits for nobody.
package file

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/loginwall/loginwall/policy/store"
)

// schema is the version of the buckets below; a file with a higher one is refused.
const schema = 1

// The buckets. A moment in a key or a value is written by stamp.
var (
	bucketMeta      = []byte("meta")      // "schema", "keyring", "probe"
	bucketAccounts  = []byte("accounts")  // account id → record
	bucketAddresses = []byte("addresses") // address → account id
	bucketLinks     = []byte("links")     // link key → when it is no longer needed, account id
	bucketSessions  = []byte("sessions")  // session key → record
	bucketSignedIn  = []byte("signed_in") // account id, 0, session key → nothing
	bucketPlaces    = []byte("places")    // SHA-256 of a limit's key, caller's id → see limits.go
	bucketMessages  = []byte("messages")  // message id → record
	bucketOutbox    = []byte("outbox")    // NotBefore, message id → nothing
	bucketExpiries  = []byte("expiries")  // see sweep.go
)

var buckets = [][]byte{bucketMeta, bucketAccounts, bucketAddresses, bucketLinks, bucketSessions, bucketSignedIn,
	bucketPlaces, bucketMessages, bucketOutbox, bucketExpiries}

// lockPatience is how long Open waits for another process, one that is just ending, to let go of the file.
const lockPatience = time.Second

// Store is a store.Store in a file.
type Store struct {
	db    *bolt.DB
	queue chan *change
	close sync.Once

	closing chan struct{} // closed when Close begins
	ended   chan struct{} // closed when the writer has ended

	latest atomic.Int64 // the latest now that was passed in, as in stamp; what the sweeper goes by
}

var _ store.Store = (*Store)(nil)

// Open opens the file at path, and makes it and its directory, for their owner only, if they are not there. It returns an
// error that says so when another process has the file open.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockPatience, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open store: another process has %s open: %w", path, store.ErrUnavailable)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %s: %w", path, err)
	}
	if err := db.Update(prepare); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %s: %w", path, err), db.Close())
	}
	s := &Store{db: db, queue: make(chan *change), closing: make(chan struct{}), ended: make(chan struct{})}
	s.latest.Store(beginning)
	go s.serve()
	return s, nil
}

// prepare makes the buckets of a new file and refuses the file of a newer build.
func prepare(tx *bolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("make bucket: %w", err)
		}
	}
	meta := tx.Bucket(bucketMeta)
	found := meta.Get([]byte("schema"))
	if found == nil {
		return meta.Put([]byte("schema"), binary.BigEndian.AppendUint32(nil, schema))
	}
	if len(found) != 4 {
		return fmt.Errorf("unknown schema: %w", store.ErrUnreadable)
	}
	if v := binary.BigEndian.Uint32(found); v > schema {
		return fmt.Errorf("schema %d, this build knows %d: %w", v, schema, store.ErrUnreadable)
	}
	return nil
}

// Check writes a probe, so that a full or read-only disk is found out.
func (s *Store) Check(ctx context.Context) error {
	return s.write(ctx, "check store", func(tx *bolt.Tx) error {
		return tx.Bucket(bucketMeta).Put([]byte("probe"), []byte("1"))
	})
}

// Close waits for the changes that are being written and closes the file.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closing)
		<-s.ended
		if err = s.db.Close(); err != nil {
			err = fmt.Errorf("close store: %w", err)
		}
	})
	return err
}

// read runs fn on what is stored now. The bytes fn sees are gone when it returns.
func (s *Store) read(ctx context.Context, action string, fn func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return store.Unavailable(action, err)
	}
	return fail(action, s.db.View(fn))
}

// fail maps an error to what a caller can tell apart.
func fail(action string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrUnreadable),
		errors.Is(err, store.ErrUnavailable):
		return fmt.Errorf("%s: %w", action, err)
	}
	return store.Unavailable(action, err)
}

// stamp orders moments as bytes: microseconds since 1970, with the sign turned so that earlier years come first.
func stamp(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro())^1<<63)
}

// unstamp reads a stamp at the beginning of b; the zero time when there is none.
func unstamp(b []byte) time.Time {
	if len(b) < 8 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b) ^ 1<<63)).UTC()
}

// join makes a key of its parts.
func join(parts ...[]byte) []byte {
	var key []byte
	for _, p := range parts {
		key = append(key, p...)
	}
	return key
}
