package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// Records are written as JSON and read strictly: a record of a newer version, or with a field this build does not know,
// is refused. To read it anyway would be to drop that field at the next write, so that an older node would wipe what a
// newer one wrote.
//
// A reading error never quotes the record: it may hold a person's address or a hash.

// ErrNewer comes with ErrUnreadable when the record is whole, but another build wrote it that knows more than this one.
// Such a record is not junk and must be left to those who can read it.
var ErrNewer = errors.New("record of a newer build")

// EncodeAccount returns the account as it is stored, at the current record version.
func EncodeAccount(a policy.Account) ([]byte, error) {
	if a.ID == "" {
		return nil, errors.New("encode account: no id")
	}
	a.Version = policy.RecordVersion
	return encode("account", a)
}

// DecodeAccount reads what EncodeAccount wrote for the account with this id. Any error wraps ErrUnreadable.
func DecodeAccount(raw []byte, id policy.AccountID) (policy.Account, error) {
	var a policy.Account
	if err := decode("account", raw, &a, &a.Version, func() bool { return a.ID == id }); err != nil {
		return policy.Account{}, err
	}
	if !a.Sane() {
		return policy.Account{}, fmt.Errorf("decode account: counts out of range: %w", ErrUnreadable)
	}
	return a, nil
}

// EncodeSession returns the session as it is stored, at the current record version.
func EncodeSession(s policy.Session) ([]byte, error) {
	if s.Key == "" || s.Account == "" {
		return nil, errors.New("encode session: no key or no account")
	}
	s.Version = policy.RecordVersion
	return encode("session", s)
}

// DecodeSession reads what EncodeSession wrote for the session with this key. Any error wraps ErrUnreadable.
func DecodeSession(raw []byte, key policy.SessionKey) (policy.Session, error) {
	var s policy.Session
	if err := decode("session", raw, &s, &s.Version, func() bool { return s.Key == key }); err != nil {
		return policy.Session{}, err
	}
	return s, nil
}

// EncodeMessage returns the message as it is stored, at the current record version.
func EncodeMessage(m policy.Message) ([]byte, error) {
	if m.ID == "" {
		return nil, errors.New("encode message: no id")
	}
	m.Version = policy.RecordVersion
	return encode("message", m)
}

// DecodeMessage reads what EncodeMessage wrote for the message with this id. Any error wraps ErrUnreadable.
func DecodeMessage(raw []byte, id string) (policy.Message, error) {
	var m policy.Message
	if err := decode("message", raw, &m, &m.Version, func() bool { return m.ID == id }); err != nil {
		return policy.Message{}, err
	}
	return m, nil
}

// EncodeKeyring returns the keyring as it is stored, at the current record version.
func EncodeKeyring(k policy.Keyring) ([]byte, error) {
	k.Version = policy.RecordVersion
	return encode("keyring", k)
}

// DecodeKeyring reads what EncodeKeyring wrote. Nil is a keyring without keys. Any error wraps ErrUnreadable.
func DecodeKeyring(raw []byte) (policy.Keyring, error) {
	if raw == nil {
		return policy.Keyring{Version: policy.RecordVersion}, nil
	}
	var k policy.Keyring
	if err := decode("keyring", raw, &k, &k.Version, func() bool { return true }); err != nil {
		return policy.Keyring{}, err
	}
	return k, nil
}

func encode(noun string, record any) ([]byte, error) {
	raw, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", noun, err)
	}
	return raw, nil
}

// decode reads one record; version is where it says which, and own then tells whether it belongs to who asked, and was
// not put in another's place. A good record is read once. Only what does not read strictly is looked at again, for
// whether it is junk or newer than this build.
func decode(noun string, raw []byte, record any, version *int, own func() bool) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	strict := d.Decode(record)
	if strict == nil && len(bytes.TrimSpace(raw[d.InputOffset():])) > 0 {
		return fmt.Errorf("decode %s: not a record: %w", noun, ErrUnreadable)
	}
	if strict != nil {
		*version = versionOf(raw)
	}
	switch {
	case *version < 1:
		return fmt.Errorf("decode %s: not a record: %w", noun, ErrUnreadable)
	case *version > policy.RecordVersion:
		return fmt.Errorf("decode %s: version %d, this build knows %d: %w: %w", noun, *version, policy.RecordVersion, ErrUnreadable, ErrNewer)
	case strict != nil && json.Unmarshal(raw, record) != nil:
		return fmt.Errorf("decode %s: not a record: %w", noun, ErrUnreadable)
	case !own():
		return fmt.Errorf("decode %s: it belongs elsewhere: %w", noun, ErrUnreadable)
	case strict != nil:
		return fmt.Errorf("decode %s: a field this build does not know: %w: %w", noun, ErrUnreadable, ErrNewer)
	}
	return nil
}

// versionOf reads what every record has, in every version; 0 when it is none.
func versionOf(raw []byte) int {
	var head struct {
		Version int `json:"v"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return 0
	}
	return head.Version
}

// MessageKeep is how long an outbox entry is kept after it expired, so that whoever claimed it last can still end it.
const MessageKeep = time.Hour

// IndexedBy reports whether the account may be found by this link. An index entry that outlived its link finds nothing.
func IndexedBy(a policy.Account, key policy.LinkKey) bool {
	_, ok := a.LinkKeys()[key]
	return ok
}
