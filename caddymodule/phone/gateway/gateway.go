// Package gateway is how phone senders speak HTTP to a provider: once, to the configured host alone, and with a bound
// on what comes back.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/loginwall/loginwall/caddymodule/clause"
	"github.com/loginwall/loginwall/policy/message"
)

// DefaultTimeout is how long one request may take where the operator says nothing.
const DefaultTimeout = 30 * time.Second

// longestBody is how much of an answer is read; the rest of it is of no interest.
const longestBody = 64 << 10

// Client sends requests to a provider. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
}

// NewClient gives a client whose requests end after timeout; 0 stands for [DefaultTimeout].
func NewClient(timeout time.Duration) *Client {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	return &Client{timeout: timeout, transport: &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		// A request on a connection that was kept is silently repeated when the connection turns out to be dead. A
		// text must not be: the provider may have taken the first.
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: longestBody,
		ForceAttemptHTTP2:      true,
	}}
}

// Answer is what a provider said.
type Answer struct {
	Status int
	Body   []byte // at most 64 KiB
	// Cut is why Body is not all that was meant to be read, or nil. The status was given all the same.
	Cut error
}

// Do sends a request and reads the answer, whatever its status. It goes to the transport itself, which follows no
// redirects: the number and the code are for the configured host alone. An error means that no answer came; it holds
// nothing of the request's address, in which numbers and passwords may stand, and nothing that the other side sent.
func (c *Client) Do(ctx context.Context, r *http.Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return Answer{}, discreet(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // its status has been given
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestBody))
	if err != nil {
		err = discreet(ctx, err)
	}
	return Answer{Status: resp.StatusCode, Body: body, Cut: err}, nil
}

// Failure is the error for a status that is not one of success. It is a refusal for what the provider holds against the
// message itself. Wrong credentials, limits and troubles of the provider's own pass, and redirects are put right by the
// operator.
func Failure(status int) error {
	switch {
	case status < 400 || status > 499:
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired,
		status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
	default:
		return fmt.Errorf("the provider answered %d: %w", status, message.ErrRefused)
	}
	return fmt.Errorf("the provider answered %d", status)
}

// CheckURL says whether messages may be sent to an address: https, or http to this machine or where insecure allows it.
func CheckURL(u *url.URL, insecure bool) error {
	switch {
	case u.Host == "" || u.Hostname() == "":
		return errors.New("the address names no host: write it like https://gateway.example.com/send")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("%q is not a way to send: write https", u.Scheme)
	case !insecure && !clause.Loopback(u.Hostname()):
		return errors.New("http would show numbers and codes to whoever is on the way: write https")
	}
	return nil
}

// discreet keeps what says why there is no answer, and drops the rest: protocol errors quote what was received.
func discreet(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &network):
		return network
	}
	return errors.New("no answer that could be understood")
}
