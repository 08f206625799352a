package web_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/loginwall/loginwall/pages/web"
)

func TestT3_SE23_SE24_OurCookiesStayHere(t *testing.T) {
	cases := map[string]struct{ in, out []string }{
		"none of ours":  {[]string{` a=1;b="x y" ;; c `}, []string{` a=1;b="x y" ;; c `}},
		"only ours":     {[]string{"__Host-loginwall=x"}, nil},
		"first":         {[]string{"__Host-loginwall=x; a=1;b=2"}, []string{"a=1;b=2"}},
		"middle":        {[]string{"a=1; loginwall-flow=y;  b=2"}, []string{"a=1;  b=2"}},
		"last":          {[]string{"a=1; __Secure-loginwall=z"}, []string{"a=1"}},
		"several lines": {[]string{"a=1", "loginwall=x", "loginwall-form=x;b==2="}, []string{"a=1", "b==2="}},
		"odd spacing":   {[]string{"a=1;\tLOGINWALL =x ;b=2;loginwall"}, []string{"a=1;b=2"}},
		"spellings":     {[]string{"__host_loginwall=1; login=2; __Host-LoginWall=3; %6coginwall=4; __Host.loginwall=5; __%48ost-loginwall=6; loginwall[a]=7"}, []string{"login=2"}},
		"in a value":    {[]string{"a=loginwall=1"}, []string{"a=loginwall=1"}},
	}
	for name, c := range cases {
		h := http.Header{"Cookie": slices.Clone(c.in), "X": {"1"}}
		web.StripCookies(h)
		if have := h["Cookie"]; !slices.Equal(have, c.out) {
			t.Errorf("%s: %q became %q, want %q", name, c.in, have, c.out)
		}
		if _, there := h["Cookie"]; there && c.out == nil {
			t.Errorf("%s: an empty line is left", name)
		}
	}
	for _, name := range []string{"", "PHPSESSID", "roundcube_sessid", "__Host-session", "logi"} {
		if web.OwnCookie(name) {
			t.Errorf("%s is ours", name)
		}
	}
}
