package pages

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// luminance of a colour such as #0b5cad, as WCAG defines it.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		t.Fatalf("colour %q", colour)
	}
	channel := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func TestU14_ColoursHaveContrast(t *testing.T) {
	sheet, err := embedded.ReadFile(styleSheet)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(sheet), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d sets of colours, want light and dark", len(blocks))
	}
	for i, block := range blocks {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`).FindAllStringSubmatch(block[1], -1) {
			colours[m[1]] = m[2]
			if short := m[2]; len(short) == 4 {
				colours[m[1]] = "#" + strings.Repeat(short[1:2], 2) + strings.Repeat(short[2:3], 2) + strings.Repeat(short[3:], 2)
			}
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "paper", 4.5}, {"ink", "card", 4.5}, {"ink", "note", 4.5},
			{"faint", "card", 4.5}, {"accent", "card", 4.5}, {"accent", "paper", 4.5}, {"accent", "note", 4.5},
			{"on-accent", "accent", 4.5}, {"bad", "card", 4.5}, {"good", "note", 4.5}, {"faint", "note", 4.5}, {"faint", "paper", 4.5}, {"ink", "bad-paper", 4.5}, {"line", "card", 3}, {"line", "paper", 3},
		} {
			a, b := luminance(t, colours[pair.front]), luminance(t, colours[pair.back])
			if contrast := (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05); contrast < pair.least {
				t.Errorf("set %d: %s on %s has a contrast of %.2f, want %.1f", i, pair.front, pair.back, contrast, pair.least)
			}
		}
	}
}
