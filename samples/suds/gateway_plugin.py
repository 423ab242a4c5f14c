"""What suds lacks: a plugin that signs every request, and believes only the answer to it. Copy it.

suds knows UsernameToken and nothing of signatures. It hands a plugin the text of each message, and reads an
answer only if the plugin raises nothing; faults come by the same way.
"""
# ruff: noqa: ANN401, INP001, TID251  (a script for integrators; suds has no types)

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from lxml import etree
from suds.plugin import MessagePlugin

if TYPE_CHECKING:
    from pathlib import Path

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{WSS}wssecurity-secext-1.0.xsd"
WSU = f"{WSS}wssecurity-utility-1.0.xsd"
X509V3 = f"{WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{WSS}soap-message-security-1.0#Base64Binary"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
NS = {"soap": SOAP, "wsa": WSA, "ds": DS, "wsse": WSSE, "wsu": WSU}
ID = f"{{{WSU}}}Id"


class NotVerifiedError(Exception):
    """Something is not proven to be the service's answer to this request."""


class GatewayPlugin(MessagePlugin):
    """Signs and verifies for one suds client, which makes one call at a time."""

    def __init__(self, key: Path, certificate: Path, service: Path) -> None:
        self._key: Any = load_pem_private_key(key.read_bytes(), None)
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        self._service: Any = x509.load_pem_x509_certificate(service.read_bytes()).public_key()
        self._asked = ""

    def sending(self, context: Any) -> None:
        """Sign the Body, a Timestamp, a new MessageID and the Action."""
        envelope = _parse(context.envelope)
        body = _only(envelope, f"{{{SOAP}}}Body")
        for header in envelope.findall(f"{{{SOAP}}}Header"):
            envelope.remove(header)
        header = etree.Element(f"{{{SOAP}}}Header")
        envelope.insert(0, header)
        # It ends with the hash of our certificate, so nobody else is answered under it.
        self._asked = f"urn:uuid:{uuid.uuid4()}#{self._certificate.fingerprint(hashes.SHA256()).hex()}"
        action = f"urn:notigateway:v1:{etree.QName(body[0]).localname}"
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap=NS)
        security.set(f"{{{SOAP}}}mustUnderstand", "1")
        now = datetime.now(UTC)
        timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
        for name, at in {"Created": now, "Expires": now + timedelta(minutes=5)}.items():
            etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = at.isoformat(timespec="milliseconds")
        der = self._certificate.public_bytes(Encoding.DER)
        kinds = {"ValueType": X509V3, "EncodingType": BASE64}
        token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", kinds)
        token.text = base64.b64encode(der).decode()
        parts = [body, timestamp]
        for name, text in {"MessageID": self._asked, "Action": action}.items():
            parts.append(etree.SubElement(header, f"{{{WSA}}}{name}"))
            parts[-1].text = text
        for part in (*parts, token):
            part.set(ID, f"id-{uuid.uuid4()}")
        self._sign(security, parts, token.get(ID))
        context.envelope = etree.tostring(envelope, encoding="UTF-8")

    def _sign(self, security: Any, parts: list[Any], token: str) -> None:
        signature = etree.SubElement(security, f"{{{DS}}}Signature")
        info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
        etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
        etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=RSA_SHA256)
        for part in parts:
            reference = etree.SubElement(info, f"{{{DS}}}Reference", URI=f"#{part.get(ID)}")
            transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
            etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=EXCLUSIVE)
            etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=SHA256)
            etree.SubElement(reference, f"{{{DS}}}DigestValue").text = _digest(part)
        value = self._key.sign(_canonical(info), PKCS1v15(), hashes.SHA256())
        etree.SubElement(signature, f"{{{DS}}}SignatureValue").text = base64.b64encode(value).decode()
        key_info = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
        named = etree.SubElement(key_info, f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(named, f"{{{WSSE}}}Reference", URI=f"#{token}", ValueType=X509V3)

    def received(self, context: Any) -> None:
        """Raise `NotVerifiedError` unless the service signed this, freshly, to answer our very request."""
        envelope = _parse(context.reply)
        header = _only(envelope, f"{{{SOAP}}}Header")
        body = _only(envelope, f"{{{SOAP}}}Body")
        security = _only(header, f"{{{WSSE}}}Security")
        timestamp = _only(security, f"{{{WSU}}}Timestamp")
        info = self._signed_info(_only(security, f"{{{DS}}}Signature"))
        related = header.findall(f"{{{WSA}}}RelatesTo")
        addressing = [one for one in header if one.tag in {f"{{{WSA}}}Action", f"{{{WSA}}}MessageID"}]
        _check_digests([body, timestamp, *related, *addressing], info)
        if datetime.fromisoformat(_only(timestamp, f"{{{WSU}}}Expires").text) < datetime.now(UTC):
            raise NotVerifiedError("this answer is old")
        if not related and (fault := body.find(f"{{{SOAP}}}Fault")) is not None:
            raise NotVerifiedError(f"a fault that names no request: {fault.findtext('faultstring')}")
        if [(one.text or "").strip() for one in related] != [self._asked]:
            raise NotVerifiedError("this answers another request")
        # What suds reads is what was digested, not what came over the wire.
        context.reply = _canonical(envelope)

    def _signed_info(self, signature: Any) -> Any:
        info = _only(signature, f"{{{DS}}}SignedInfo")
        for name, wanted in {"CanonicalizationMethod": EXCLUSIVE, "SignatureMethod": RSA_SHA256}.items():
            _check_algorithm(_only(info, f"{{{DS}}}{name}"), wanted)
        value = base64.b64decode(_only(signature, f"{{{DS}}}SignatureValue").text)
        try:
            self._service.verify(value, _canonical(info), PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise NotVerifiedError("this answer is not signed by the service") from error
        return info


def _check_digests(parts: list[Any], info: Any) -> None:
    """Digest the elements themselves, not whatever has their Id; each reference has its part."""
    references = {one.get("URI"): one for one in info.findall(f"{{{DS}}}Reference")}
    if set(references) != {f"#{part.get(ID)}" for part in parts} or len(references) != len(parts):
        raise NotVerifiedError("not the signed parts that an answer has")
    for part in parts:
        reference = references[f"#{part.get(ID)}"]
        _check_algorithm(_only(reference, f"{{{DS}}}DigestMethod"), SHA256)
        transform = _only(reference, f"{{{DS}}}Transforms/{{{DS}}}Transform")
        _check_algorithm(transform, EXCLUSIVE)
        # A fault has them: its code is a name with a prefix.
        prefixes = " ".join(one.get("PrefixList") for one in transform).split()
        if _only(reference, f"{{{DS}}}DigestValue").text != _digest(part, prefixes):
            raise NotVerifiedError(f"the digest of {etree.QName(part).localname} differs")


def _check_algorithm(element: Any, wanted: str) -> None:
    if element.get("Algorithm") != wanted:
        raise NotVerifiedError(f"{etree.QName(element).localname} is not {wanted}")


def _only(parent: Any, path: str) -> Any:
    found = parent.findall(path)
    if len(found) != 1:
        raise NotVerifiedError(f"{len(found)} elements {path} instead of one")
    return found[0]


def _parse(text: bytes) -> Any:
    # Comments would split a text in two for a reader, and not for a digest.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        found = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise NotVerifiedError(f"no XML: {error}") from error
    if found.getroottree().docinfo.doctype or found.tag != f"{{{SOAP}}}Envelope":
        raise NotVerifiedError("no envelope that is read")
    return found


def _canonical(element: Any, prefixes: list[str] | None = None) -> bytes:
    return bytes(
        etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes
        )
    )


def _digest(element: Any, prefixes: list[str] | None = None) -> str:
    return base64.b64encode(hashlib.sha256(_canonical(element, prefixes)).digest()).decode()
