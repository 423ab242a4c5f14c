package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// The signature of who called (V50), and whether its certificate was good (V51).

const (
	soap11NS = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12NS = "http://www.w3.org/2003/05/soap-envelope"
	wsseNS   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	wsuNS    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	callNS   = "urn:notigateway:v1"

	maxReferences = 12
	maxPrefixes   = 32
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
	if request == nil || named == "" && beside == nil {
		if request == nil && c.manifest != nil && c.manifest.leftOut != "" && beside != nil && named != "" && hexSum(beside) == named {
			c.caller, _ = x509.ParseCertificate(beside)
		}
		return nothing("there is no request, or no certificate is told")
	}
	if hexSum(request) != c.receipt.fact("RequestEvidence", "EnvelopeSha256") {
		return cannotTell("the request is not the one that the receipt names")
	}
	if named != "" && beside != nil && hexSum(beside) != named {
		return breaks("V50", "certificates/caller.cer is not the one that the receipt names")
	}
	envelope, err := parseXML(request)
	if err != nil {
		return breaks("V50", "the request: %v", err)
	}
	certificate := beside
	if certificate == nil {
		certificate = certificateIn(envelope, named)
	}
	if certificate == nil {
		return breaks("V50", "the request has not the certificate that the receipt names")
	}
	caller, err := x509.ParseCertificate(certificate)
	if err != nil {
		return breaks("V50", "the caller's certificate cannot be read")
	}
	body, err := signedBody(envelope, caller, c.receipt.fact("RequestEvidence", "SignatureMethod"))
	if err != nil {
		return breaks("V50", "%v", err)
	}
	if !names(body, c.receipt.fact("UserContentInfo", "NotificationId")) {
		return breaks("V50", "the request does not name the notification")
	}
	if c.trust.hasIssuers && c.trust.issuerOf(caller, c.actedAt()) == nil {
		return breaks("V50", "the caller's certificate has no path to an issuer")
	}
	c.caller = caller
	return nil
}

// certificateIn finds a certificate in the Security header by its SHA-256.
func certificateIn(envelope *element, named string) []byte {
	var found []byte
	envelope.each(func(one *element, _ int) {
		if one.namespace == wsseNS && one.local == "BinarySecurityToken" || one.namespace == dsNS && one.local == "X509Certificate" {
			if raw, ok := lenientBase64(one.text()); ok && hexSum(raw) == named {
				found = raw
			}
		}
	})
	return found
}

// names tells whether what is asked is about the notification; a request of another contract is not looked into.
func names(body *element, notification string) bool {
	inside := body.elements()
	if len(inside) != 1 || inside[0].namespace != callNS {
		return true
	}
	found := false
	inside[0].each(func(one *element, _ int) {
		found = found || strings.TrimSpace(one.text()) == notification
	})
	return found
}

// signedBody returns the Body of an envelope that the certificate's key has signed.
func signedBody(envelope *element, caller *x509.Certificate, algorithm string) (*element, error) {
	soap := envelope.namespace
	if soap != soap11NS && soap != soap12NS || envelope.local != "Envelope" {
		return nil, fmt.Errorf("the request is no envelope")
	}
	body, header := envelope.only(soap, "Body"), envelope.only(soap, "Header")
	var security *element
	if header != nil {
		for _, one := range header.named(wsseNS, "Security") {
			actor := one.attribute(soap, "actor") + one.attribute(soap, "role")
			if actor != "" && !strings.HasSuffix(actor, "/next") {
				continue
			}
			if security != nil {
				return nil, fmt.Errorf("there are two Security headers")
			}
			security = one
		}
	}
	signature := security.only(dsNS, "Signature")
	information := signature.only(dsNS, "SignedInfo")
	if body == nil || information == nil {
		return nil, fmt.Errorf("the request is not signed")
	}
	canonical := information.only(dsNS, "CanonicalizationMethod")
	if canonical == nil || canonical.attribute("", "Algorithm") != excC14N {
		return nil, fmt.Errorf("another canonical form")
	}
	stated := information.only(dsNS, "SignatureMethod")
	if stated == nil || stated.attribute("", "Algorithm") != algorithm {
		return nil, fmt.Errorf("another algorithm than the receipt names")
	}
	value, ok := lenientBase64(signature.only(dsNS, "SignatureValue").text())
	inclusive, good := prefixes(canonical)
	if !ok || !good || !callerSigned(caller, callerMethods[algorithm], information.canonical(inclusive...), value) {
		return nil, fmt.Errorf("the signature is not that of the certificate's key")
	}
	covered, err := references(envelope, information)
	if err != nil {
		return nil, err
	}
	if stamps := security.named(wsuNS, "Timestamp"); !covered[body] || len(stamps) > 1 || len(stamps) == 1 && !covered[stamps[0]] {
		return nil, fmt.Errorf("Body or Timestamp are not signed")
	}
	return body, nil
}

// prefixes of InclusiveNamespaces.
func prefixes(of *element) ([]string, bool) {
	var found []string
	for _, one := range of.elements() {
		if one.namespace != excC14N || one.local != "InclusiveNamespaces" {
			return nil, false
		}
		for _, prefix := range strings.Fields(one.attribute("", "PrefixList")) {
			if prefix == "#default" {
				prefix = ""
			}
			found = append(found, prefix)
		}
	}
	return found, len(found) <= maxPrefixes
}

// references verifies every reference, and returns the elements that they cover.
func references(envelope, information *element) (map[*element]bool, error) {
	byID, twice := identified(envelope)
	if twice {
		return nil, fmt.Errorf("an identifier is there twice")
	}
	all := information.named(dsNS, "Reference")
	if len(all) == 0 || len(all) > maxReferences {
		return nil, fmt.Errorf("there are no references, or too many")
	}
	covered := map[*element]bool{}
	for _, one := range all {
		name, ok := strings.CutPrefix(one.attribute("", "URI"), "#")
		found := byID[name]
		if !ok || found == nil || covered[found] {
			return nil, fmt.Errorf("a reference to nothing, or twice to the same")
		}
		transforms := one.only(dsNS, "Transforms")
		if transforms == nil || len(transforms.elements()) != 1 {
			return nil, fmt.Errorf("a reference with other transforms")
		}
		transform := transforms.only(dsNS, "Transform")
		if transform == nil || transform.attribute("", "Algorithm") != excC14N {
			return nil, fmt.Errorf("a reference with other transforms")
		}
		inclusive, good := prefixes(transform)
		by := one.only(dsNS, "DigestMethod")
		if by == nil || !good {
			return nil, fmt.Errorf("a reference that cannot be read")
		}
		hash, known := digestMethods[by.attribute("", "Algorithm")]
		value, ok := lenientBase64(one.only(dsNS, "DigestValue").text())
		if !known || !ok || !bytes.Equal(value, digestOf(hash, found.canonical(inclusive...))) {
			return nil, fmt.Errorf("a digest is of something else")
		}
		covered[found] = true
	}
	return covered, nil
}

// identified returns what can be referred to: by wsu:Id, and by Id without a prefix.
func identified(envelope *element) (map[string]*element, bool) {
	found, twice := map[string]*element{}, false
	envelope.each(func(one *element, _ int) {
		for _, attribute := range one.attributes {
			local := attribute.local
			if local != "Id" && local != "ID" && !(local == "id" && attribute.namespace == xmlNS) {
				continue
			}
			if found[attribute.value] != nil {
				twice = true
			}
			found[attribute.value] = one
		}
	})
	return found, twice
}

func callerSigned(caller *x509.Certificate, by method, content, signature []byte) bool {
	if by.kind == "" {
		return false
	}
	digest := digestOf(by.hash, content)
	switch key := caller.PublicKey.(type) {
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		if by.kind != "ecdsa" || len(signature) != 2*size {
			return false
		}
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:]))
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 || key.N.BitLen() > maxModulus {
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
