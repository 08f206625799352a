package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"path"
	"strconv"
	"strings"
)

// styleSheet is the file every page links to.
const styleSheet = "styles/loginwall.css"

// layered looks for a file in over first. Folders are those of base: over brings no new files, only other contents.
type layered struct{ over, base fs.FS }

func (l layered) Open(name string) (fs.File, error) {
	f, err := l.over.Open(name)
	if err == nil {
		info, err := f.Stat()
		if err == nil && !info.IsDir() {
			return f, nil
		}
		f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return l.base.Open(name)
}

// overlay lays over on the built-in files, one by one. A file that stands in for nothing is a misspelt one, and an
// error; what editors and version control leave behind is passed over.
func overlay(over fs.FS) (fs.FS, error) {
	if over == nil {
		return embedded, nil
	}
	err := fs.WalkDir(over, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if name != "." && strings.HasPrefix(base, ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || strings.HasSuffix(base, "~") || path.Dir(name) == "words" && path.Ext(name) == ".json" {
			return nil
		}
		if _, err := fs.Stat(embedded, name); err != nil {
			return fmt.Errorf("%s stands in for no built-in file", name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read overlay: %w", err)
	}
	return layered{over: over, base: embedded}, nil
}

// readLanguage reads one language and holds it against the reference.
func readLanguage(over fs.FS, language string) (*words, error) {
	w, err := readWords(embedded, over, language)
	if err != nil {
		return nil, err
	}
	with, err := readWords(embedded, nil, reference)
	if err != nil {
		return nil, err
	}
	return w, w.compare(with)
}

// asset is a file sent as it is.
type asset struct {
	content     []byte
	contentType string
}

// readAssets reads styles/*. The name each is served under holds a hash of its content, so that it can be cached for
// ever and a change is seen at once.
func readAssets(files fs.FS) (assets map[string]asset, hashed map[string]string, err error) {
	assets, hashed = map[string]asset{}, map[string]string{}
	names, err := fs.Glob(files, "styles/*")
	if err != nil {
		return nil, nil, fmt.Errorf("read styles: %w", err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, nil, fmt.Errorf("read styles: %w", err)
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(name)
		under := strings.TrimSuffix(path.Base(name), ext) + "." + hex.EncodeToString(sum[:8]) + ext
		assets[under] = asset{content: content, contentType: mime.TypeByExtension(ext)}
		hashed[name] = under
	}
	return assets, hashed, nil
}

// Asset is the file served as <base>/assets/<name>. The caller must not change content.
func (r *Renderer) Asset(name string) (content []byte, contentType string, ok bool) {
	a, ok := r.assets[name]
	return a.content, a.contentType, ok
}

// parseWeight takes one item of an Accept-Language header apart. A weight that is none counts as 0.
func parseWeight(item string) (tag string, weight float64) {
	tag, parameter, found := strings.Cut(strings.TrimSpace(item), ";")
	if !found {
		return strings.TrimSpace(tag), 1
	}
	value, found := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
	weight, err := strconv.ParseFloat(value, 64)
	if !found || err != nil {
		return "", 0
	}
	return strings.TrimSpace(tag), weight
}
