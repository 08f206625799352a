package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestT13_AFailedSendingIsTold(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.refused = true
	w.browser().forgot(jo)
	b := w.browser()
	b.submit(b.open(w.link()), "/_auth/reset", "method", "text")
	p := b.open("/_auth/reset")
	if p.Header.Get("Refresh") != "1" {
		t.Error("the page does not ask again while the text is on its way")
	}
	b.submit(p, "/_auth/reset", "resend", "text") // too soon, as far as one can know by now
	w.deliver()
	p = b.open("/_auth/reset")
	if p.Header.Get("Refresh") != "" {
		t.Error("the page goes on asking")
	}
	wantText(t, p, `role="alert"`)
	wantText(t, p, `name="resend" value="call"`)
	wantLocation(t, b.submit(p, "/_auth/reset", "resend", "call"), "/_auth/reset")
	w.deliver()
	if len(w.calls) != 1 {
		t.Errorf("%d calls", len(w.calls))
	}
	if p = b.open("/_auth/reset"); strings.Contains(p.body, `role="alert"`) {
		t.Error("still said to have failed")
	}
}

func TestASendingThatTakesLongIsNotAskedForForEver(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.browser().forgot(jo)
	b := w.browser()
	b.submit(b.open(w.link()), "/_auth/reset", "method", "text")
	w.advance(10 * time.Second)
	if p := b.open("/_auth/reset"); p.Header.Get("Refresh") != "" {
		t.Error("still asking")
	}
}

func TestSendLimitIsToldWithTheTimeToWait(t *testing.T) {
	w := newWall(t, nil)
	w.active(jo, good)
	w.advance(time.Hour)
	w.browser().forgot(jo)
	b := w.browser()
	page := b.toCode(w.link())
	for range 2 {
		w.advance(time.Minute)
		b.submit(page, "/_auth/reset", "resend", "again")
		w.deliver()
	}
	w.advance(time.Minute)
	sent := len(w.texts)
	wantLocation(t, b.submit(page, "/_auth/reset", "resend", "call"), "/_auth/reset")
	w.deliver()
	p := b.open("/_auth/reset")
	wantText(t, p, "12 minutes")
	wantText(t, p, `name="code"`)
	if len(w.texts) != sent || len(w.calls) != 0 {
		t.Error("sent past the limit")
	}
	w.advance(13 * time.Minute)
	if p = b.open("/_auth/reset"); !strings.Contains(p.body, `name="resend"`) {
		t.Error("the limit is told after its end")
	}
	// Another browser with the same link has not even reached the code.
	w.advance(-13 * time.Minute)
	c := w.browser()
	c.submit(c.open(w.link()), "/_auth/reset", "method", "text")
	wantStatus(t, c.open("/_auth/reset"), http.StatusTooManyRequests)
}
