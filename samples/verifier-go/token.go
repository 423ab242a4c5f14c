package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // hashes of tokens
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"regexp"
	"time"
)

// Tokens of authorities (RFC 3161; V34 to V39).

const maxToken = 64 * kib

type token struct {
	authorities folder // whom a token of others may be of
	certificate *x509.Certificate
	info        []byte // TSTInfo
	at          time.Time
	imprintBy   crypto.Hash
	imprint     []byte
	digest      crypto.Hash
	digestRaw   []byte
	issuer      []byte
	serial      *big.Int
	attributes  der
	algorithm   der
	signature   []byte
}

var hashesByOID = map[string]crypto.Hash{oidSHA256: crypto.SHA256, oidSHA384: crypto.SHA384, oidSHA512: crypto.SHA512}

var hashNames = map[crypto.Hash]string{crypto.SHA256: "SHA-256", crypto.SHA384: "SHA-384", crypto.SHA512: "SHA-512"}

func digestOf(by crypto.Hash, content []byte) []byte {
	hash := by.New()
	hash.Write(content)
	return hash.Sum(nil)
}

// plainHash reads an AlgorithmIdentifier of a hash; mayBeNull where parameters of NULL are taken too.
func plainHash(of der, mayBeNull bool) (crypto.Hash, bool) {
	parts, err := of.children()
	if err != nil || of.tag != 0x30 || len(parts) == 0 || parts[0].tag != 0x06 {
		return 0, false
	}
	hash, known := hashesByOID[string(parts[0].body)]
	isNull := len(parts) == 2 && parts[1].tag == 0x05 && len(parts[1].body) == 0
	return hash, known && (len(parts) == 1 || mayBeNull && isNull)
}

// parseToken reads a token in its one form (V34, V35).
func parseToken(content []byte) (*token, error) { return readToken(content, nil, false) }

// parseOthers reads a token that others have put in: it is rid of what V33 says, and its certificate is the pinned one that
// its signer names, where there is such a one.
func parseOthers(content []byte, authorities folder) (*token, error) {
	return readToken(content, authorities, true)
}

func readToken(content []byte, authorities folder, other bool) (*token, error) {
	if len(content) > maxToken {
		return nil, breaks("V34", "a token that is too large")
	}
	whole, rest, err := readDER(content)
	if err == nil && len(rest) > 0 && !other {
		err = fmt.Errorf("something stands behind it")
	}
	if err == nil && !other {
		err = whole.strict(0)
	}
	if err != nil {
		return nil, breaks("V34", "a token: %v", err)
	}
	made := &token{authorities: authorities}
	if err := made.read(whole, other); err != nil {
		return nil, err
	}
	return made, made.readInfo()
}

func (t *token) read(whole der, other bool) error {
	outer, ok := whole.has(0x06, 0xa0)
	if whole.tag != 0x30 || !ok || !outer[0].isOID(oidSignedData) {
		return breaks("V34", "a token is no SignedData")
	}
	inside, ok := outer[1].has(0x30)
	if !ok {
		return breaks("V34", "a token is no SignedData")
	}
	parts, err := inside[0].children()
	if err != nil || len(parts) < 4 {
		return breaks("V35", "a token is not in its form")
	}
	last := len(parts) - 1
	middle := parts[3:last]
	if !other && (len(middle) != 1 || middle[0].tag != 0xa0) {
		return breaks("V35", "a token is not in its form")
	}
	for _, one := range middle {
		if one.tag != 0xa0 && one.tag != 0xa1 {
			return breaks("V35", "a token is not in its form")
		}
	}
	version, digests, content, signers := parts[0], parts[1], parts[2], parts[last]
	if !version.isNumber(3) || digests.tag != 0x31 || content.tag != 0x30 || signers.tag != 0x31 {
		return breaks("V35", "a token is not in its form")
	}
	algorithm, one := digests.has(0x30)
	one = one || other
	info, two := content.has(0x06, 0xa0)
	signer, three := signers.has(0x30)
	if !one || !two || !three || !info[0].isOID(oidTSTInfo) {
		return breaks("V35", "a token is not in its form")
	}
	octets, ok := info[1].has(0x04)
	if !ok {
		return breaks("V35", "a token has no TSTInfo")
	}
	t.info = octets[0].body
	if err := t.readSigner(signer[0], other); err != nil {
		return err
	}
	if !other && !bytes.Equal(algorithm[0].raw, t.digestRaw) {
		return breaks("V35", "a token has two digest algorithms")
	}
	return t.readCertificate(middle, other)
}

func (t *token) readSigner(signer der, other bool) error {
	parts, err := signer.children()
	if err != nil || len(parts) != 6 && !(other && len(parts) == 7 && parts[6].tag == 0xa1) {
		return breaks("V35", "a token's SignerInfo is not in its form")
	}
	named, ok := parts[1].has(0x30, 0x02)
	if !parts[0].isNumber(1) || parts[1].tag != 0x30 || !ok ||
		parts[3].tag != 0xa0 || parts[4].tag != 0x30 || parts[5].tag != 0x04 {
		return breaks("V35", "a token's SignerInfo is not in its form")
	}
	if t.digest, ok = plainHash(parts[2], false); !ok {
		return breaks("V35", "a token's digest algorithm")
	}
	if _, err := signedAttributes(parts[3]); err != nil {
		return breaks("V37", "%v", err)
	}
	t.issuer, t.digestRaw = named[0].raw, parts[2].raw
	var serial *big.Int
	if rest, err := asn1.Unmarshal(named[1].raw, &serial); err != nil || len(rest) > 0 {
		return breaks("V35", "a token's serial number")
	}
	t.serial, t.attributes, t.algorithm, t.signature = serial, parts[3], parts[4], parts[5].body
	return nil
}

func (t *token) readCertificate(sets []der, other bool) error {
	if other {
		for _, one := range t.authorities.sorted() {
			if t.isOf(one.certificate) {
				t.certificate = one.certificate
				return nil
			}
		}
	}
	for _, set := range sets {
		all, err := set.children()
		if set.tag != 0xa0 || err != nil {
			continue
		}
		if !other && len(all) != 1 {
			return breaks("V35", "a token has not just its authority's certificate")
		}
		for _, one := range all {
			if found, err := x509.ParseCertificate(one.raw); err == nil && (!other || t.isOf(found)) {
				t.certificate = found
				return nil
			}
		}
	}
	return breaks("V35", "a token has not its authority's certificate")
}

// isOf tells whether the signer names a certificate.
func (t *token) isOf(certificate *x509.Certificate) bool {
	return bytes.Equal(certificate.RawIssuer, t.issuer) && certificate.SerialNumber.Cmp(t.serial) == 0
}

var genTimeForm = regexp.MustCompile(`^[0-9]{14}(\.[0-9]{1,9})?Z$`)

// readInfo reads TSTInfo (V36).
func (t *token) readInfo() error {
	info, err := onlyDER(t.info)
	if err != nil || info.tag != 0x30 {
		return breaks("V36", "TSTInfo is no DER")
	}
	parts, err := info.children()
	if err != nil || len(parts) < 5 || !parts[0].isNumber(1) || parts[1].tag != 0x06 || parts[3].tag != 0x02 || parts[4].tag != 0x18 {
		return breaks("V36", "TSTInfo is not in its form")
	}
	imprint, ok := parts[2].has(0x30, 0x04)
	if !ok {
		return breaks("V36", "TSTInfo has no imprint")
	}
	if t.imprintBy, ok = plainHash(imprint[0], true); !ok {
		return breaks("V36", "the imprint is by another hash")
	}
	t.imprint = imprint[1].body
	if len(parts) > 5 && parts[5].tag == 0x30 { // accuracy
		if stated, err := parts[5].children(); err != nil || len(stated) > 0 && stated[0].tag == 0x02 && (len(stated[0].body) > 1 || stated[0].body[0] > 60) {
			return breaks("V36", "the accuracy is of more than a minute")
		}
	}
	text := string(parts[4].body)
	if !genTimeForm.MatchString(text) {
		return breaks("V36", "genTime cannot be read")
	}
	if t.at, err = time.Parse("20060102150405Z", text[:14]+"Z"); err == nil && len(text) > 15 {
		t.at, err = time.Parse("20060102150405.999999999Z", text)
	}
	if err != nil {
		return breaks("V36", "genTime is no instant")
	}
	return nil
}

// about tells whether the imprint is of this content, by one of the hashes.
func (t *token) about(content []byte, hashes ...crypto.Hash) bool {
	for _, hash := range hashes {
		if t.imprintBy == hash && bytes.Equal(t.imprint, digestOf(hash, content)) {
			return true
		}
	}
	return false
}

// holds verifies V37 and V38 against those who are pinned, or V39 where nobody is.
func (t *token) holds(authorities folder) error {
	known := authorities.find(t.certificate.Raw)
	if known == nil && len(authorities) > 0 {
		return breaks("V38", "the token is of no pinned authority")
	}
	certificate := t.certificate
	if !t.isOf(certificate) {
		return breaks("V38", "the token names another certificate")
	}
	if !onlyForTimeStamps(certificate) {
		return breaks("V38", "the certificate is not for time-stamps alone")
	}
	if t.at.Before(certificate.NotBefore) || t.at.After(certificate.NotAfter) {
		return breaks("V38", "the certificate was not valid at the token's instant")
	}
	if err := t.checkAttributes(); err != nil {
		return err
	}
	signed := append([]byte{0x31}, t.attributes.raw[1:]...)
	if err := signatureBy(certificate, t.algorithm, t.digest, signed, t.signature); err != nil {
		return breaks("V37", "the token's signature: %v", err)
	}
	return nil
}

// proof of a token that holds; none where nobody is pinned (V39).
func (t *token) proof(authorities folder, besides ...string) *proof {
	known := authorities.find(t.certificate.Raw)
	if known == nil {
		return nil
	}
	relies := append([]string{keyName(t.certificate), hashNames[t.imprintBy], hashNames[t.digest]}, besides...)
	return &proof{at: t.at, period: known.period, relies: relies}
}

func onlyForTimeStamps(certificate *x509.Certificate) bool {
	for _, one := range certificate.Extensions {
		if one.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
			purposes := append(append([]x509.ExtKeyUsage{}, certificate.ExtKeyUsage...), make([]x509.ExtKeyUsage, len(certificate.UnknownExtKeyUsage))...)
			return one.Critical && len(purposes) == 1 && purposes[0] == x509.ExtKeyUsageTimeStamping
		}
	}
	return false
}

// checkAttributes is V37, but for the signature.
func (t *token) checkAttributes() error {
	found, err := signedAttributes(t.attributes)
	if err != nil {
		return breaks("V37", "%v", err)
	}
	if kind := found[oidContentType]; len(kind) != 1 || !kind[0].isOID(oidTSTInfo) {
		return breaks("V37", "the signed content type")
	}
	if digest := found[oidMessageDigest]; len(digest) != 1 || digest[0].tag != 0x04 || !bytes.Equal(digest[0].body, digestOf(t.digest, t.info)) {
		return breaks("V37", "the signed digest is of something else")
	}
	named := found[oidSigningCertV2]
	if len(named) != 1 || named[0].tag != 0x30 {
		return breaks("V37", "the signed certificate")
	}
	parts, err := named[0].children()
	if err != nil || len(parts) == 0 || parts[0].tag != 0x30 {
		return breaks("V37", "the signed certificate")
	}
	all, err := parts[0].children()
	if err != nil || len(all) != 1 || !namesCertificate(all[0], t.certificate.Raw) {
		return breaks("V37", "the signed certificate is another")
	}
	return nil
}

// namesCertificate tells whether an ESSCertIDv2 is about a certificate.
func namesCertificate(one der, certificate []byte) bool {
	parts, err := one.children()
	if err != nil || one.tag != 0x30 || len(parts) == 0 {
		return false
	}
	hash := crypto.SHA256
	if parts[0].tag == 0x30 {
		var ok bool
		if hash, ok = plainHash(parts[0], true); !ok {
			return false
		}
		parts = parts[1:]
	}
	return len(parts) > 0 && parts[0].tag == 0x04 && bytes.Equal(parts[0].body, digestOf(hash, certificate))
}

// signedAttributes returns the values of each attribute, none of which is there twice.
func signedAttributes(attributes der) (map[string][]der, error) {
	all, err := attributes.children()
	if err != nil {
		return nil, err
	}
	found := map[string][]der{}
	for _, one := range all {
		parts, ok := one.has(0x06, 0x31)
		if one.tag != 0x30 || !ok {
			return nil, fmt.Errorf("an attribute that is none")
		}
		values, err := parts[1].children()
		if err != nil || len(values) == 0 {
			return nil, fmt.Errorf("an attribute without a value")
		}
		if _, twice := found[string(parts[0].body)]; twice {
			return nil, fmt.Errorf("an attribute is there twice")
		}
		found[string(parts[0].body)] = values
	}
	return found, nil
}

var ecAlgorithms = map[string]crypto.Hash{oidECWithSHA256: crypto.SHA256, oidECWithSHA384: crypto.SHA384, oidECWithSHA512: crypto.SHA512}

var rsaAlgorithms = map[string]crypto.Hash{oidRSAWithSHA256: crypto.SHA256, oidRSAWithSHA384: crypto.SHA384, oidRSAWithSHA512: crypto.SHA512}

// signatureBy verifies a signature in CMS: ECDSA, or RSA by PKCS #1 v1.5 or PSS.
func signatureBy(certificate *x509.Certificate, algorithm der, hash crypto.Hash, content, signature []byte) error {
	parts, err := algorithm.children()
	if err != nil || len(parts) == 0 || parts[0].tag != 0x06 {
		return fmt.Errorf("an algorithm that cannot be read")
	}
	name := string(parts[0].body)
	plain := len(parts) == 1 || len(parts) == 2 && parts[1].tag == 0x05 && len(parts[1].body) == 0
	digest := digestOf(hash, content)
	good := false
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		known := keyName(certificate)
		if (known == "P-256" || known == "P-384" || known == "P-521") && ecAlgorithms[name] == hash && len(parts) == 1 {
			good = ecdsa.VerifyASN1(key, digest, signature)
		}
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 || key.N.BitLen() > maxModulus {
			break
		}
		if name == oidPSS && len(parts) == 2 && pssOf(parts[1], hash) {
			good = rsa.VerifyPSS(key, hash, digest, signature, &rsa.PSSOptions{SaltLength: hash.Size(), Hash: hash}) == nil
		} else if plain && (name == oidRSA || rsaAlgorithms[name] == hash) {
			good = rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil
		}
	}
	if !good {
		return fmt.Errorf("it is not that of the certificate's key")
	}
	return nil
}

// pssOf tells whether RSASSA-PSS-params are of this hash, MGF1 of it, and a salt as long as it.
func pssOf(parameters der, hash crypto.Hash) bool {
	parts, err := parameters.children()
	if err != nil || parameters.tag != 0x30 || len(parts) != 3 {
		return false
	}
	one, first := parts[0].has(0x30)
	two, second := parts[1].has(0x30)
	three, third := parts[2].has(0x02)
	if !first || !second || !third || parts[0].tag != 0xa0 || parts[1].tag != 0xa1 || parts[2].tag != 0xa2 {
		return false
	}
	by, ok := plainHash(one[0], true)
	mask, good := two[0].has(0x06, 0x30)
	if !ok || !good || by != hash || !mask[0].isOID(oidMGF1) || !three[0].isNumber(byte(hash.Size())) {
		return false
	}
	masked, ok := plainHash(mask[1], true)
	return ok && masked == hash
}
