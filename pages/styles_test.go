package pages

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestContrast(t *testing.T) { // as WCAG and its tools have them
	for pair, want := range map[[2]string]float64{
		{"#ffffff", "#000000"}: 21, {"#ffffff", "#767676"}: 4.54, {"#0000ff", "#ffffff"}: 8.59, {"#ff0000", "#00ff00"}: 2.91,
	} {
		a, errA := parseColour(pair[0])
		b, errB := parseColour(pair[1])
		if got := contrast(a, b); errA != nil || errB != nil || math.Abs(got-want) > 0.005 || got != contrast(b, a) {
			t.Errorf("%v: %.3f, want %.2f", pair, got, want)
		}
	}
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
			front, errFront := parseColour(colours[pair.front])
			back, errBack := parseColour(colours[pair.back])
			if err := errors.Join(errFront, errBack); err != nil {
				t.Fatal(err)
			}
			if got := contrast(front, back); got < pair.least {
				t.Errorf("set %d: %s on %s has a contrast of %.2f, want %.1f", i, pair.front, pair.back, got, pair.least)
			}
		}
	}
}
