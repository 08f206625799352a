package spool

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy/message"
)

var at = time.Date(2026, 11, 25, 23, 15, 30, 0, time.FixedZone("CET", 3600))

func TestWrite(t *testing.T) {
	var echo strings.Builder
	d := &Directory{Path: filepath.Join(t.TempDir(), "a", "b"), Echo: &echo}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.Path); err == nil {
		t.Error("directory is there before the first message")
	}
	if err := d.Write(File{ID: "k2", Extension: ".eml", At: at, Content: []byte("raw"), Readable: "for people\n"}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(d.Path, "20261125T221530Z-k2.eml")
	if got, err := os.ReadFile(name); err != nil || string(got) != "raw" {
		t.Errorf("file is %q (%v), want raw", got, err)
	}
	if want := "---- 20261125T221530Z-k2.eml\nfor people\n----\n"; echo.String() != want {
		t.Errorf("printed %q, want %q", echo.String(), want)
	}
	for path, want := range map[string]os.FileMode{name: 0o600, d.Path: 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("mode of %s is %v (%v), want %v", path, info.Mode(), err, want)
		}
	}
}

func TestSameMessageTwiceIsOneFile(t *testing.T) {
	d := &Directory{Path: t.TempDir()}
	for i, id := range []string{"b", "a-b", "b", "a-b", "b"} {
		if err := d.Write(File{ID: id, Extension: ".txt", At: at.Add(time.Duration(i) * time.Minute), Content: []byte(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	got := mustRead(t, d.Path)
	if len(got) != 2 || got["20261125T221530Z-b.txt"] != "4" || got["20261125T221630Z-a-b.txt"] != "3" {
		t.Errorf("directory holds %v, want each message once, as last written", got)
	}
}

func TestXS05_IDCannotLeaveTheDirectory(t *testing.T) {
	d := &Directory{Path: filepath.Join(t.TempDir(), "spool")}
	for _, id := range []string{"", ".", "..", "../x", "a/b", "/etc/x", "a\x00", "a\n", "-x", strings.Repeat("a", 101)} {
		if err := d.Write(File{ID: id, Extension: ".txt", At: at}); !errors.Is(err, message.ErrRefused) {
			t.Errorf("id %q: got %v, want a refusal", id, err)
		}
	}
	if _, err := os.Stat(d.Path); err == nil {
		t.Error("directory was made")
	}
}

func TestWriteAtOnce(t *testing.T) {
	d := &Directory{Path: t.TempDir()}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := d.Write(File{ID: "m" + strconv.Itoa(i%20), Extension: ".txt", At: at, Content: []byte("x")}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := mustRead(t, d.Path); len(got) != 20 {
		t.Errorf("directory holds %d files, want 20 and no leftovers", len(got))
	}
}

func TestDirectoryIsAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := &Directory{Path: name}
	for what, err := range map[string]error{
		"validate": d.Validate(), "check": d.Check(), "write": d.Write(File{ID: "k", Extension: ".txt", At: at}),
	} {
		if err == nil || errors.Is(err, message.ErrRefused) {
			t.Errorf("%s: got %v, want an error that is no refusal", what, err)
		}
	}
}

func TestCheckLeavesNothing(t *testing.T) {
	d := &Directory{Path: t.TempDir()}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, d.Path); len(got) != 0 {
		t.Errorf("directory holds %v, want nothing", got)
	}
}

func mustRead(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(content)
	}
	return files
}
