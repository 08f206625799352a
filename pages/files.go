package pages

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

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
			return fmt.Errorf("%s stands in for no built-in file: those are templates/layout.html, templates/pages/….html, templates/partials/….html, templates/mail/letter.html and letter.txt, styles/loginwall.css, own.css, loginwall.js and icon.svg, and words/….json", name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read overlay: %w", err)
	}
	return layered{over: over, base: embedded}, nil
}

// readLanguages reads the words of every language, each held against the reference.
func readLanguages(o Options) (spoken []*words, err error) {
	with, err := readWords(embedded, nil, reference)
	if err != nil {
		return nil, err
	}
	if err := checkWordsFiles(o.Overlay, o.Languages); err != nil {
		return nil, err
	}
	for _, tag := range o.Languages {
		w, err := readLanguage(o.Overlay, tag, with)
		if err != nil {
			return nil, err
		}
		w.site, w.zone = o.SiteName, o.Zone
		spoken = append(spoken, w)
	}
	return spoken, nil
}

// checkWordsFiles wants every words file of an operator to be one of a language that is spoken: another would do nothing.
func checkWordsFiles(over fs.FS, spoken []string) error {
	if over == nil {
		return nil
	}
	files, err := fs.Glob(over, "words/*.json")
	if err != nil {
		return fmt.Errorf("read overlay: %w", err)
	}
	for _, file := range files {
		if tag := strings.TrimSuffix(path.Base(file), ".json"); !slices.Contains(spoken, tag) {
			return fmt.Errorf("%s is for no language that is spoken here: name it after one of %s, or add its language to them",
				file, strings.Join(spoken, ", "))
		}
	}
	return nil
}

func readLanguage(over fs.FS, tag string, with *words) (*words, error) {
	w, err := readWords(embedded, over, tag)
	if err != nil {
		return nil, err
	}
	if err := checkTag(tag); err != nil {
		return nil, err
	}
	return w, w.compare(with)
}
