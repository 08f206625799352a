package gate

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/store"
)

// How keys live. A new key is used only when every node has certainly read it.
const (
	keyRefresh = 10 * time.Second
	keyDelay   = 6 * keyRefresh
	keyRetry   = time.Second
	// MaxKeys is how many keys are kept: the one in use, the next one and those before, for what they signed.
	MaxKeys = 4
)

// Keys is this node's copy of the realm's keyring. The first node that needs it makes the first key; all others read
// it from the store, so nodes agree without configuration.
type Keys struct {
	store store.Store
	now   func() time.Time
	salt  []byte // the operator's secret
	ring  atomic.Pointer[policy.Keyring]
	cache sync.Map // purpose + key id → Derived

	// load is held by whoever reads the store; the two fields below belong to the holder. It is a channel, so that
	// nobody waits for it longer than for an answer.
	load     chan struct{}
	failure  error // of the last read, for a moment
	failedAt time.Time
}

func newKeys(s store.Store, now func() time.Time, secret []byte) *Keys {
	return &Keys{store: s, now: now, salt: secret, load: make(chan struct{}, 1)}
}

// Derived is one secret for one purpose.
type Derived struct {
	ID     string
	Secret [32]byte
}

var errNoKey = errors.New("no usable key")

// Derive returns the secrets for a purpose: first the one to sign with, then the others, newest first, to check with. It asks
// the store only the first time.
func (k *Keys) Derive(ctx context.Context, purpose string) ([]Derived, error) {
	ring, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	now := k.now()
	derived := make([]Derived, 0, len(ring.Keys))
	waiting := make([]Derived, 0, 1)
	for i, key := range ring.Keys {
		d, err := k.derive(key, purpose)
		if err != nil {
			return nil, err
		}
		// The oldest is always usable: with one key there is nothing to wait for.
		if now.Before(key.UsableAt) && i < len(ring.Keys)-1 {
			waiting = append(waiting, d)
			continue
		}
		derived = append(derived, d)
	}
	if len(derived) == 0 {
		return nil, errNoKey
	}
	return append(derived, waiting...), nil
}

// secret returns the secret of one key, by id.
func (k *Keys) secret(ctx context.Context, purpose, id string) (Derived, error) {
	all, err := k.Derive(ctx, purpose)
	if err != nil {
		return Derived{}, err
	}
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
	}
	return Derived{}, errNoKey
}

func (k *Keys) derive(key policy.Key, purpose string) (Derived, error) {
	name := purpose + "\x00" + key.ID
	if d, ok := k.cache.Load(name); ok {
		return d.(Derived), nil
	}
	b, err := hkdf.Key(sha256.New, key.Secret, k.salt, "loginwall "+purpose, 32)
	if err != nil {
		return Derived{}, fmt.Errorf("derive key: %w", err)
	}
	d := Derived{ID: key.ID, Secret: [32]byte(b)}
	k.cache.Store(name, d)
	return d, nil
}

func (k *Keys) current(ctx context.Context) (*policy.Keyring, error) {
	if ring := k.ring.Load(); ring != nil {
		return ring, nil
	}
	if err := k.lock(ctx); err != nil {
		return nil, err
	}
	defer k.unlock()
	if ring := k.ring.Load(); ring != nil {
		return ring, nil
	}
	// A store that does not answer is asked once for all who wait, not once for each of them in turn.
	if k.failure != nil && k.now().Sub(k.failedAt).Abs() < keyRetry {
		return nil, k.failure
	}
	ring, err := k.refresh(ctx)
	k.failure, k.failedAt = err, k.now()
	return ring, err
}

func (k *Keys) lock(ctx context.Context) error {
	select {
	case k.load <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("read keys: %w", ctx.Err())
	}
}

func (k *Keys) unlock() { <-k.load }

// refresh reads the keyring and makes the first key if there is none.
func (k *Keys) refresh(ctx context.Context) (*policy.Keyring, error) {
	ring, err := k.store.Keys(ctx)
	if err == nil && len(ring.Keys) == 0 {
		ring, err = k.store.UpdateKeys(ctx, func(r *policy.Keyring) error {
			if len(r.Keys) == 0 {
				r.Keys = []policy.Key{newKey(k.now(), 0)}
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(ring.Keys) == 0 {
		return nil, errNoKey
	}
	k.ring.Store(&ring)
	return &ring, nil
}

// Run keeps the copy fresh until ctx ends. While the store is out of reach the last copy is used.
func (k *Keys) Run(ctx context.Context) {
	tick := time.NewTicker(keyRefresh)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if k.lock(ctx) == nil {
				_, _ = k.refresh(ctx)
				k.unlock()
			}
		}
	}
}

// RotateKeys adds a new key. It signs when every node has read it (after one minute); what older keys signed stays
// good until MaxKeys newer ones have pushed them out.
func (g *Gate) RotateKeys(ctx context.Context, c Client) error {
	_, err := g.Store.UpdateKeys(ctx, func(r *policy.Keyring) error {
		r.Keys = append([]policy.Key{newKey(g.Now(), keyDelay)}, r.Keys...)
		if len(r.Keys) > MaxKeys {
			r.Keys = r.Keys[:MaxKeys]
		}
		return nil
	})
	if err != nil {
		return g.storeError("rotate keys", err)
	}
	if err := g.keys.lock(ctx); err != nil {
		return err
	}
	defer g.keys.unlock()
	if _, err := g.keys.refresh(ctx); err != nil {
		return g.storeError("rotate keys", err)
	}
	g.adminEvent("admin.keys_rotated", "", c, "")
	return nil
}

func newKey(now time.Time, delay time.Duration) policy.Key {
	secret := make([]byte, 32)
	rand.Read(secret)
	return policy.Key{ID: randomID()[:8], Secret: secret, CreatedAt: now.UTC(), UsableAt: now.Add(delay).UTC()}
}

// seal encrypts what must not lie in the store in clear, bound to the record it belongs to. The result names its key:
// eight characters of key id, nonce, ciphertext.
func (k *Keys) seal(ctx context.Context, plain []byte, record string) ([]byte, error) {
	all, err := k.Derive(ctx, "seal")
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(all[0])
	if err != nil {
		return nil, err
	}
	out := append([]byte(all[0].ID), make([]byte, aead.NonceSize())...)
	nonce := out[len(all[0].ID):]
	rand.Read(nonce)
	return aead.Seal(out, nonce, plain, []byte(record)), nil
}

var errSealed = errors.New("sealed payload cannot be opened")

func (k *Keys) open(ctx context.Context, sealed []byte, record string) ([]byte, error) {
	const idLen = 8
	if len(sealed) < idLen {
		return nil, errSealed
	}
	d, err := k.secret(ctx, "seal", string(sealed[:idLen]))
	if errors.Is(err, errNoKey) {
		return nil, errSealed
	} else if err != nil {
		return nil, err
	}
	aead, err := newAEAD(d)
	if err != nil {
		return nil, err
	}
	sealed = sealed[idLen:]
	if len(sealed) < aead.NonceSize() {
		return nil, errSealed
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(record))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

func newAEAD(d Derived) (cipher.AEAD, error) {
	block, err := aes.NewCipher(d.Secret[:])
	if err != nil {
		return nil, fmt.Errorf("make cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
