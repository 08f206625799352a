package web

import (
	"net/http"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// session tells scripts of the app how long the session lasts, so that they can warn in time. Asking is no activity.
func (v *visit) session() error {
	id, reason, _, err := v.identity(false)
	if err != nil {
		v.Unavailable(v.w, v.r, v.req)
		return nil
	}
	v.w.Header().Add("Vary", "Cookie")
	if reason != policy.OK {
		v.json(http.StatusOK, map[string]any{"signed_in": false})
		return nil
	}
	idle, all := v.Gate.SessionLeft(id)
	answer := map[string]any{
		"signed_in":        true,
		"idle_seconds":     int(idle / time.Second),
		"lifetime_seconds": int(all / time.Second),
	}
	if days, does := v.Rules.PasswordDaysLeft(&id.Account, v.Gate.Now()); does {
		answer["password_days_left"] = days
	}
	v.json(http.StatusOK, answer)
	return nil
}

// health tells load balancers whether anything can be decided here, and nothing else.
func (v *visit) health() error {
	if !v.probe.healthy(v.ctx()) {
		v.w.Header().Set("Retry-After", seconds(retryLater))
		v.send(http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte("unavailable\n"))
		return nil
	}
	v.send(http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	return nil
}
