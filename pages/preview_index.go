package pages

import (
	"bytes"
	_ "embed"
	"html/template"
	"path"
	"strings"
)

//go:embed preview/index.html
var previewIndex string

// The kinds of file in a preview, in the order in which an index lists them. Each is a folder of every language.
var previewSections = []struct{ folder, title string }{
	{"page", "Pages"}, {"mail", "Mails"}, {"text", "Texts"}, {"call", "Calls"},
}

// previewPage is an index as its template prints it: of one language, or of all.
type previewPage struct {
	Title, Site string
	Style, Icon string
	Up          string         // the way to the index of all, "" for that one
	Languages   []languageName // of the index of all
	Sections    []previewSection
}

type previewSection struct {
	Title string
	Rows  []previewRow
}

// previewRow is one line: a name, and the files of that name in every language; or one file, and the link names it.
type previewRow struct {
	Name  string
	Links []previewLink
}

type previewLink struct {
	Path, Label string
	Language    *languageName // of the label, nil for English
}

// addIndexes makes an index of each language and one of all, of the files that are there.
func (p *preview) addIndexes() error {
	index, err := template.New("index").Parse(previewIndex)
	if err != nil {
		return err
	}
	r := p.renderer
	write := func(to string, page previewPage) error {
		page.Site = r.options.SiteName
		page.Style, page.Icon = "assets/"+r.assets.names[styleSheet], "assets/"+r.assets.names[icon]
		var content bytes.Buffer
		if err := index.Execute(&content, page); err != nil {
			return err
		}
		p.add(to, content.Bytes())
		return nil
	}
	all := previewPage{Title: "Preview", Sections: p.sections("")}
	for _, tag := range r.options.Languages {
		name := r.editions[tag].words.languageName()
		all.Languages = append(all.Languages, name)
		one := previewPage{Title: "Preview: " + name.Name, Up: "../", Sections: p.sections(tag)}
		if err := write(tag+"/index.html", one); err != nil {
			return err
		}
	}
	return write("index.html", all)
}

// sections lists the files of a language, or with "" those of all, a row for each name.
func (p *preview) sections(tag string) []previewSection {
	var sections []previewSection
	for _, s := range previewSections {
		section := previewSection{Title: s.title}
		places := map[string]int{}
		for _, f := range p.files {
			parts := strings.Split(f.Path, "/") // language, folder, file
			if len(parts) != 3 || parts[1] != s.folder || tag != "" && parts[0] != tag {
				continue
			}
			place, known := places[parts[2]]
			if !known {
				place = len(section.Rows)
				places[parts[2]] = place
				section.Rows = append(section.Rows, previewRow{})
			}
			row := &section.Rows[place]
			if tag != "" {
				row.Links = []previewLink{{Path: path.Join(parts[1:]...), Label: parts[2]}}
				continue
			}
			name := p.renderer.editions[parts[0]].words.languageName()
			row.Name = parts[2]
			row.Links = append(row.Links, previewLink{Path: f.Path, Label: name.Name, Language: &name})
		}
		sections = append(sections, section)
	}
	return sections
}
