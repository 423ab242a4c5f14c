package main

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"time"
)

// Archive time-stamps and validation data in a receipt (V84 to V87).

const (
	maxArchives = 16
	maxData     = 64
	maxPath     = 8
)

// archive is an archive time-stamp that is right.
type archive struct {
	place int
	proof *proof
}

// archivesIn returns the right ones of a receipt, each with those behind it as later proofs (V84, V85).
func (c *check) archivesIn(of *receipt) []archive {
	if of.extra == nil {
		return nil
	}
	stamps, _ := of.extra.stamps(of.seal, c.trust.authorities)
	signed := bytes.Join([][]byte{of.seal.content, of.seal.signed, of.seal.key, of.seal.signature, of.seal.signedValue(), of.seal.key}, nil)
	latest := of.seal.instant
	var found []archive
	judged := 0
	for place, one := range of.extra.properties {
		for _, stamp := range stamps {
			if stamp.place == place {
				latest = later(latest, stamp.token.at)
			}
		}
		if one.namespace == xades141NS && one.local == "ArchiveTimeStamp" {
			if judged++; judged > maxArchives {
				break
			}
			if token := c.rightArchive(one, signed, latest); token != nil {
				latest = later(latest, token.at)
				found = append(found, archive{place, token.proof(c.trust.authorities)})
			}
		}
		signed = append(signed, one.canonical()...)
	}
	for at := range found {
		for _, next := range found[at+1:] {
			found[at].proof.later = append(found[at].proof.later, next.proof)
		}
	}
	return found
}

func (c *check) rightArchive(one *element, signed []byte, latest time.Time) *token {
	text, ok := stampOf(one)
	if !ok {
		return nil
	}
	raw, ok := lenientBase64(text)
	if !ok {
		return nil
	}
	found, err := parseOthers(raw, c.trust.authorities)
	if err != nil || c.trust.authorities.find(found.certificate.Raw) == nil || !found.about(signed, crypto.SHA256, crypto.SHA512) ||
		found.holds(c.trust.authorities) != nil || found.at.Before(latest.Add(-clocksDiffer)) {
		return nil
	}
	return found
}

// behind are the proofs of the archive time-stamps behind a place.
func behind(archives []archive, place int) []*proof {
	var found []*proof
	for _, one := range archives {
		if one.place > place {
			found = append(found, one.proof)
		}
	}
	return found
}

func (c *check) wantsArchives() bool {
	return c.proven && (c.level == "LT" || c.level == "LTA" || c.receipt.extra != nil)
}

// checkArchives is the step "archive time-stamps".
func (c *check) checkArchives() error {
	c.archives = c.archivesIn(c.receipt)
	all := behind(c.archives, -1)
	c.proofs = append(c.proofs, all...)
	if _, some := c.judge.since(all); !some {
		return nothing("there is none that is right and counts")
	}
	return nil
}

// data are the validation data before a place (V86).
type data struct {
	certificates []*x509.Certificate
	words        []*word
	warnings     []*word // of all there are: a revocation counts wherever it stands
	some         bool
}

func (a *additions) data(before int) *data {
	made := &data{}
	if a == nil {
		return made
	}
	seen := map[[32]byte]bool{}
	count := map[string]int{}
	for place, property := range a.properties {
		if place >= before {
			break
		}
		switch property.local {
		case "CertificateValues", "RevocationValues", "TimeStampValidationData", "AnyValidationData":
		default:
			continue
		}
		property.each(func(one *element, _ int) {
			raw, ok := lenientBase64(one.text())
			key := sha256.Sum256(append([]byte(one.local), raw...))
			if one.namespace != xadesNS || !strings.HasPrefix(one.local, "Encapsulated") {
				return
			}
			if !ok || seen[key] || count[one.local] == maxData {
				return
			}
			seen[key] = true
			count[one.local]++
			made.read(one.local, raw, place)
		})
	}
	return made
}

func (d *data) read(kind string, raw []byte, place int) {
	var found *word
	switch kind {
	case "EncapsulatedX509Certificate":
		d.some = true
		if one, err := x509.ParseCertificate(raw); err == nil {
			d.certificates = append(d.certificates, one)
		}
	case "EncapsulatedCRLValue":
		d.some = true
		found = readList(raw)
	case "EncapsulatedOCSPValue":
		d.some = true
		found = readAnswer(raw)
	}
	if found != nil {
		found.place = place
		d.words = append(d.words, found)
	}
}

// shows tells whether the data show that a certificate was good at an instant (V86).
func (c *check) shows(d *data, certificate *x509.Certificate, at time.Time, depth int) bool {
	if bytes.Equal(certificate.RawIssuer, certificate.RawSubject) {
		return true
	}
	if depth > maxPath {
		return false
	}
	for _, issuer := range d.certificates {
		if !issued(issuer, certificate, at) || !c.says(d, certificate, issuer, at) {
			continue
		}
		if c.isAnchor(issuer) || !bytes.Equal(issuer.RawIssuer, issuer.RawSubject) && c.shows(d, issuer, at, depth+1) {
			return true
		}
	}
	return false
}

// says tells whether the issuer's word about a certificate is there, and counts.
func (c *check) says(d *data, certificate, issuer *x509.Certificate, at time.Time) bool {
	if d.revoked(certificate, issuer, at) {
		return false
	}
	for _, one := range d.words {
		if !one.good(certificate, issuer, at) || c.judge.isLater(one.thisUpdate) {
			continue
		}
		proofs, signer := behind(c.archives, one.place), one.signer(issuer)
		if c.counts(issuer, proofs) && c.counts(signer, proofs) {
			return true
		}
	}
	return false
}

// counts tells whether what a certificate's key has signed counts, by the end of the certificate (V45).
func (c *check) counts(by *x509.Certificate, proofs []*proof) bool {
	return c.judge.sealCounts(by, period{by.NotBefore, by.NotAfter, by.NotAfter}, proofs)
}

// revoked tells whether an issuer has a certificate revoked at or before an instant.
func (d *data) revoked(certificate, issuer *x509.Certificate, at time.Time) bool {
	for _, one := range d.warnings {
		if one.revokedBy(certificate, issuer, at) {
			return true
		}
	}
	return false
}

func (c *check) isAnchor(one *x509.Certificate) bool {
	if !c.trust.hasIssuers {
		return bytes.Equal(one.RawIssuer, one.RawSubject)
	}
	for _, anchor := range c.trust.issuers {
		if bytes.Equal(anchor.Raw, one.Raw) {
			return true
		}
	}
	return false
}

// withOthers adds the certificates that the data need not hold themselves.
func (c *check) withOthers(d *data, stamp *token) *data {
	d.certificates = append(d.certificates, c.trust.issuers...)
	d.certificates = append(d.certificates, c.receipt.seal.pinned.certificate)
	if stamp != nil {
		d.certificates = append(d.certificates, stamp.certificate)
	}
	return d
}

// checkValidationData is V87.
func (c *check) checkValidationData() error {
	wanted := c.level == "LT" || c.level == "LTA"
	all := c.receipt.extra.data(1 << 30)
	if !all.some {
		if wanted {
			return breaks("V87", "there are no validation data")
		}
		return nothing("there are no validation data")
	}
	var stamp *token
	if stamps, err := c.ownStamps(c.receipt); err == nil && len(stamps) > 0 {
		stamp = stamps[0].token
	}
	all = c.withOthers(all, stamp)
	all.warnings = all.words
	made := c.receipt.seal.pinned.certificate
	since, some := c.judge.since(c.proofs)
	if !some {
		since = c.receipt.seal.instant
	}
	if revoked(all, made, since) || stamp != nil && revoked(all, stamp.certificate, stamp.at) {
		if wanted {
			return breaks("V87", "a certificate was revoked before")
		}
		return cannotTell("a certificate was revoked before")
	}
	suffice := func(d *data) bool {
		return some && stamp != nil && c.shows(d, made, since, 0) && c.shows(d, stamp.certificate, stamp.at, 0)
	}
	if !suffice(all) {
		if wanted {
			return cannotTell("the data do not show that the certificates were good")
		}
		return nothing("the data do not show that the certificates were good")
	}
	if c.level != "LTA" {
		return nil
	}
	for _, one := range c.archives {
		covered := c.withOthers(c.receipt.extra.data(one.place), stamp)
		covered.warnings = all.words
		if c.judge.counts(one.proof) && suffice(covered) {
			return nil
		}
	}
	for _, one := range c.receipt.extra.properties {
		if one.namespace == xades141NS && one.local == "ArchiveTimeStamp" {
			return cannotTell("it is level LT: no archive time-stamp that counts stands behind data that suffice")
		}
	}
	return breaks("V87", "it is level LT, and there is no archive time-stamp")
}

// revoked tells whether somebody whose key has issued a certificate has it revoked at or before an instant.
func revoked(d *data, certificate *x509.Certificate, at time.Time) bool {
	for _, issuer := range d.certificates {
		if !bytes.Equal(issuer.RawSubject, certificate.RawIssuer) || certificate.CheckSignatureFrom(issuer) != nil {
			continue
		}
		if d.revoked(certificate, issuer, at) {
			return true
		}
	}
	return false
}
