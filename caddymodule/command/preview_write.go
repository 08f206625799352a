package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// previewList is the file by which a folder is known to hold a preview. It lists what the preview consists of, so that
// the next one takes that away and nothing else.
const (
	previewList  = "preview-files.txt"
	previewTitle = "# These files were written by caddy login-wall preview, which replaces them.\n"
)

// writePreview writes files, by path, into a folder that is made if need be and is empty or holds an earlier preview.
func writePreview(folder string, contents map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	root, err := os.OpenRoot(folder) // no link in an earlier preview leads out of it
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing is written by it
	if err := clearPreview(root, folder); err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(contents))
	// The list is first, so that a preview that was broken off can be replaced as well.
	if err := writeNew(root, previewList, []byte(previewTitle+strings.Join(names, "\n")+"\n")); err != nil {
		return err
	}
	for _, name := range names {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write preview: %w", err)
		}
		if err := writeNew(root, name, contents[name]); err != nil {
			return err
		}
	}
	return nil
}

// writeNew writes a file that is not there yet: one that is belongs to somebody else.
func writeNew(root *os.Root, name string, content []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write preview: %s is in the way and is not of an earlier preview: move it, or name another folder", name)
	}
	if err != nil {
		return fmt.Errorf("write preview: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write preview: %w", err)
	}
	return nil
}

// clearPreview takes an earlier preview out of the folder, and refuses one that has anything else but no preview.
func clearPreview(root *os.Root, folder string) error {
	list, err := root.ReadFile(previewList)
	if errors.Is(err, fs.ErrNotExist) {
		return wantEmpty(root, folder)
	}
	if err != nil {
		return fmt.Errorf("read earlier preview: %w", err)
	}
	names, ours := strings.CutPrefix(string(list), previewTitle)
	if !ours {
		return wantEmpty(root, folder)
	}
	folders := map[string]bool{}
	for _, name := range append(strings.Fields(names), previewList) {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove earlier preview: %w", err)
		}
		for above := path.Dir(name); above != "." && above != "/"; above = path.Dir(above) {
			folders[above] = true
		}
	}
	deepest := slices.Sorted(maps.Keys(folders))
	slices.Reverse(deepest)
	for _, name := range deepest {
		_ = root.Remove(name) // one that still has something in it stays
	}
	return nil
}

func wantEmpty(root *os.Root, folder string) error {
	top, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { _ = top.Close() }() // only read from
	if _, err := top.Readdirnames(1); err == io.EOF {
		return nil
	} else if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	return fmt.Errorf("write preview: %s is not empty and holds no earlier preview: name a new or empty folder", folder)
}
