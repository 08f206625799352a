package pages

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// Ensure the grounds that accents are measured on are those of the style sheet, in which the accent stands.
func TestAccentKnowsTheGrounds(t *testing.T) {
	sheet, err := embedded.ReadFile(styleSheet)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(string(sheet), -1)
	for i, grounds := range [][]colour{lightGrounds, darkGrounds} {
		for j, name := range []string{"paper", "card", "note"} {
			want := regexp.MustCompile(`--` + name + `: (#[0-9a-f]+);`).FindStringSubmatch(blocks[i][1])
			short := fmt.Sprintf("#%x%x%x", grounds[j][0]&15, grounds[j][1]&15, grounds[j][2]&15)
			if want == nil || want[1] != grounds[j].String() && want[1] != short {
				t.Errorf("set %d: %s is %v in the style sheet, %s here", i, name, want, grounds[j])
			}
		}
	}
	if !strings.Contains(blocks[0][1], "--accent: "+builtInAccent+";") {
		t.Error("the built-in accent is another one in the style sheet")
	}
}

// Ensure whatever colour an operator names can be read wherever it stands, and stays what it is where it could be read.
func TestU14_EveryAccentCanBeRead(t *testing.T) {
	colours := []string{"#000000", "#ffffff", "#ffff00", "#ff0000", "#00ff00", "#0000ff", "#808080", "#0B6E4F", "#ffee00"}
	for range 500 {
		colours = append(colours, fmt.Sprintf("#%06x", rand.IntN(1<<24)))
	}
	for _, wanted := range colours {
		s, err := accentScheme(wanted)
		if err != nil {
			t.Fatalf("%s: %v", wanted, err)
		}
		c, _ := parseColour(wanted)
		for _, mode := range []struct {
			shown, ink colour
			grounds    []colour
		}{{s.light, s.onLight, lightGrounds}, {s.dark, s.onDark, darkGrounds}} {
			if got := lowest(mode.shown, mode.grounds); got < leastContrast {
				t.Errorf("%s: %s has a contrast of %.2f", wanted, mode.shown, got)
			}
			if got := contrast(mode.ink, mode.shown); got < leastContrast {
				t.Errorf("%s: what stands on %s has a contrast of %.2f", wanted, mode.shown, got)
			}
			if lowest(c, mode.grounds) >= leastContrast && mode.shown != c {
				t.Errorf("%s became %s without need", wanted, mode.shown)
			}
		}
	}
	for accent, want := range map[string]string{"#0b6e4f": "", "#ffff00": "#"} {
		if got, err := CheckAccent(accent); err != nil || (got == "") != (want == "") {
			t.Errorf("%s is corrected to %q, %v", accent, got, err)
		}
	}
	for _, none := range []string{"red", "#fff", "#12345g", "#1234567", "0b6e4f", "#0b6e4f;}body{display:none"} {
		if _, err := New(Options{Accent: none}); err == nil {
			t.Errorf("%q is taken for a colour", none)
		}
	}
}

// Ensure the accent reaches the style sheet, after its own, and the button in mails.
func TestAccentIsShown(t *testing.T) {
	r := newRenderer(t, Options{Accent: "#0b6e4f"})
	sheet, _, ok := r.Asset(r.assets.names[styleSheet])
	if own := strings.Index(string(sheet.Content), "--accent:#0b5cad"); !ok || own < 0 || strings.LastIndex(string(sheet.Content), "--accent:#0b6e4f") < own {
		t.Error("the style sheet has not the accent")
	}
	m, err := r.Mail(sampleLetters()["reset"])
	if err != nil || !strings.Contains(m.HTML, "background:#0b6e4f") {
		t.Errorf("the mail has not the accent, error %v", err)
	}
}
