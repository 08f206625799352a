package pages

// Home is the page of the person signed in, with a tile for each app they may open.
type Home struct {
	Page
	Tiles []Tile
	Ends  PasswordEnd // of the person's password
}

// Tile is an app on the home page.
type Tile struct {
	Name  string // as it is, or a key that begins with own.
	About string // a few words more, likewise, or ""
	URL   string // a path of this site, or an absolute address
	Icon  string // address of a picture, see Renderer.PicturePath; "" shows the first letter of the name
}

func (Home) file() string { return "home" }
