package pages

import "strings"

// sign is a piece of a User-Agent and the name it stands for. The first that is found wins: many browsers also carry
// the names of those they descend from.
type sign struct{ piece, name string }

var browsers = []sign{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"},
	{"OPR/", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"},
	{"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
	{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"},
	{"Safari/", "Safari"},
}

var systems = []sign{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
	{"CrOS", "ChromeOS"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
}

func find(signs []sign, agent string) string {
	for _, s := range signs {
		if strings.Contains(agent, s.piece) {
			return s.name
		}
	}
	return ""
}

// device says in words what a User-Agent claims to be. Nothing of the header itself is printed: it is the sender's.
func device(agent string) Phrase {
	browser, system := find(browsers, agent), find(systems, agent)
	switch {
	case browser != "" && system != "":
		return say("device.both", "browser", browser, "system", system)
	case browser != "" || system != "":
		return say("device.one", "name", browser+system)
	}
	return say("device.unknown")
}
