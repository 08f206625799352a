package address

import (
	"errors"
	"strings"
	"testing"
)

func TestAD12_Phone(t *testing.T) {
	for raw, want := range map[string]string{
		"+12025550123":      "+12025550123",
		"+1 (202) 555-0123": "+12025550123",
		" +1-202-555-0123 ": "+12025550123",
		"+1.202.555.0123":   "+12025550123",
		"+44 20 7946 0958":  "+442079460958", // a landline is fine: it gets a call
		"+49 30 901820":     "+4930901820",
		"+390612345678":     "+390612345678", // Italy's zero is part of the number
		"+18005551234":      "+18005551234",
		"+61 491 570 156":   "+61491570156",
		"+15550100":         "+15550100", // fictional, from here on
		"+15555550100":      "+15555550100",
		"+1 (555) 123-4567": "+15551234567",
		"+1 264 555 0123":   "+12645550123",
		"+44 7700 900123":   "+447700900123",
	} {
		got, err := Phone(raw, nil)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
		if again, err := Phone(got, nil); err != nil || again != got {
			t.Errorf("%q is not stable: %q, %v", got, again, err)
		}
	}
}

func TestAD12_PhoneRefuses(t *testing.T) {
	for _, c := range []struct {
		want error
		raw  []string
	}{
		{ErrNational, []string{"2025550123", "(202) 555-0123", "0044 20 7946 0958", "011 44 20 7946 0958", "911", "12025550123"}},
		{ErrExtension, []string{"+12025550123x5", "+1 202 555 0123 ext. 5", "+12025550123;ext=5", "+12025550123,5", "+12025550123#5"}},
		{ErrCostly, []string{
			"+19005551234",     // premium, US
			"+33 899 70 12 34", // premium, France
			"+44 871 200 1234", // shared or special cost, UK
			"+44 845 600 1234", // shared cost, UK
			"+44 7012 345678",  // personal number, UK
			"+979123456789",    // international premium
			"+881612345678",    // satellite
			"+8823456789012",   // international network
			"+44 7640 123456",  // pager, UK
		}},
		{ErrNotPhone, []string{
			"", " ", "+", "+ ", "++12025550123", "+911", "+1911", "+44112", "+1202555012", "+120255501234",
			"+999123456789", "+1 202 555 0123 📞", "📞", "+1２０２5550123", "+1-800-FLOWERS", "alice", "+0012025550123",
			"+12025550123\n", "+1202\x005550123", "tel:+12025550123", "+12025550123+", "+11235550199", "+44 (0)20 7946 0958",
			"+1" + strings.Repeat("2", 50), strings.Repeat("+", 1<<20), "+12025550123/34",
		}},
	} {
		for _, raw := range c.raw {
			if len(raw) > 60 {
				if got, err := Phone(raw, nil); !errors.Is(err, c.want) {
					t.Errorf("%d bytes: %q, %v", len(raw), got, err)
				}
				continue
			}
			if got, err := Phone(raw, nil); !errors.Is(err, c.want) {
				t.Errorf("%q: %q, %v; want %v", raw, got, err, c.want)
			}
		}
	}
}

func TestAD12_PhoneCountries(t *testing.T) {
	for _, c := range []struct {
		raw       string
		countries []string
		want      error
	}{
		{"+12025550123", []string{"US", "CA"}, nil},
		{"+14165550123", []string{"US", "CA"}, nil},
		{"+14165550123", []string{"US"}, ErrCountry},
		{"+18765551234", []string{"US", "CA"}, ErrCountry}, // Jamaica shares the country code 1, and not the price
		{"+15555550100", []string{"US"}, nil},
		{"+15555550100", []string{"CA"}, ErrCountry},
		{"+442079460958", []string{"US"}, ErrCountry},
		{"+19005551234", []string{"US"}, ErrCostly},
	} {
		if _, err := Phone(c.raw, c.countries); !errors.Is(err, c.want) {
			t.Errorf("%s in %v: %v", c.raw, c.countries, err)
		}
	}
}

func TestValidCountry(t *testing.T) {
	for code, want := range map[string]bool{
		"US": true, "DE": true, "GB": true, "us": false, "UK": false, "001": false, "": false, "XX": false, "USA": false,
	} {
		if ValidCountry(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}

func TestRS38_MaskPhone(t *testing.T) {
	for number, want := range map[string]string{
		"+12025550123": "••••••23", "+442079460958": "••••••58", "+1555": "••••••", "": "••••••", "not a number": "••••••",
	} {
		if got := MaskPhone(number); got != want {
			t.Errorf("%q: %q", number, got)
		}
	}
}

func FuzzPhone(f *testing.F) {
	for _, seed := range []string{"+12025550123", "+1 (202) 555-0123", "+44 (0)20", "+390612345678", "tel:;phone-context=", "+"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		number, err := Phone(raw, nil)
		if err != nil {
			return
		}
		if len(number) > 16 || number[0] != '+' || strings.Trim(number[1:], "0123456789") != "" {
			t.Fatalf("%q gives %q", raw, number)
		}
		if again, err := Phone(number, nil); err != nil || again != number {
			t.Fatalf("%q gives %q, which gives %q, %v", raw, number, again, err)
		}
	})
}
