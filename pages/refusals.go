package pages

import (
	"net/http"
	"strings"
	"time"
)

// Forbidden answers somebody who is signed in (SignedInAs) but in none of the groups a path asks for.
type Forbidden struct {
	Page
	ContinueURL string // a path of this site the person may use, or ""
}

func (Forbidden) file() string { return "forbidden" }

// Status is 403.
func (Forbidden) Status() int { return http.StatusForbidden }

// Busy asks a source that sends too much to wait.
type Busy struct {
	Page
	RetryAfter time.Duration
}

func (Busy) file() string               { return "busy" }
func (v Busy) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// Status is 429.
func (Busy) Status() int { return http.StatusTooManyRequests }

// Unavailable says that nothing can be decided right now, because the store does not answer. Nobody passes meanwhile,
// and nobody is signed out.
type Unavailable struct {
	Page
	RetryAfter time.Duration
}

func (Unavailable) file() string               { return "unavailable" }
func (v Unavailable) addHeaders(h http.Header) { setRetryAfter(h, v.RetryAfter) }

// Status is 503.
func (Unavailable) Status() int { return http.StatusServiceUnavailable }

// NotFound answers an address under the prefix that is none of ours. It prints nothing of the address.
type NotFound struct{ Page }

func (NotFound) file() string { return "not_found" }

// Status is 404.
func (NotFound) Status() int { return http.StatusNotFound }

// BadRequest answers a request that no form of ours sends.
type BadRequest struct {
	Page
	Code int // the status, 0 for 400; others: 413, 415, 421, 425
}

func (BadRequest) file() string { return "bad_request" }

// Status is Code, or 400.
func (v BadRequest) Status() int {
	if v.Code != 0 {
		return v.Code
	}
	return http.StatusBadRequest
}

// MethodNotAllowed answers a method the address does not take. Allow becomes the header of that name.
type MethodNotAllowed struct {
	Page
	Allow []string
}

func (MethodNotAllowed) file() string { return "method_not_allowed" }

func (v MethodNotAllowed) addHeaders(h http.Header) { h.Set("Allow", strings.Join(v.Allow, ", ")) }

// Status is 405.
func (MethodNotAllowed) Status() int { return http.StatusMethodNotAllowed }

// Fault answers when something broke on our side. It says no more than the request id.
type Fault struct{ Page }

func (Fault) file() string { return "fault" }

// Status is 500.
func (Fault) Status() int { return http.StatusInternalServerError }
