package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// The signature of who called (V50), and whether its certificate was good (V51).

const (
	callNS = "urn:notigateway:v1"

	maxReferences = 12
	maxPrefixes   = 32

	maxCallerModulus = 8192
)

type method struct {
	kind string // "ecdsa", "pkcs1" or "pss"
	hash crypto.Hash
}

var callerMethods = map[string]method{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":      {"pkcs1", crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":      {"pkcs1", crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":      {"pkcs1", crypto.SHA512},
	"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": {"pss", crypto.SHA256},
	"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": {"pss", crypto.SHA384},
	"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": {"pss", crypto.SHA512},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":    {"ecdsa", crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":    {"ecdsa", crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":    {"ecdsa", crypto.SHA512},
}

var digestMethods = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256": crypto.SHA256, "http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512": crypto.SHA512,
}

// actedAt is ValidationTime, or the sealing instant.
func (c *check) actedAt() time.Time {
	if at, ok := instant(c.receipt.fact("ActorAuthentication", "ValidationTime")); ok {
		return at
	}
	return c.receipt.seal.instant
}

// checkCaller is V50; it leaves the certificate that is proven.
func (c *check) checkCaller() error {
	request := c.member("request.xml")
	if request == nil {
		request = c.request
	}
	named := c.receipt.fact("ActorAuthentication", "CertificateSha256")
	beside := c.member("certificates/caller.cer")
	isAnother := named != "" && beside != nil && hexSum(beside) != named
	if request == nil {
		if c.manifest != nil && c.manifest.leftOut != "" && beside != nil {
			if isAnother {
				return breaks("V50", "certificates/caller.cer is not the one that the receipt names")
			}
			if named != "" {
				c.caller, _ = x509.ParseCertificate(beside)
			}
		}
		return nothing("there is no request")
	}
	if hexSum(request) != c.receipt.fact("RequestEvidence", "EnvelopeSha256") {
		return cannotTell("the request is not the one that the receipt names")
	}
	if isAnother {
		return breaks("V50", "certificates/caller.cer is not the one that the receipt names")
	}
	if beside != nil {
		named = hexSum(beside)
	}
	if named == "" {
		return nothing("no certificate is told")
	}
	found, err := readEnvelope(request)
	if err != nil {
		return breaks("V50", "the request: %v", err)
	}
	certificate, token, err := found.signer(named, beside)
	var told *broken
	if errors.As(err, &told) {
		return err
	}
	if err != nil {
		return breaks("V50", "the request: %v", err)
	}
	caller, err := x509.ParseCertificate(certificate)
	if err != nil {
		return breaks("V50", "the caller's certificate cannot be read")
	}
	if err := found.check(caller, token, c.receipt.fact("RequestEvidence", "SignatureMethod"), c.actedAt()); err != nil {
		return breaks("V50", "%v", err)
	}
	if !names(found.operation, c.receipt.fact("UserContentInfo", "NotificationId")) {
		return breaks("V50", "the request does not name the notification")
	}
	if c.trust.hasIssuers && c.trust.issuerOf(caller, c.actedAt()) == nil {
		return breaks("V50", "the caller's certificate has no path to an issuer")
	}
	c.caller = caller
	return nil
}

// names tells whether what is asked is about the notification; a request of another contract is not looked into.
func names(operation *element, notification string) bool {
	if operation.namespace != callNS {
		return true
	}
	found := false
	operation.each(func(one *element, _ int) {
		text := ""
		for _, child := range one.children {
			part, isText := child.(string)
			if !isText {
				break
			}
			text += part
		}
		found = found || strings.ToLower(strings.TrimSpace(text)) == notification
	})
	return found
}

// check verifies the signature of an envelope by the key of a certificate, which is in that token, or in none.
func (e *envelope) check(caller *x509.Certificate, token *element, algorithm string, at time.Time) error {
	children, err := inside(e.information)
	if err != nil {
		return err
	}
	if len(children) < 3 || len(children) > 2+maxReferences {
		return fmt.Errorf("there are no references, or too many")
	}
	wanted := []string{"CanonicalizationMethod", "SignatureMethod"}
	for range children[2:] {
		wanted = append(wanted, "Reference")
	}
	if _, err := just(e.information, dsNS, wanted...); err != nil {
		return err
	}
	inclusive, err := prefixes(children[0])
	if err != nil {
		return err
	}
	if children[1].attribute("", "Algorithm") != algorithm || len(children[1].elements()) > 0 {
		return fmt.Errorf("another algorithm than the receipt names")
	}
	covered, err := e.references(children[2:])
	if err != nil {
		return err
	}
	if !covered[e.body] || e.timestamp != nil && !covered[e.timestamp] {
		return fmt.Errorf("Body or Timestamp are not signed")
	}
	for _, one := range e.tokens {
		if covered[one] && one != token {
			return fmt.Errorf("another token is signed")
		}
	}
	if err := e.checkAddressing(covered); err != nil {
		return err
	}
	if err := e.checkTimestamp(at); err != nil {
		return err
	}
	value, ok := signedBase64(e.value, maxSignedBytes)
	if !ok || !callerSigned(caller, callerMethods[algorithm], e.information.canonical(inclusive...), value) {
		return fmt.Errorf("the signature is not that of the certificate's key")
	}
	return nil
}

// prefixes of InclusiveNamespaces, of a method that is exclusive C14N.
func prefixes(of *element) ([]string, error) {
	if of.attribute("", "Algorithm") != excC14N {
		return nil, fmt.Errorf("another canonical form")
	}
	children, err := inside(of)
	if err != nil || len(children) == 0 {
		return nil, err
	}
	if len(children) > 1 || children[0].namespace != excC14N || children[0].local != "InclusiveNamespaces" || len(children[0].elements()) > 0 {
		return nil, fmt.Errorf("a canonical form with other parameters")
	}
	found := strings.Fields(children[0].attribute("", "PrefixList"))
	for at := range found {
		if found[at] == "#default" {
			found[at] = ""
		}
	}
	if len(found) > maxPrefixes {
		err = fmt.Errorf("too many prefixes")
	}
	return found, err
}

// references verifies every reference, and returns the elements that they cover.
func (e *envelope) references(all []*element) (map[*element]bool, error) {
	covered := map[*element]bool{}
	for _, one := range all {
		children, err := just(one, dsNS, "Transforms", "DigestMethod", "DigestValue")
		if err != nil {
			return nil, err
		}
		found := e.part(one.attribute("", "URI"))
		if found == nil || covered[found] {
			return nil, fmt.Errorf("a reference to nothing, or twice to the same")
		}
		inclusive, err := transforms(children[0])
		if err != nil {
			return nil, err
		}
		hash, known := digestMethods[children[1].attribute("", "Algorithm")]
		text, err := textOf(children[2])
		value, ok := signedBase64(text, maxDigestBytes)
		if !known || len(children[1].elements()) > 0 || !ok || err != nil || !bytes.Equal(value, digestOf(hash, found.canonical(inclusive...))) {
			return nil, fmt.Errorf("a digest is of something else")
		}
		covered[found] = true
	}
	return covered, nil
}

// transforms returns the prefixes of exclusive C14N, before which enveloped-signature may stand: no part has the signature in it.
func transforms(of *element) ([]string, error) {
	children, err := inside(of)
	if err != nil {
		return nil, err
	}
	for at, one := range children {
		isLast := at == len(children)-1
		if one.namespace != dsNS || one.local != "Transform" || at > 1 ||
			!isLast && (one.attribute("", "Algorithm") != dsNS+"enveloped-signature" || len(one.elements()) > 0) {
			return nil, fmt.Errorf("a reference with other transforms")
		}
	}
	if len(children) == 0 {
		return nil, fmt.Errorf("a reference without transforms")
	}
	return prefixes(children[len(children)-1])
}

func callerSigned(caller *x509.Certificate, by method, content, signature []byte) bool {
	if by.kind == "" {
		return false
	}
	digest := digestOf(by.hash, content)
	switch key := caller.PublicKey.(type) {
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		if by.kind != "ecdsa" || key.Curve.Params().BitSize < 256 || len(signature) != 2*size {
			return false
		}
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 || key.N.BitLen() > maxCallerModulus {
			return false
		}
		if by.kind == "pkcs1" {
			return rsa.VerifyPKCS1v15(key, by.hash, digest, signature) == nil
		}
		options := &rsa.PSSOptions{SaltLength: by.hash.Size(), Hash: by.hash}
		return by.kind == "pss" && rsa.VerifyPSS(key, by.hash, digest, signature, options) == nil
	}
	return false
}

// checkStatus is V51.
func (c *check) checkStatus() error {
	content := c.member("revocation.der")
	if c.caller == nil || content == nil || !c.trust.hasIssuers {
		return nothing("no signer is proven, there are no data, or no issuers")
	}
	at := c.actedAt()
	issuer := c.trust.issuerOf(c.caller, at)
	if issuer == nil {
		return breaks("V51", "the caller's certificate has no path to an issuer")
	}
	if hash, err := hex.DecodeString(c.receipt.fact("ActorAuthentication", "RevocationSha256")); err != nil || !bytes.Equal(hash, sum(content)) {
		return cannotTell("the data are not those that the receipt names")
	}
	var found *word
	switch c.receipt.fact("ActorAuthentication", "RevocationSource") {
	case "crl":
		found = readList(content)
	case "ocsp":
		found = readAnswer(content)
	}
	if found == nil {
		return cannotTell("the data cannot be read")
	}
	if found.revokedBy(c.caller, issuer, at) {
		return breaks("V51", "the caller's certificate was revoked")
	}
	if known, _ := found.about(c.caller, issuer); !known || found.nextUpdate.IsZero() || found.nextUpdate.Before(at) || found.signer(issuer) == nil {
		return cannotTell("the data do not tell of that instant")
	}
	return c.believed()
}
