package web

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/loginwall/loginwall/pages"
)

// strictTransport is a year, the least that counts as strict (ASVS 5.0, 3.4.1).
const strictTransport = "max-age=31536000"

// transport asks the browser to come back by https only. What the operator has set stays.
func (v *visit) transport() {
	if h := v.w.Header(); v.req.Secure && h.Get("Strict-Transport-Security") == "" {
		h.Set("Strict-Transport-Security", strictTransport)
	}
}

// show sends a page with its own status.
func (v *visit) show(view pages.View) { v.showAs(view, view.Status()) }

// showAs sends a page with another status than its own.
func (v *visit) showAs(view pages.View, status int) {
	body, err := v.Renderer.Render(view)
	if err != nil {
		v.Fault(err)
		v.cookies = slices.DeleteFunc(v.cookies, func(c *http.Cookie) bool { return c.MaxAge >= 0 }) // what is cleared stays so
		view = pages.Fault{Page: v.page()}
		status = view.Status()
		if body, err = v.Renderer.Render(view); err != nil {
			v.Fault(err)
			body = nil
		}
	}
	h := v.w.Header()
	v.Renderer.SetHeaders(h, view)
	if v.req.Plain {
		// A page that sends no Referer sends `Origin: null` with its forms, and over plain http browsers send no
		// Sec-Fetch-Site either: nothing would be left to tell our own forms by.
		h.Set("Referrer-Policy", "same-origin")
	}
	v.transport()
	v.setCookies()
	v.write(status, body)
}

// redirect sends the browser on with a GET. location is a path of this site.
func (v *visit) redirect(location string) {
	pages.SetSecurityHeaders(v.w.Header())
	v.transport()
	v.setCookies()
	v.w.Header().Set("Location", location)
	v.write(http.StatusSeeOther, nil)
}

// json sends an answer for scripts. It sets no cookie.
func (v *visit) json(status int, answer map[string]any) {
	body, err := json.Marshal(answer)
	if err != nil {
		v.Fault(fmt.Errorf("encode answer: %w", err))
		status, body = http.StatusInternalServerError, nil
	}
	v.send(status, "application/json", append(body, '\n'))
}

// send sends what is no page.
func (v *visit) send(status int, contentType string, body []byte) {
	pages.SetSecurityHeaders(v.w.Header())
	v.transport()
	v.w.Header().Set("Content-Type", contentType)
	v.write(status, body)
}

func (v *visit) write(status int, body []byte) {
	v.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(body) // the visitor has gone: nobody is left to be told
	}
}

// seconds rounds up, so that nobody comes back a moment too early.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
