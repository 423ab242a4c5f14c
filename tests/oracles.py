"""Independent verifiers of signed envelopes: xmlsec, signxml and zeep's own function.

They share no code with `notigateway.wss`. Each answers whether the signature verifies with the key
of a certificate given beforehand, as those libraries are used by integrators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier
from zeep.exceptions import SignatureVerificationFailed
from zeep.wsse.signature import _make_verify_key, _verify_envelope_with_key

from envelopes import NS, WSU
from pki import NOW

if TYPE_CHECKING:
    from cryptography import x509


def xmlsec_accepts(data: bytes, certificate: x509.Certificate) -> bool:
    """Verify the first signature in a Security header; ids are those of the referenced elements."""
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return False
    signature = root.find(".//wsse:Security/ds:Signature", NS)
    if signature is None:
        return False
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(_pem(certificate), xmlsec.constants.KeyDataFormatCertPem, None)
    try:
        for reference in signature.iterfind("ds:SignedInfo/ds:Reference", NS):
            name = (reference.get("URI") or "")[1:]
            for element in root.xpath("//*[@wsu:Id=$name]", namespaces=NS, name=name):
                context.register_id(element, "Id", WSU)
            for element in root.xpath("//*[@Id=$name]", name=name):
                context.register_id(element, "Id", None)
        context.verify(signature)
    except (xmlsec.Error, ValueError):
        return False
    return True


def signxml_accepts(data: bytes, certificate: x509.Certificate) -> bool:
    """Verify the first signature found, with any number of references."""
    config = SignatureConfiguration(location=".//", expect_references=False, verification_time=NOW)
    try:
        XMLVerifier().verify(data, x509_cert=certificate, expect_config=config)
    except (InvalidInput, InvalidSignature, etree.LxmlError, ValueError, TypeError, AssertionError):
        return False
    return True


def zeep_accepts(data: bytes, certificate: x509.Certificate) -> bool:
    """Verify an answer as zeep does, with the service's certificate."""
    try:
        key = _make_verify_key(_pem(certificate))  # type: ignore[no-untyped-call]
        _verify_envelope_with_key(etree.fromstring(data), key)  # type: ignore[no-untyped-call]
    except SignatureVerificationFailed:
        return False
    return True


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
