package pages

// Home is the page of the person signed in, with a tile for each app they may open.
type Home struct {
	Page
	Tiles []Tile
	Ends  PasswordEnd // of the person's password
}

// Tile is an app on the home page.
type Tile struct {
	Name  string
	About string // a few words more, or ""
	URL   string // a path of this site, or an absolute address
	Icon  string // address of a picture, see Renderer.PicturePath; "" shows the first letter of Name
}

// Initial stands where there is no icon.
func (t Tile) Initial() string { return initial(t.Name) }

func (Home) file() string { return "home" }
