package store

import (
	"testing"

	"github.com/loginwall/loginwall/policy"
)

// An account as it is when its owner has been around for a while, on the way of every request.
func BenchmarkDecodeAccount(b *testing.B) {
	raw, err := EncodeAccount(policy.Account{
		ID: "a", Email: "jo@example.test", Name: "Jo Public", CreatedAt: t0, Groups: []string{"billing", "front-desk"},
		Phone:    policy.Phone{Number: "+12025550123", VerifiedAt: t0},
		Password: policy.Credential{Hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g", SetAt: t0},
		SignIns:  make([]policy.SignIn, policy.MaxSignIns),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeAccount(raw, "a"); err != nil {
			b.Fatal(err)
		}
	}
}
