package services

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Mail is a mail as it arrived. Text and HTML are decoded; a part that is not there is "".
type Mail struct {
	Header mail.Header
	Text   string
	HTML   string
	Raw    []byte
}

// Subject returns the decoded subject.
func (m Mail) Subject() string {
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return m.Header.Get("Subject")
	}
	return subject
}

// readMaildir returns the mails of a maildir, oldest first. One that is not there yet has none.
func readMaildir(tb testing.TB, dir string) []Mail {
	tb.Helper()
	type arrival struct {
		path string
		at   time.Time
	}
	var files []arrival
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !os.IsNotExist(err) {
			tb.Fatalf("read mailbox: %v", err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				files = append(files, arrival{filepath.Join(dir, sub, e.Name()), info.ModTime()})
			}
		}
	}
	slices.SortFunc(files, func(a, b arrival) int { return a.at.Compare(b.at) })
	mails := make([]Mail, 0, len(files))
	for _, f := range files {
		raw, err := os.ReadFile(f.path)
		if err != nil {
			tb.Fatalf("read mail: %v", err)
		}
		m, err := parseMail(raw)
		if err != nil {
			tb.Fatalf("parse mail: %v\n%s", err, raw)
		}
		mails = append(mails, m)
	}
	return mails
}

// parseMail reads a mail as strictly as a mail program that shows nothing it cannot decode.
func parseMail(raw []byte) (Mail, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("read header: %w", err)
	}
	m := Mail{Header: parsed.Header, Raw: raw}
	err = m.readPart(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
	return m, err
}

func (m *Mail) readPart(contentType, encoding string, body io.Reader) error {
	if contentType == "" {
		contentType = "text/plain"
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("read content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read part: %w", err)
			}
			err = m.readPart(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
			if err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	switch kind {
	case "text/plain":
		m.Text = string(text)
	case "text/html":
		m.HTML = string(text)
	}
	return nil
}

var delivered atomic.Int64

// deliver puts a mail into the maildir of a system user as a mail server would: written beside, then moved in.
func deliver(tb testing.TB, owner, dir string, raw string) {
	tb.Helper()
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		if path := filepath.Join(dir, sub); !isDirectory(path) {
			makeOwned(tb, owner, path)
		}
	}
	name := fmt.Sprintf("%d.M%d.loginwall", time.Now().Unix(), delivered.Add(1))
	path := write(tb, filepath.Join(dir, "tmp"), name, raw, 0o600)
	chown(tb, owner, path)
	if err := os.Rename(path, filepath.Join(dir, "new", name)); err != nil {
		tb.Fatalf("deliver mail: %v", err)
	}
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// makeOwned makes a directory that belongs to a system user.
func makeOwned(tb testing.TB, owner, path string) {
	tb.Helper()
	makeDirectory(tb, path)
	chown(tb, owner, path)
}

func chown(tb testing.TB, owner, path string) {
	tb.Helper()
	u, err := user.Lookup(owner)
	if err != nil {
		tb.Fatalf("find user: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		tb.Fatalf("change owner: %v", err)
	}
}
