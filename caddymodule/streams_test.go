package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loginwall/loginwall/policy"
)

// Ensure cutting streams races with nothing: hundreds of requests over HTTP/2 and HTTP/1 end by themselves at the very
// moment they are cut, and the server goes on.
func TestT5_CuttingRacesWithEnding(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			s := newStreams()
			defer s.stop()
			revoked := func(context.Context, policy.SessionKey) (policy.Reason, error) { return policy.Revoked, nil }
			var cut atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r, done := s.begin(w, r, policy.SessionKey(r.URL.Path), revoked)
				defer done()
				if r.URL.Query().Has("quick") {
					time.Sleep(lookEvery) // about when the watch comes by
					return
				}
				<-r.Context().Done()
				cut.Add(1)
			}))
			server.EnableHTTP2 = two
			server.StartTLS()
			defer server.Close()
			var running sync.WaitGroup
			for i := range 300 {
				running.Go(func() {
					query := ""
					if i%2 == 0 {
						query = "?quick"
					}
					response, err := server.Client().Get(server.URL + "/" + string(rune('a'+i%20)) + query)
					if err == nil {
						_, _ = io.Copy(io.Discard, response.Body)
						response.Body.Close()
					}
				})
			}
			running.Wait()
			left := func() int {
				s.mu.Lock()
				defer s.mu.Unlock()
				return len(s.open)
			}
			for range 200 { // a client can know that its connection is gone before the handler does
				if left() == 0 && cut.Load() >= 150 {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			if n := cut.Load(); n < 150 { // clients try some again
				t.Errorf("%d streams were cut, want at least 150", n)
			}
			if n := left(); n != 0 {
				t.Errorf("%d streams are left", n)
			}
		})
	}
}

// Ensure streams go on while the store is silent, and not for longer than is safe, however many there are.
func TestStreamsWhileTheStoreIsSilent(t *testing.T) {
	var asked atomic.Int32
	silent := func(ctx context.Context, _ policy.SessionKey) (policy.Reason, error) {
		asked.Add(1)
		<-ctx.Done()
		return "", errors.New("no answer")
	}
	s := &streams{open: make(map[*stream]struct{}), stop: func() {}}
	var contexts []context.Context
	for i := range 200 {
		r, done := s.begin(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), policy.SessionKey(rune('a'+i)), silent)
		defer done()
		contexts = append(contexts, r.Context())
	}
	began := time.Now()
	s.look(t.Context(), began.Add(time.Minute))
	if took := time.Since(began); took > 2*lookTime {
		t.Errorf("one round took %v", took)
	}
	if n := asked.Load(); n > 2*lookers {
		t.Errorf("%d questions to a store that does not answer", n)
	}
	for _, ctx := range contexts {
		if ctx.Err() != nil {
			t.Fatal("a stream was cut at once")
		}
	}
	for x := range s.open {
		x.sure = time.Now().Add(-unsureFor)
	}
	s.look(t.Context(), began.Add(time.Minute))
	for _, ctx := range contexts {
		if ctx.Err() == nil {
			t.Fatal("a stream goes on for ever")
		}
	}
}
