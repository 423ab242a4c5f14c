package main

import (
	"crypto/x509"
	"time"
)

// The rule of time (V40 to V45).

var (
	never  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	always = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
)

// clocksDiffer is how much before something a word about it may be.
const clocksDiffer = 5 * time.Minute

// period of a certificate (V7).
type period struct{ since, stops, until time.Time }

func (p period) covers(at time.Time) bool { return !at.Before(p.since) && !at.After(p.stops) }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// common is what two periods have in common.
func (p period) common(other period) period {
	return period{later(p.since, other.since), earlier(p.stops, other.stops), earlier(p.until, other.until)}
}

// algorithms says until when each counts; one that is not in it has no end.
type algorithms map[string]time.Time

var algorithmNames = []string{
	"SHA-1", "SHA-256", "SHA-384", "SHA-512", "P-256", "P-384", "P-521", "RSA-3072", "RSA-2048", "RSA-1024", "Ed25519",
}

func ordinaryAlgorithms() algorithms {
	return algorithms{
		"SHA-1":    time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC),
		"RSA-1024": time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC),
		"RSA-2048": time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// end of something that relies on a certificate and algorithms (V41).
func (a algorithms) end(of period, names ...string) time.Time {
	end := of.until
	for _, name := range names {
		if ends, ok := a[name]; ok {
			end = earlier(end, ends)
		}
	}
	return end
}

// proof that something existed at an instant (V42).
type proof struct {
	at     time.Time
	period period
	relies []string
	later  []*proof
}

// judge decides which proofs count at an instant; it remembers, since later proofs are shared.
type judge struct {
	at    time.Time
	slack time.Duration
	table algorithms
	known map[*proof]bool
}

func newJudge(at time.Time, slack time.Duration, table algorithms) *judge {
	return &judge{at, slack, table, map[*proof]bool{}}
}

// isLater tells whether something is from after the verification, and so no evidence (V89).
func (j *judge) isLater(than time.Time) bool { return than.After(j.at.Add(j.slack)) }

func (j *judge) counts(one *proof) bool {
	if known, ok := j.known[one]; ok {
		return known
	}
	j.known[one] = false
	end := j.table.end(one.period, one.relies...)
	counts := !j.isLater(one.at) && one.period.covers(one.at) && !one.at.After(end) && (!j.at.After(end) || j.carried(one, end))
	j.known[one] = counts
	return counts
}

func (j *judge) carried(one *proof, end time.Time) bool {
	for _, next := range one.later {
		if !next.at.After(end) && j.counts(next) {
			return true
		}
	}
	return false
}

// since is the earliest instant of the proofs that count (V44).
func (j *judge) since(proofs []*proof) (time.Time, bool) {
	var found time.Time
	some := false
	for _, one := range proofs {
		if j.counts(one) && (!some || one.at.Before(found)) {
			found, some = one.at, true
		}
	}
	return found, some
}

// sealCounts is V45.
func (j *judge) sealCounts(certificate *x509.Certificate, of period, proofs []*proof) bool {
	end := j.table.end(of, keyName(certificate), "SHA-256")
	if !j.at.After(end) {
		return true
	}
	since, some := j.since(proofs)
	return some && !since.After(end)
}
