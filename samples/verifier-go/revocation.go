package main

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // names in OCSP are hashed by it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// Lists of revoked certificates (RFC 5280) and answers (RFC 6960), and paths to issuers.

// word is what a list or an answer says.
type word struct {
	place      int // among the unsigned properties
	source     string
	thisUpdate time.Time
	nextUpdate time.Time
	// signer is who has signed it for that issuer: itself, or whom it has certified for that; nil: somebody else.
	signer func(issuer *x509.Certificate) *x509.Certificate
	// about tells whether it speaks of a certificate of that issuer at all, and since when it is revoked.
	about func(certificate, issuer *x509.Certificate) (known bool, revoked *time.Time)
}

// revokedBy tells whether the issuer has a certificate revoked at or before an instant.
func (w *word) revokedBy(certificate, issuer *x509.Certificate, at time.Time) bool {
	known, revoked := w.about(certificate, issuer)
	return known && revoked != nil && !revoked.After(at) && w.signer(issuer) != nil
}

// good tells whether the issuer says that a certificate was good at an instant.
func (w *word) good(certificate, issuer *x509.Certificate, at time.Time) bool {
	known, revoked := w.about(certificate, issuer)
	return known && (revoked == nil || revoked.After(at)) && !w.thisUpdate.After(certificate.NotAfter) &&
		!at.After(w.nextUpdate) && w.signer(issuer) != nil
}

func readList(content []byte) *word {
	found, err := x509.ParseRevocationList(content)
	if err != nil || len(found.Raw) != len(content) {
		return nil
	}
	for _, one := range found.Extensions {
		if one.Critical {
			// Of a part of the certificates only, or the difference to another list: this verifier does not read those.
			return &word{source: "crl", signer: func(*x509.Certificate) *x509.Certificate { return nil },
				about: func(_, _ *x509.Certificate) (bool, *time.Time) { return false, nil }}
		}
	}
	made := &word{source: "crl", thisUpdate: found.ThisUpdate, nextUpdate: found.NextUpdate}
	made.signer = func(issuer *x509.Certificate) *x509.Certificate {
		if bytes.Equal(found.RawIssuer, issuer.RawSubject) && found.CheckSignatureFrom(issuer) == nil {
			return issuer
		}
		return nil
	}
	made.about = func(certificate, issuer *x509.Certificate) (bool, *time.Time) {
		if !bytes.Equal(found.RawIssuer, certificate.RawIssuer) {
			return false, nil
		}
		for _, one := range found.RevokedCertificateEntries {
			if one.SerialNumber.Cmp(certificate.SerialNumber) == 0 {
				at := one.RevocationTime
				return true, &at
			}
		}
		return true, nil
	}
	return made
}

type ocspResponse struct {
	Status   asn1.Enumerated
	Response struct {
		Type    asn1.ObjectIdentifier
		Content []byte
	} `asn1:"explicit,tag:0,optional"`
}

type ocspBasic struct {
	Data         ocspData
	Algorithm    asn1.RawValue
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type ocspData struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []ocspSingle
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspSingle struct {
	ID struct {
		By     pkix.AlgorithmIdentifier
		Name   []byte
		Key    []byte
		Serial *big.Int
	}
	Good    asn1.Flag `asn1:"tag:0,optional"`
	Revoked struct {
		At     time.Time       `asn1:"generalized"`
		Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
	} `asn1:"tag:1,optional"`
	Unknown    asn1.Flag        `asn1:"tag:2,optional"`
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

// An answer that does not say until when tells for so long.
const answerLife = 10 * time.Minute

var noCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

var basicType = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}

// readAnswer reads an OCSP answer about one certificate.
func readAnswer(content []byte) *word {
	var outer ocspResponse
	if rest, err := asn1.Unmarshal(content, &outer); err != nil || len(rest) > 0 || outer.Status != 0 || !outer.Response.Type.Equal(basicType) {
		return nil
	}
	var found ocspBasic
	if rest, err := asn1.Unmarshal(outer.Response.Content, &found); err != nil || len(rest) > 0 || len(found.Data.Responses) != 1 {
		return nil
	}
	one := found.Data.Responses[0]
	made := &word{source: "ocsp", thisUpdate: one.ThisUpdate, nextUpdate: one.NextUpdate}
	if one.NextUpdate.IsZero() {
		made.nextUpdate = one.ThisUpdate.Add(answerLife)
	}
	made.signer = found.signer
	made.about = func(certificate, issuer *x509.Certificate) (bool, *time.Time) {
		hash, ok := ocspHashes[one.ID.By.Algorithm.String()]
		if !ok || one.ID.Serial.Cmp(certificate.SerialNumber) != 0 || !bytes.Equal(one.ID.Name, digestOf(hash, issuer.RawSubject)) ||
			!bytes.Equal(one.ID.Key, digestOf(hash, keyBits(issuer))) {
			return false, nil
		}
		if !one.Revoked.At.IsZero() {
			at := one.Revoked.At
			return true, &at
		}
		return bool(one.Good), nil
	}
	return made
}

var ocspHashes = map[string]crypto.Hash{
	"1.3.14.3.2.26": crypto.SHA1, "2.16.840.1.101.3.4.2.1": crypto.SHA256, "2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

func keyBits(of *x509.Certificate) []byte {
	var found struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(of.RawSubjectPublicKeyInfo, &found); err != nil {
		return nil
	}
	return found.Key.RightAlign()
}

// signer returns who of the issuer and those whom it has certified for that has signed the answer.
func (o *ocspBasic) signer(issuer *x509.Certificate) *x509.Certificate {
	signers := []*x509.Certificate{issuer}
	for at, raw := range o.Certificates {
		one, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil || at >= 4 || !bytes.Equal(one.RawIssuer, issuer.RawSubject) || one.CheckSignatureFrom(issuer) != nil ||
			o.Data.ProducedAt.Before(one.NotBefore) || o.Data.ProducedAt.After(one.NotAfter) || !needNotBeAsked(one) {
			continue
		}
		for _, purpose := range one.ExtKeyUsage {
			if purpose == x509.ExtKeyUsageOCSPSigning {
				signers = append(signers, one)
			}
		}
	}
	algorithm, err := onlyDER(o.Algorithm.FullBytes)
	if err != nil {
		return nil
	}
	parts, err := algorithm.children()
	if err != nil || len(parts) == 0 {
		return nil
	}
	hash, ok := ecAlgorithms[string(parts[0].body)]
	if !ok {
		hash, ok = rsaAlgorithms[string(parts[0].body)]
	}
	for _, one := range signers {
		if ok && signatureBy(one, algorithm, hash, o.Data.Raw, o.Signature.RightAlign()) == nil {
			return one
		}
	}
	return nil
}

// needNotBeAsked tells whether a responder's own certificate says that nobody need ask for its status (id-pkix-ocsp-nocheck).
func needNotBeAsked(one *x509.Certificate) bool {
	for _, extension := range one.Extensions {
		if extension.Id.Equal(noCheck) {
			return true
		}
	}
	return false
}

// issued tells whether one certificate of a CA, valid at an instant, has signed another.
func issued(issuer, certificate *x509.Certificate, at time.Time) bool {
	return bytes.Equal(issuer.RawSubject, certificate.RawIssuer) && issuer.IsCA && !at.Before(issuer.NotBefore) && !at.After(issuer.NotAfter) &&
		certificate.CheckSignatureFrom(issuer) == nil
}

// issuerOf returns who in the folder has issued a certificate that is valid at an instant.
func (t *trust) issuerOf(certificate *x509.Certificate, at time.Time) *x509.Certificate {
	if at.Before(certificate.NotBefore) || at.After(certificate.NotAfter) {
		return nil
	}
	for _, one := range t.issuers {
		if issued(one, certificate, at) {
			return one
		}
	}
	return nil
}
