package pages

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// The grounds on which the accent stands as text, as the style sheet has them, and the inks that stand on it. A contrast
// of 4.5 to 1 is the least for text (WCAG 2.2, 1.4.3).
var (
	lightGrounds = []colour{{0xf6, 0xf7, 0xf9}, {0xff, 0xff, 0xff}, {0xee, 0xf2, 0xf7}}
	darkGrounds  = []colour{{0x13, 0x16, 0x1a}, {0x1d, 0x22, 0x28}, {0x27, 0x2e, 0x37}}
	white        = colour{0xff, 0xff, 0xff}
	black        = colour{0x0b, 0x12, 0x1a}
)

const (
	leastContrast = 4.5
	builtInAccent = "#0b5cad" // the style sheet's, in light mode
)

// scheme is an accent for both modes, each with the ink of what stands on it.
type scheme struct{ light, onLight, dark, onDark colour }

var hexColour = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// CheckAccent tells how a colour, #rrggbb, will be used: as it is, or where it would be hard to read as a darker one on
// light pages and a lighter one on dark pages. corrected names what a page in light mode shows, "" where nothing changes.
func CheckAccent(accent string) (corrected string, err error) {
	s, err := accentScheme(accent)
	if err != nil {
		return "", err
	}
	if wanted, _ := parseColour(accent); wanted != s.light {
		return s.light.String(), nil
	}
	return "", nil
}

func accentScheme(accent string) (scheme, error) {
	wanted, err := parseColour(accent)
	if err != nil {
		return scheme{}, err
	}
	s := scheme{light: legible(wanted, lightGrounds, colour{}), dark: legible(wanted, darkGrounds, white)}
	s.onLight, s.onDark = inkOn(s.light), inkOn(s.dark)
	return s, nil
}

// legible moves a colour towards another, black or white, just so far that it can be read on all grounds.
func legible(c colour, grounds []colour, towards colour) colour {
	const steps = 100
	for i := 0; i <= steps; i++ {
		tried := c.mix(towards, float64(i)/steps)
		if lowest(tried, grounds) >= leastContrast {
			return tried
		}
	}
	return towards
}

func lowest(c colour, grounds []colour) float64 {
	least := math.Inf(1)
	for _, g := range grounds {
		least = min(least, contrast(c, g))
	}
	return least
}

func inkOn(c colour) colour {
	if contrast(white, c) >= contrast(black, c) {
		return white
	}
	return black
}

// css is what follows the style sheet, and so wins over it.
func (s scheme) css() string {
	return fmt.Sprintf(":root{--accent:%s;--on-accent:%s}@media(prefers-color-scheme:dark){:root{--accent:%s;--on-accent:%s}}\n",
		s.light, s.onLight, s.dark, s.onDark)
}

// colour is red, green and blue in sRGB.
type colour [3]uint8

func parseColour(text string) (colour, error) {
	var c colour
	if !hexColour.MatchString(text) {
		return c, fmt.Errorf("read accent: %q is not a colour like #0b6e4f", text)
	}
	for i := range c {
		part, err := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return c, fmt.Errorf("read accent: %w", err)
		}
		c[i] = uint8(part)
	}
	return c, nil
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

func (c colour) mix(with colour, share float64) colour {
	for i := range c {
		c[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(with[i])*share))
	}
	return c
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func (c colour) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}
