"""A client of the gateway with zeep: every request signed, every answer verified.

    pip install zeep lxml==6.1.3 xmlsec==1.3.17 cryptography
    python zeep_client.py URL company.key.pem company.cert.pem service.cert.pem

lxml and xmlsec are named together because their packages must hold the same libxml2. By itself zeep signs
with SHA-1, sends no Timestamp, verifies answers with the *client's* certificate and does not ask to what
they are an answer: `GatewaySignature` puts that right. Copy it.
"""
# ruff: noqa: ANN401, INP001, T201, TID251  (a script for integrators; zeep has no types)

from __future__ import annotations

import re
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xmlsec
import zeep
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.wsse.signature import (
    BinarySignature,
    Signature,
    _make_sign_key,
    _make_verify_key,
    _sign_node,
    _verify_envelope_with_key,
)
from zeep.wsse.utils import ID_ATTR, NSMAP, WSU, get_security_header

if TYPE_CHECKING:
    from collections.abc import Iterator

PathLike = str | Path
WSA = "http://www.w3.org/2005/08/addressing"
NAMESPACES = {**NSMAP, "ds": "http://www.w3.org/2000/09/xmldsig#", "wsa": WSA}
SIGNATURE = "{*}Header/wsse:Security/ds:Signature"
SIGNED_PARTS = f"{SIGNATURE}/ds:SignedInfo/ds:Reference"


class _Gateway:
    """What zeep's signatures lack: a Timestamp, SHA-256, the service's certificate, the question answered."""

    def __init__(
        self,
        key: PathLike,
        certificate: PathLike,
        *,
        service: PathLike,
        password: str | None = None,
        url: str | None = None,
    ) -> None:
        methods = xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256
        super().__init__(key, certificate, password, *methods)
        self._service_key = _make_verify_key(Path(service).read_bytes())
        me = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
        self._fingerprint = me.fingerprint(SHA256()).hex()
        self._url = url
        # zeep calls `apply` and `verify` one after the other: each thread has one question at a time.
        self._asked = threading.local()

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Add the Timestamp that the gateway requires and what an answer must relate to, then sign."""
        now = datetime.now(UTC)
        times = {"Created": now, "Expires": now + timedelta(minutes=5)}
        values = [WSU(name, at.strftime("%Y-%m-%dT%H:%M:%SZ")) for name, at in times.items()]
        security = get_security_header(envelope)
        security.append(WSU.Timestamp(*values))
        # New for each request; it ends with the hash of our certificate, so nobody else is answered under it.
        self._asked.id = f"urn:uuid:{uuid.uuid4()}#{self._fingerprint}"
        addressing = {"To": self._url, "Action": _action(headers), "MessageID": self._asked.id}
        blocks = []
        for name, text in addressing.items():
            if text is not None:
                block = etree.SubElement(security.getparent(), f"{{{WSA}}}{name}")
                block.text = text
                blocks.append(block)
        signed = super().apply(envelope, headers)
        self._sign_too(envelope, blocks)
        return signed

    def _sign_too(self, envelope: Any, blocks: list[Any]) -> None:
        """Sign again with more parts: zeep signs Body and Timestamp, and offers no way to say more."""
        signature = envelope.find(SIGNATURE, NAMESPACES)
        context = xmlsec.SignatureContext()
        context.key = _make_sign_key(self.key_data, self.cert_data, self.password)
        for part in envelope.xpath("/*/*[local-name()='Body'] | //wsu:Timestamp", namespaces=NAMESPACES):
            context.register_id(part, "Id", NSMAP["wsu"])
        for block in blocks:
            _sign_node(context, signature, block, self.digest_method)
        context.sign(signature)

    def verify(self, envelope: Any) -> Any:
        """Prove that the service signed this Body, as the answer to this very request."""
        asked, self._asked.id = getattr(self._asked, "id", None), None
        _verify_envelope_with_key(envelope, self._service_key)
        # zeep proves that something is signed: see that it is the Body, which will be read …
        (body,) = envelope.findall("{*}Body")
        _check_signed(envelope, body)
        # … and one RelatesTo, which says what was asked: the service signs answers to others, too.
        related = envelope.findall("{*}Header/wsa:RelatesTo", NAMESPACES)
        if not related and body.find("{*}Fault") is not None:
            reason = body.findtext("{*}Fault/faultstring") or body.findtext(".//{*}Reason/{*}Text")
            raise SignatureVerificationFailed(f"not proven to be about this request: {reason}")
        if len(related) != 1 or asked is None or (related[0].text or "").strip() != asked:
            raise SignatureVerificationFailed("this is the answer to another request")
        _check_signed(envelope, related[0])
        return envelope


def _check_signed(envelope: Any, part: Any) -> None:
    """Raise unless it is this very element that a signed reference means."""
    name = part.get(ID_ATTR, "")
    signed = {one.get("URI") for one in envelope.iterfind(SIGNED_PARTS, NAMESPACES)}
    if f"#{name}" not in signed or envelope.xpath("//*[@*=$name]", name=name) != [part]:
        raise SignatureVerificationFailed(f"{etree.QName(part).localname} is not signed")


def _action(headers: Any) -> str:
    """Return the SOAPAction, which SOAP 1.2 has in the media type."""
    found = headers.get("SOAPAction") or re.findall(r'action="([^"]*)', headers["Content-Type"])[0]
    return str(found).strip('"')


class GatewaySignature(_Gateway, BinarySignature):
    """Signs Body and Timestamp with the client's key; the certificate travels as a BinarySecurityToken."""


class GatewayX509DataSignature(_Gateway, Signature):
    """The same with the certificate in the signature's X509Data."""


SIGNATURES = {"binary": GatewaySignature, "x509data": GatewayX509DataSignature}


def connect(
    url: str,
    key: PathLike,
    certificate: PathLike,
    service: PathLike,
    *,
    signature: type[GatewaySignature | GatewayX509DataSignature] = GatewaySignature,
) -> zeep.Client:
    """Return a zeep client of the gateway at that address."""
    client = zeep.Client(f"{url}?wsdl", wsse=signature(key, certificate, service=service, url=url))
    client.service._binding_options["address"] = url  # noqa: SLF001  (as zeep's documentation does)
    return client


def gateway_fault(client: zeep.Client, fault: Fault) -> Any:
    """Return the typed detail of a fault: code, textEs, textEn, retryable, correlationId, fact."""
    return client.wsdl.types.deserialize(fault.detail[0])


def all_notifications(client: zeep.Client, page_size: int = 1000, **chosen: Any) -> Iterator[Any]:
    """Yield every notification of a list; `chosen` are elements of the filter: `state=["available"]`."""
    cursor = None
    while True:
        page = client.service.ListNotifications(filter=chosen or None, cursor=cursor, pageSize=page_size)
        yield from page.notification
        if not page.hasMore:
            return
        cursor = page.nextCursor


def main(url: str, key: str, certificate: str, service: str) -> int:
    """Show who the gateway takes us for, and what waits for us. Nothing here has a legal effect."""
    client = connect(url, key, certificate, service)
    try:
        who = client.service.Ping()
        print(f"{who.signer.name} for {who.party.name} ({who.party.identifier}), {who.serverTime}")
        for one in all_notifications(client, state=["available"]):
            print(f"{one.code:>10}  {one.deadline}  {one.issuingBody.acronym:5}  {one.subject}")
    except Fault as fault:
        detail = gateway_fault(client, fault)
        print(f"{detail.code}: {detail.textEn} (correlation id {detail.correlationId})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
