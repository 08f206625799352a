package pages

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// LanguagesWith lists the tags that there are words for, sorted: those built in, and those that over, the folder of an
// operator, brings as words/<tag>.json. over may be nil.
func LanguagesWith(over fs.FS) []string {
	var tags []string
	for _, from := range []fs.FS{embedded, over} {
		if from == nil {
			continue
		}
		files, _ := fs.Glob(from, "words/*.json") // the only error is a pattern that is none
		for _, file := range files {
			tags = append(tags, strings.TrimSuffix(path.Base(file), ".json"))
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// CheckPictureName tells whether a file's name ends like that of a picture that pages can show.
func CheckPictureName(name string) error { return Picture{Name: name, Content: []byte{0}}.check() }
