package caddymodule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loginwall/loginwall/policy"
	"github.com/loginwall/loginwall/policy/gate"
)

// The collectors belong to the process and not to a configuration, so that the numbers go on over a reload. Every label
// has a fixed set of values; none holds anything of a person.
var (
	passwordChecks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "login_wall_password_checks_total",
		Help: "Hash verifications run against the password of an account, by result. error: none was run, since the hash could not be read.",
	}, []string{"result"})
	passwordDecoys = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "login_wall_password_decoys_total",
		Help: "Hashes computed only for the time they take, so that unknown addresses cannot be told from known ones.",
	})
	signIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "login_wall_sign_ins_total",
		Help: "Sign-ins by outcome.",
	}, []string{"outcome"})
	messages = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "login_wall_messages_total",
		Help: "Queued messages that have ended, by kind and outcome.",
	}, []string{"kind", "outcome"})
	storeFailures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "login_wall_store_failures_total",
		Help: "Operations that the store did not answer.",
	})
)

func init() {
	for _, result := range []gate.CheckResult{gate.CheckMatch, gate.CheckMismatch, gate.CheckError} {
		passwordChecks.WithLabelValues(string(result)) // so that each is there from the start, as 0
	}
}

// registerMetrics makes the collectors visible in the registry of one configuration, which Caddy makes anew each time.
func registerMetrics(registry *prometheus.Registry) error {
	for _, c := range []prometheus.Collector{passwordChecks, passwordDecoys, signIns, messages, storeFailures} {
		err := registry.Register(c)
		if already := (prometheus.AlreadyRegisteredError{}); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// signInOutcomes are the outcomes that have a label of their own.
var signInOutcomes = []policy.Reason{
	policy.OK, policy.Refused, policy.Locked, policy.JustLocked, policy.Disabled, policy.Invited, policy.Expired,
	policy.Busy, policy.Throttled,
}

func signInOutcome(r policy.Reason) string {
	if slices.Contains(signInOutcomes, r) {
		return string(r)
	}
	return "other"
}

func messageKind(kind string) string {
	switch k := policy.MessageKind(kind); k {
	case policy.KindMail, policy.KindText, policy.KindCall, policy.KindForgot, policy.KindContact:
		return kind
	}
	return "other"
}
