// Package spool writes messages as files instead of sending them, for trying things out and for tests. The files hold
// live links and codes: they are readable by their owner alone.
package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/loginwall/loginwall/policy/message"
)

// stamp begins every file's name, so that names sort by time. It is UTC.
const stamp = "20060102T150405Z"

// safeID is what may stand in a file's name without leaving the directory or hiding in it.
var safeID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$`)

// Directory is where messages become files. It is safe for concurrent use.
type Directory struct {
	// Path is made with mode 0700 when the first message is written, not before.
	Path string
	// Echo also receives every message in its readable form, when it is set.
	Echo io.Writer

	mu sync.Mutex
}

// File is one message to be written.
type File struct {
	ID        string    // the message's
	Extension string    // with its dot: ".eml", ".txt"
	At        time.Time // when it would have been sent
	Content   []byte
	Readable  string // Content for people's eyes, for the terminal
}

// Write keeps one message as TIME-ID.extension, mode 0600. The file appears whole or not at all. The same ID again
// replaces its file, so that a message that was tried twice is one file.
func (d *Directory) Write(f File) error {
	if !safeID.MatchString(f.ID) {
		return fmt.Errorf("name file: the message's id holds more than letters, digits, _ and -: %w", message.ErrRefused)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	name, err := d.name(f.ID+f.Extension, f.At)
	if err != nil {
		return err
	}
	if err := writeWhole(d.Path, name, f.Content); err != nil {
		return err
	}
	if d.Echo != nil {
		if _, err := fmt.Fprintf(d.Echo, "---- %s\n%s\n----\n", name, strings.TrimRight(f.Readable, "\n")); err != nil {
			return fmt.Errorf("print message: %w", err)
		}
	}
	return nil
}

// Validate refuses a path that is there and is no directory. It makes nothing.
func (d *Directory) Validate() error {
	switch info, err := os.Stat(d.Path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at directory: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory: name one, or a path where one can be made", d.Path)
	}
	return nil
}

// Check says whether files could be written now. It leaves nothing behind but the directory.
func (d *Directory) Check() error {
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	f, err := os.CreateTemp(d.Path, ".check-*")
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("remove file: %w", err)
	}
	return nil
}

// name is the name an earlier try of the same message has, or a new one.
func (d *Directory) name(rest string, at time.Time) (string, error) {
	dir, err := os.Open(d.Path)
	if err != nil {
		return "", fmt.Errorf("open directory: %w", err)
	}
	defer func() { _ = dir.Close() }() // only read from
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return "", fmt.Errorf("read directory: %w", err)
	}
	for _, name := range names {
		if len(name) == len(stamp)+1+len(rest) && strings.HasSuffix(name, "-"+rest) {
			if _, err := time.Parse(stamp, name[:len(stamp)]); err == nil {
				return name, nil
			}
		}
	}
	return at.UTC().Format(stamp) + "-" + rest, nil
}

// writeWhole writes beside the name and renames, so that nobody who watches the directory reads half a message.
func writeWhole(dir, name string, content []byte) error {
	f, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write file: %w", err), os.Remove(f.Name()))
	}
	return nil
}
