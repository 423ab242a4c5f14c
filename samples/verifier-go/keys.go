package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
)

// Signatures of the seal (V9, V10).

// maxModulus bounds what one verification may cost.
const maxModulus = 16384

// sealKind is "ecdsa", "rsa", or nothing where the key seals nothing.
func sealKind(certificate *x509.Certificate) string {
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return "ecdsa"
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= 3072 && key.N.BitLen() <= maxModulus {
			return "rsa"
		}
	}
	return ""
}

type rAndS struct{ R, S *big.Int }

// sealSigned verifies a signature that stands alone, so ECDSA in DER.
func sealSigned(certificate *x509.Certificate, content, signature []byte, mayBeHigh bool) error {
	if sealKind(certificate) == "ecdsa" {
		var found rAndS
		rest, err := asn1.Unmarshal(signature, &found)
		if err != nil || len(rest) > 0 {
			return breaks("V10", "the signature is not DER of two numbers")
		}
		again, err := asn1.Marshal(found)
		if err != nil || string(again) != string(signature) {
			return breaks("V10", "the signature is not in its one spelling")
		}
		return ecdsaSigned(certificate, content, found.R, found.S, mayBeHigh)
	}
	return rsaSigned(certificate, content, signature)
}

// sealSignedInXML verifies a signature as XML has it, so ECDSA as r and s side by side.
func sealSignedInXML(certificate *x509.Certificate, content, signature []byte, mayBeHigh bool) error {
	if sealKind(certificate) == "ecdsa" {
		if len(signature) != 64 {
			return breaks("V10", "the signature is not of 64 bytes")
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsaSigned(certificate, content, r, s, mayBeHigh)
	}
	return rsaSigned(certificate, content, signature)
}

func ecdsaSigned(certificate *x509.Certificate, content []byte, r, s *big.Int, mayBeHigh bool) error {
	key := certificate.PublicKey.(*ecdsa.PublicKey)
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	if !mayBeHigh && s.Cmp(half) > 0 {
		return breaks("V10", "the signature is in its high form")
	}
	if !ecdsa.Verify(key, sum(content), r, s) {
		return breaks("V9", "the signature is not the seal's")
	}
	return nil
}

func rsaSigned(certificate *x509.Certificate, content, signature []byte) error {
	if sealKind(certificate) != "rsa" {
		return breaks("V9", "a key of this kind seals nothing")
	}
	options := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	if rsa.VerifyPSS(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum(content), signature, options) != nil {
		return breaks("V9", "the signature is not the seal's")
	}
	return nil
}

// keyName is the name of a key in the table of algorithms (V40).
func keyName(certificate *x509.Certificate) string {
	switch key := certificate.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return key.Curve.Params().Name
	case *rsa.PublicKey:
		switch bits := key.N.BitLen(); {
		case bits >= 3072:
			return "RSA-3072"
		case bits >= 2048:
			return "RSA-2048"
		}
		return "RSA-1024"
	}
	return "unknown"
}
