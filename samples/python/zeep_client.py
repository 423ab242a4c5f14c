"""A client of the gateway with zeep: every request signed, every answer verified.

    pip install zeep lxml==6.1.3 xmlsec==1.3.17
    python zeep_client.py URL company.key.pem company.cert.pem service.cert.pem

lxml and xmlsec are named together because their packages must hold the same libxml2. By itself zeep signs
with SHA-1, sends no Timestamp and verifies answers with the *client's* certificate: `GatewaySignature`
puts that right. Copy it.
"""
# ruff: noqa: ANN401, INP001, T201, TID251  (a script for integrators; zeep has no types)

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xmlsec
import zeep
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.wsse.signature import BinarySignature, Signature, _make_verify_key, _verify_envelope_with_key
from zeep.wsse.utils import ID_ATTR, NSMAP, WSU, get_security_header

if TYPE_CHECKING:
    from collections.abc import Iterator

PathLike = str | Path
NAMESPACES = {
    **NSMAP,
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
}
SIGNED_PARTS = "soap:Header/wsse:Security/ds:Signature/ds:SignedInfo/ds:Reference"


class _Gateway:
    """What zeep's signatures lack: a Timestamp, SHA-256, and the service's certificate for answers."""

    def __init__(
        self, key: PathLike, certificate: PathLike, *, service: PathLike, password: str | None = None
    ) -> None:
        methods = xmlsec.Transform.RSA_SHA256, xmlsec.Transform.SHA256
        super().__init__(key, certificate, password, *methods)
        self._service_key = _make_verify_key(Path(service).read_bytes())

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Add the Timestamp that the gateway requires, then sign."""
        now = datetime.now(UTC)
        times = {"Created": now, "Expires": now + timedelta(minutes=5)}
        values = [WSU(name, at.strftime("%Y-%m-%dT%H:%M:%SZ")) for name, at in times.items()]
        get_security_header(envelope).append(WSU.Timestamp(*values))
        return super().apply(envelope, headers)

    def verify(self, envelope: Any) -> Any:
        """Prove that the service signed this answer, and that the Body is what it signed."""
        _verify_envelope_with_key(envelope, self._service_key)
        # zeep proves that something is signed: see that it is the Body, which will be read.
        body = envelope.find("soap:Body", NAMESPACES)
        name = body.get(ID_ATTR, "")
        signed = {part.get("URI") for part in envelope.iterfind(SIGNED_PARTS, NAMESPACES)}
        if f"#{name}" not in signed or envelope.xpath("//*[@*=$name]", name=name) != [body]:
            raise SignatureVerificationFailed
        return envelope


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
    client = zeep.Client(f"{url}?wsdl", wsse=signature(key, certificate, service=service))
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
