package caddymodule

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// observer writes the audit trail and keeps the metrics. Audit lines go to the logger login_wall.audit, one for each
// event; operators route them with `log audit { include login_wall.audit }`.
type observer struct {
	audit  *zap.Logger
	logger *zap.Logger
	faults faultLog
}

func newObserver(logger *zap.Logger) *observer {
	return &observer{audit: logger.Named("audit"), logger: logger, faults: faultLog{logger: logger}}
}

// Event writes one line of the audit trail: when, what, which account, from where, with what outcome. Nothing in it is
// secret, and people appear as the ids of their accounts.
func (o *observer) Event(e gate.Event) {
	count(e)
	fields := []zap.Field{
		zap.Time("time", e.Time),
		zap.String("account", string(e.Account)),
		zap.String("outcome", string(e.Outcome)),
		zap.String("client", short(e.Client.Address, 64)),
		zap.String("user_agent", short(e.Client.Agent, maxAgent)),
		zap.String("request_id", short(e.Client.RequestID, 64)),
	}
	if e.Actor != "" {
		fields = append(fields, zap.String("actor", e.Actor))
	}
	if e.Detail != "" {
		fields = append(fields, zap.String("detail", short(e.Detail, 128)))
	}
	o.audit.Info(e.Name, fields...)
}

// count keeps the metrics that follow from events.
func count(e gate.Event) {
	switch e.Name {
	case "login.succeeded", "login.failed", "login.throttled", "password.expired":
		signIns.WithLabelValues(signInOutcome(e.Outcome)).Inc()
	case "message.settled":
		outcome := "sent"
		if e.Outcome != policy.OK {
			outcome = "failed"
		}
		messages.WithLabelValues(messageKind(e.Detail), outcome).Inc()
	}
}

// PasswordCheck counts a hash verification.
func (o *observer) PasswordCheck(result gate.CheckResult) {
	passwordChecks.WithLabelValues(string(result)).Inc()
}

// PasswordDecoy counts a hash that was computed for its time.
func (o *observer) PasswordDecoy() { passwordDecoys.Inc() }

// StoreFailed counts and reports an operation that the store did not answer. A visitor who hangs up in the middle is no
// failure of anybody's.
func (o *observer) StoreFailed(operation string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	storeFailures.Inc()
	o.faults.report(operation, err)
}

// sendFailed reports a try to send that did not succeed. The error holds no address and no text.
func (o *observer) sendFailed(m policy.Message, err error, last bool) {
	fields := []zap.Field{
		zap.String("message", m.ID), zap.String("kind", string(m.Kind)), zap.String("account", string(m.Account)),
		zap.Int("attempt", m.Attempts), zap.Error(err),
	}
	if last {
		o.logger.Error("message was not sent and will not be tried again", fields...)
		return
	}
	o.logger.Warn("message was not sent yet", fields...)
}

// faultPause is how long the same operation is not reported again. While a store is away, every request fails.
const faultPause = 5 * time.Second

// faultLog reports operations that failed on our side, each at most once in faultPause.
type faultLog struct {
	logger *zap.Logger

	mu   sync.Mutex
	last map[string]*fault
}

type fault struct {
	at      time.Time
	skipped int
}

// report logs at level error. operation is one of a few fixed texts.
func (f *faultLog) report(operation string, err error) {
	now := time.Now()
	f.mu.Lock()
	if f.last == nil {
		f.last = make(map[string]*fault)
	}
	entry := f.last[operation]
	if entry == nil {
		entry = new(fault)
		f.last[operation] = entry
	} else if now.Sub(entry.at) < faultPause {
		entry.skipped++
		f.mu.Unlock()
		return
	}
	skipped := entry.skipped
	entry.at, entry.skipped = now, 0
	f.mu.Unlock()
	f.logger.Error("operation failed", zap.String("operation", operation), zap.Int("not_logged", skipped), zap.Error(err))
}

// maxAgent bounds the User-Agent in records and in the audit trail, in bytes.
const maxAgent = 256

// short cuts text to a number of bytes and replaces what could end or disguise a line. What clients send reaches logs
// only through it.
func short(text string, most int) string {
	clean := len(text) <= most
	for i := 0; clean && i < len(text); i++ {
		clean = text[i] >= ' ' && text[i] < 0x7f
	}
	if clean {
		return text
	}
	if len(text) > most {
		text = text[:most]
	}
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

var _ gate.Observer = (*observer)(nil)
