package pages

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// PreviewFile is one file of a preview. Path is relative and has slashes.
type PreviewFile struct {
	Path    string
	Content []byte
}

// PreviewOptions is what samples stand in for where it is not known.
type PreviewOptions struct {
	Origin string // of links, such as https://mail.example.com
	Tiles  []Tile // of the home page
}

const sampleCode = "012345"

// Preview renders everything people can be shown, in every language, from the samples: each page and mail, the texts,
// the call, what pages load, an index of each language and one of all, index.html. Pages find their assets from disk.
// The order is the same each time.
func (r *Renderer) Preview(o PreviewOptions) ([]PreviewFile, error) {
	p := preview{renderer: r, PreviewOptions: o}
	if p.Origin == "" {
		p.Origin = sampleOrigin
	}
	for _, tag := range r.options.Languages {
		for _, add := range []func(string) error{p.addPages, p.addMails, p.addTexts, p.addCall} {
			if err := add(tag); err != nil {
				return nil, fmt.Errorf("preview in %s: %w", tag, err)
			}
		}
	}
	slices.SortFunc(p.files, func(a, b PreviewFile) int { return cmp.Compare(a.Path, b.Path) })
	if err := p.addIndexes(); err != nil {
		return nil, fmt.Errorf("preview index: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(r.assets.served)) {
		p.add("assets/"+name, r.assets.served[name].Content)
	}
	return p.files, nil
}

// preview is one being made.
type preview struct {
	PreviewOptions
	renderer *Renderer
	files    []PreviewFile
}

func (p *preview) add(path string, content []byte) {
	p.files = append(p.files, PreviewFile{path, content})
}

func (p *preview) addPages(tag string) error {
	r := p.renderer
	for name, v := range samples() {
		page, err := r.render(r.edition(tag), p.withTiles(v))
		if err != nil {
			return err
		}
		p.add(tag+"/page/"+name+".html", r.relativeTo("../../", page))
	}
	return nil
}

// withTiles gives a home page the tiles of the site, or those of the samples a picture that there is.
func (p *preview) withTiles(v View) View {
	home, ok := v.(Home)
	if !ok || len(home.Tiles) == 0 {
		return v
	}
	if len(p.Tiles) > 0 {
		home.Tiles = p.Tiles
		return home
	}
	home.Tiles = slices.Clone(home.Tiles)
	for i, tile := range home.Tiles {
		if tile.Icon != "" {
			home.Tiles[i].Icon = p.renderer.assetPath(icon)
		}
	}
	return home
}

// relativeTo replaces the addresses of assets by such as lead to them from a file, up being the way to the top.
func (r *Renderer) relativeTo(up string, page []byte) []byte {
	return bytes.ReplaceAll(page, []byte(`"`+r.path("assets/")), []byte(`"`+up+"assets/"))
}

func (p *preview) addMails(tag string) error {
	for name, l := range sampleLetters() {
		m, err := p.renderer.mail(p.renderer.edition(tag), l)
		if err != nil {
			return err
		}
		p.add(tag+"/mail/"+name+".html", p.withOrigin(m.HTML))
		p.add(tag+"/mail/"+name+".txt", p.withOrigin("Subject: "+m.Subject+"\n\n"+m.Text))
	}
	return nil
}

// withOrigin is a mail with links that lead to the site instead of the samples'.
func (p *preview) withOrigin(mail string) []byte {
	return []byte(strings.ReplaceAll(mail, sampleOrigin+"/_auth/", p.Origin+p.renderer.path("")))
}

func (p *preview) addTexts(tag string) error {
	host, err := url.Parse(p.Origin)
	if err != nil {
		return err
	}
	for name, write := range map[string]func() (string, error){
		"code": func() (string, error) {
			return p.renderer.CodeText(CodeText{Language: tag, Code: sampleCode, Host: host.Hostname()})
		},
		"password_changed": func() (string, error) { return p.renderer.PasswordChangedText(tag) },
		"phone_changed":    func() (string, error) { return p.renderer.PhoneChangedText(tag) },
	} {
		text, err := write()
		if err != nil {
			return err
		}
		p.add(tag+"/text/"+name+".txt", []byte(text+"\n"))
	}
	return nil
}

func (p *preview) addCall(tag string) error {
	sentences, err := p.renderer.CodeCall(CodeCall{Language: tag, Code: sampleCode})
	if err != nil {
		return err
	}
	p.add(tag+"/call/code.txt", []byte(strings.Join(sentences, "\n")+"\n"))
	return nil
}
