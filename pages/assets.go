package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// The files every page links to.
const (
	styleSheet = "styles/loginwall.css"
	ownStyles  = "styles/own.css" // empty, for an operator to add to the style sheet
	script     = "styles/loginwall.js"
	icon       = "styles/icon.svg"
)

// maxPicture is the most a logo or icon may weigh, in bytes: everybody who signs in loads it.
const maxPicture = 256 << 10

// Picture is a logo or an icon of the operator's.
type Picture struct {
	Name    string // a file name; its ending tells the type: .svg, .png, .jpg, .jpeg, .webp, .avif, .gif or .ico
	Content []byte
}

// contentTypes are the types of what is served, by ending.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".avif": "image/avif", ".gif": "image/gif",
	".ico": "image/vnd.microsoft.icon",
}

// CheckPictureName tells whether a file's name ends like that of a picture that pages can show.
func CheckPictureName(name string) error {
	if ending := strings.ToLower(path.Ext(name)); ending == ".css" || ending == ".js" || contentTypes[ending] == "" {
		return fmt.Errorf("read picture %s: its ending names no type of picture: use svg, png, jpg, webp, avif, gif or ico", name)
	}
	return nil
}

func (p Picture) check() error {
	if err := CheckPictureName(p.Name); err != nil {
		return err
	}
	kind := strings.ToLower(path.Ext(p.Name))
	switch {
	case len(p.Content) == 0:
		return fmt.Errorf("read picture %s: it is empty", p.Name)
	case len(p.Content) > maxPicture:
		return fmt.Errorf("read picture %s: it has %d KiB, and at most %d are allowed", p.Name, len(p.Content)>>10, maxPicture>>10)
	}
	if !looksLike(kind, p.Content) {
		return fmt.Errorf("read picture %s: what is in it is no %s", p.Name, strings.TrimPrefix(kind, "."))
	}
	return nil
}

// looksLike tells whether content begins like a file of its kind.
func looksLike(kind string, content []byte) bool {
	switch kind {
	case ".svg":
		return bytes.Contains(content, []byte("<svg"))
	case ".avif":
		return len(content) > 12 && string(content[4:8]) == "ftyp"
	case ".ico":
		return http.DetectContentType(content) == "image/x-icon"
	}
	return http.DetectContentType(content) == contentTypes[kind]
}

// Asset is a file sent as it is. Nobody may change its contents.
type Asset struct {
	ContentType string
	Content     []byte
	Gzip        []byte // the same, compressed; nil where that saves nothing
}

// assets are the files below <base>/assets/, by the name they are served under.
type assets struct {
	served map[string]Asset
	names  map[string]string // from the name of a file to the one it is served under
}

// readAssets reads what pages load, with the accent in the style sheet, and the operator's pictures.
func (r *Renderer) readAssets(files fs.FS) (assets, error) {
	a := assets{served: map[string]Asset{}, names: map[string]string{}}
	for _, name := range []string{styleSheet, script, icon} {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return a, fmt.Errorf("read styles: %w", err)
		}
		if own, err := fs.ReadFile(embedded, name); err == nil && bytes.Equal(own, content) { // an operator's stays as it is
			if content, err = minified(name, content); err != nil {
				return a, err
			}
		}
		if name == styleSheet {
			own, err := fs.ReadFile(files, ownStyles)
			if err != nil {
				return a, fmt.Errorf("read styles: %w", err)
			}
			if r.options.Accent != "" {
				content = slices.Concat(content, []byte(r.accent.css()))
			}
			content = slices.Concat(content, own)
		}
		if err := a.add(name, path.Base(name), content); err != nil {
			return a, err
		}
	}
	for _, p := range r.pictures() {
		if err := p.check(); err != nil {
			return a, err
		}
		if err := a.add(p.key(), "picture"+strings.ToLower(path.Ext(p.Name)), p.Content); err != nil {
			return a, err
		}
	}
	return a, nil
}

// minified is a style sheet or script without what only its authors need, and anything else as it is.
func minified(name string, content []byte) ([]byte, error) {
	m := minify.New()
	m.AddFunc(".css", css.Minify)
	m.AddFunc(".js", js.Minify)
	small, err := m.Bytes(path.Ext(name), content)
	if errors.Is(err, minify.ErrNotExist) {
		return content, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return small, nil
}

func (r *Renderer) pictures() []Picture {
	all := slices.Clone(r.options.Icons)
	for _, p := range []*Picture{r.options.Logo, r.options.LogoDark} {
		if p != nil {
			all = append(all, *p)
		}
	}
	return all
}

// key tells pictures apart by what they show: two files of one name are two.
func (p Picture) key() string { return fmt.Sprintf("%x", sha256.Sum256(p.Content)) + path.Ext(p.Name) }

// add takes up a file. The name it is served under holds a hash of its content, so that it can be cached for ever and a
// change is seen at once.
func (a *assets) add(name, as string, content []byte) error {
	sum := sha256.Sum256(content)
	ending := path.Ext(as)
	under := strings.TrimSuffix(as, ending) + "." + hex.EncodeToString(sum[:8]) + ending
	asset := Asset{ContentType: contentTypes[ending], Content: content}
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compress %s: %w", as, err)
	}
	_, err = z.Write(content)
	if err = errors.Join(err, z.Close()); err != nil {
		return fmt.Errorf("compress %s: %w", as, err)
	}
	if small.Len() < len(content)*9/10 {
		asset.Gzip = small.Bytes()
	}
	a.served[under], a.names[name] = asset, under
	return nil
}

// Asset is the file served as <base>/assets/<name>. One that is of another version is not exact: while nodes are updated
// one by one, a page of one may ask another for what it loads, and an older style is better than none.
func (r *Renderer) Asset(name string) (a Asset, exact, ok bool) {
	if a, ok = r.assets.served[name]; ok {
		return a, true, true
	}
	for _, file := range []string{styleSheet, script, icon} {
		under := r.assets.names[file]
		if len(name) == len(under) && anyVersion.ReplaceAllString(name, "") == anyVersion.ReplaceAllString(under, "") {
			return r.assets.served[under], false, true
		}
	}
	return a, false, false
}

// anyVersion is the part of a name that tells versions apart.
var anyVersion = regexp.MustCompile(`\.[0-9a-f]{16}\.`)

// PicturePath is the address of a picture given to New, "" for another.
func (r *Renderer) PicturePath(p Picture) string {
	under, ok := r.assets.names[p.key()]
	if !ok {
		return ""
	}
	return r.path("assets/" + under)
}
