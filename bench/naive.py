"""The service as one writes it first: Spyne for the contract, xmlsec for the signatures, rows from memory.

Started by `make bench` as a peer, under gunicorn: `NAIVE_FOLDER` names the folder of its key and trust.
Each request is parsed, its signature verified, its certificate's issuer checked and its time; then Spyne
dispatches, builds its tree, and xmlsec signs that. Nothing is durable, nobody's rights are asked.
"""

from __future__ import annotations

import base64
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from spyne import (
    Application,
    Array,
    Boolean,
    ComplexModel,
    DateTime,
    Duration,
    Integer,
    ServiceBase,
    Unicode,
    rpc,
)
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

from notigateway.wss.ns import DS, NOTIGATEWAY_V1, SOAP11, WSSE, WSU

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_ROWS: Final = 1_000
_TOKEN_TYPE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"  # noqa: S105
_BASE64: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)


class IssuingBody(ComplexModel):  # type: ignore[misc]  # Spyne has no types
    """Who issues acts."""

    __namespace__ = NOTIGATEWAY_V1
    issuerId = Unicode  # noqa: N815  (a name on the wire)
    acronym = Unicode
    name = Unicode


class Party(ComplexModel):  # type: ignore[misc]  # Spyne has no types
    """The addressee."""

    __namespace__ = NOTIGATEWAY_V1
    identifier = Unicode
    name = Unicode


class Notification(ComplexModel):  # type: ignore[misc]  # Spyne has no types
    """One row."""

    __namespace__ = NOTIGATEWAY_V1
    _type_info = [  # noqa: RUF012  (Spyne reads the order of the elements from it)
        ("code", Integer),
        ("id", Unicode),
        ("kind", Unicode),
        ("subject", Unicode),
        ("issuingBody", IssuingBody),
        ("procedure", Unicode),
        ("matter", Unicode),
        ("addressee", Party),
        ("role", Unicode),
        ("state", Unicode),
        ("availableAt", DateTime),
        ("deadline", DateTime),
        ("timeLeft", Duration),
        ("specialCategory", Boolean),
        ("documentCount", Integer),
        ("documentSize", Integer(max_occurs="unbounded")),
    ]


def _row(number: int, now: datetime) -> Notification:
    return Notification(
        code=number,
        id=f"00000000-0000-7000-8000-{number:012}",
        kind="notification",
        subject=f"Reclamación de deuda número {number}, periodo 01/2026 a 06/2026",
        issuingBody=IssuingBody(
            issuerId="E04990201", acronym="TGSS", name="Tesorería General de la Seguridad Social"
        ),
        procedure="RECAUD",
        matter="Recaudación",
        addressee=Party(identifier="B99999997", name="Ejemplo de Nóminas, S.L. (ficticia)"),
        role="own",
        state="available",
        availableAt=now,
        deadline=now + timedelta(days=10),
        timeLeft=timedelta(days=9, hours=23),
        specialCategory=False,
        documentCount=2,
        documentSize=[23, 18],
    )


class Mailbox(ServiceBase):  # type: ignore[misc]  # as above
    """The one operation."""

    @rpc(Unicode, Integer, _returns=Array(Notification))  # type: ignore[untyped-decorator]  # as above
    def ListNotifications(ctx: Any, cursor: str | None, pageSize: int | None) -> list[Notification]:  # noqa: ARG002, N802, N803, N805  (Spyne's way, names on the wire)
        """Return a page."""
        now = datetime.now(UTC)
        return [_row(number, now) for number in range(1, min(pageSize or 100, _ROWS) + 1)]


class Signed:
    """Verifies what comes, hands it to Spyne and signs what it answers."""

    def __init__(self, folder: Path) -> None:
        application = Application(
            [Mailbox], NOTIGATEWAY_V1, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
        )
        self._spyne = WsgiApplication(application)
        self._issuers = x509.load_pem_x509_certificates((folder / "authorities.pem").read_bytes())
        self._key = xmlsec.Key.from_file(str(folder / "service.key.pem"), xmlsec.constants.KeyDataFormatPem)
        certificate = x509.load_pem_x509_certificate((folder / "service.cert.pem").read_bytes())
        self._token = base64.b64encode(_der(certificate)).decode()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        envelope = etree.fromstring(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        self._verify(envelope)
        envelope.remove(envelope[0])
        environ["wsgi.input"] = io.BytesIO(etree.tostring(envelope))
        environ["CONTENT_LENGTH"] = str(len(environ["wsgi.input"].getvalue()))
        answer = b"".join(self._spyne(environ, lambda *_: len))
        signed = self._signed(etree.fromstring(answer))
        start_response(
            "200 OK", [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(signed)))]
        )
        return [signed]

    def _verify(self, envelope: etree._Element) -> None:
        """Verify the signature by the certificate in the token. Raises: `xmlsec.Error`, `ValueError`."""
        token = envelope.findtext(f".//{{{WSSE}}}BinarySecurityToken", "")
        der = base64.b64decode(token)
        certificate = x509.load_der_x509_certificate(der)
        if not any(certificate.issuer == issuer.subject for issuer in self._issuers):
            raise ValueError("nobody is authorised to issue that certificate")
        for issuer in self._issuers:
            if certificate.issuer == issuer.subject:
                certificate.verify_directly_issued_by(issuer)
        expires = datetime.fromisoformat(envelope.findtext(f".//{{{WSU}}}Expires", ""))
        if expires < datetime.now(UTC):
            raise ValueError("the message has expired")
        xmlsec.tree.add_ids(envelope, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer)
        (signature,) = envelope.iterfind(f".//{{{DS}}}Signature")
        context.verify(signature)

    def _signed(self, envelope: etree._Element) -> bytes:
        """Return the answer, its Body and its Timestamp signed."""
        now = datetime.now(UTC)
        body = envelope.find(f"{{{SOAP11}}}Body")
        header = etree.Element(f"{{{SOAP11}}}Header")
        envelope.insert(0, header)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        stamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
        etree.SubElement(stamp, f"{{{WSU}}}Created").text = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        etree.SubElement(stamp, f"{{{WSU}}}Expires").text = f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken")
        token.attrib.update({"EncodingType": _BASE64, "ValueType": _TOKEN_TYPE})
        token.text = self._token
        for element, name in ((body, "Body"), (stamp, "Timestamp"), (token, "Token")):
            assert element is not None
            element.set(f"{{{WSU}}}Id", name)
        signature = xmlsec.template.create(
            envelope, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
        )
        security.append(signature)
        for name in ("Body", "Timestamp"):
            reference = xmlsec.template.add_reference(
                signature, xmlsec.constants.TransformSha256, uri=f"#{name}"
            )
            xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        info = xmlsec.template.ensure_key_info(signature)
        pointer = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(pointer, f"{{{WSSE}}}Reference", URI="#Token", ValueType=_TOKEN_TYPE)
        xmlsec.tree.add_ids(envelope, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = self._key
        context.sign(signature)
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


application = Signed(Path(os.environ["NAIVE_FOLDER"]))
