"""The receipt that a party signs before it is notified (acuse): how it is issued, and how it is signed.

    ProsaSignature id="ELEMENTOAFIRMAR"
        ProsaSignatureData Id="ProsaData"
            ACUSE_FIRMA id="ACUSE_FIRMA"     what is decided, by whom, until when
        ds:Signature                         ours: nobody can hand in what we have not handed out
        ds:Signature                         the party's, added by it

Ours is made with the key that signs answers and over the exclusive form, so that declarations which
the party's tools add to the root leave it whole. `acuse_check` reads what comes back.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.errors import AcuseInvalidError, GatewayError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from notigateway.law.lifecycle import Decision
from notigateway.law.representation import Role
from notigateway.wss.canonical import canonical, inclusive
from notigateway.wss.envelope import parse_xml
from notigateway.wss.ns import DS, INC_C14N
from notigateway.wss.policy import Limits
from notigateway.wss.sign import reference, signed_info

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.wss.sign import Signer

ROOT: Final = "ProsaSignature"
DATA: Final = "ProsaSignatureData"
DATA_ID: Final = "ProsaData"
CONTENT: Final = "ACUSE_FIRMA"
# Far beyond an acuse with two signatures and a chain of certificates; counted before any canonical form.
ACUSE_LIMITS: Final = Limits(
    request_max_bytes=256 * 1024,
    max_depth=16,
    max_elements=400,
    max_attributes_per_element=16,
    max_namespaces_per_element=16,
    max_namespaces_total=64,
)
_VERSION: Final = "4"
_KINDS: Final = {Decision.ACCEPT: "ACEPTACION", Decision.REJECT: "RECHAZO"}
_ROLES: Final = {Role.OWN: "1", Role.RED: "2", Role.ATTORNEY: "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuseTerms:
    """What an acuse decides once it is signed: `party` acts in the capacity `role`, until `expires_at`.

    `person` is the natural person it was handed to; None for the seal of an entity.
    """

    code: int
    decision: Decision
    role: Role
    party: str
    person: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuseDetails:
    """What the person who signs an acuse reads in it: of the notification, and of who acts.

    `title` is the power or the RED authorisation by which the party acts.
    """

    addressee: str
    addressee_name: str
    party_name: str
    title: str | None
    person_name: str | None
    issuing_body: str
    procedure: str
    subject: str
    available_at: datetime


def issue_acuse(terms: AcuseTerms, details: AcuseDetails, *, signer: Signer, now: datetime) -> bytes:
    """Return an acuse with our signature, ready for the party's."""
    data = etree.Element(DATA, Id=DATA_ID)
    content = etree.SubElement(data, CONTENT, id=CONTENT)
    said: tuple[tuple[str, str | None], ...] = (
        ("VERSION_ACUSE", _VERSION),
        ("COD_NOTIFICACION", str(terms.code)),
        ("TIPO_ACUSE", _KINDS[terms.decision]),
        ("ROL", _ROLES[terms.role]),
        ("SOLICITANTE", terms.party),
        ("NOMBRE_SOLICITANTE", details.party_name),
        ("TITULO", details.title),
        ("FIRMANTE", terms.person),
        ("NOMBRE_FIRMANTE", details.person_name),
        ("DESTINATARIO", details.addressee),
        ("NOMBRE_DESTINATARIO", details.addressee_name),
        ("ORGANISMO", details.issuing_body),
        ("PROCEDIMIENTO", details.procedure),
        ("ASUNTO", details.subject),
        ("FECHA_PUESTA_DISPOSICION", madrid_text(details.available_at)),
        ("FECHA_SOLICITUD", instant_text(now)),
        ("VALIDO_HASTA", instant_text(terms.expires_at)),
    )
    for name, text in said:
        if text is not None:
            etree.SubElement(content, name).text = text
    octets = canonical(data)
    info = our_signed_info(octets, signer.method.value)
    value = base64.b64encode(signer.sign(info, signer.method))
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<%b id="ELEMENTOAFIRMAR">' % ROOT.encode(),
            octets,
            _signature(info, value, _key_info(signer, "")),
            b"</%b>" % ROOT.encode(),
        )
    )


def read_terms(data: _Element) -> AcuseTerms:
    """Return what an acuse decides; the element must be one whose signature of ours was verified.

    Raises: `AcuseInvalidError`, also for one of another version.
    """
    texts = {str(child.tag): child.text or "" for child in data.iterfind(f"{CONTENT}/*")}
    try:
        if texts["VERSION_ACUSE"] != _VERSION:
            raise AcuseInvalidError("another version")
        return AcuseTerms(
            code=int(texts["COD_NOTIFICACION"]),
            decision={word: decision for decision, word in _KINDS.items()}[texts["TIPO_ACUSE"]],
            role={number: role for role, number in _ROLES.items()}[texts["ROL"]],
            party=texts["SOLICITANTE"],
            person=texts.get("FIRMANTE"),
            expires_at=datetime.fromisoformat(texts["VALIDO_HASTA"]),
        )
    except (KeyError, ValueError) as error:
        raise AcuseInvalidError("not the data of an acuse") from error


def sign_acuse(xml: bytes, *, signer: Signer, expected: tuple[int, Decision]) -> bytes:
    """Return the acuse with the party's signature: over the data and its own KeyInfo, as clients do.

    `expected` is the code and the decision that the party has asked for: nothing else is signed. The
    bytes must come from an answer whose signature was verified.

    Raises: `AcuseInvalidError` for another acuse, or for what is none.
    """
    end = b"</%b>" % ROOT.encode()
    try:
        root = parse_xml(xml, limits=ACUSE_LIMITS)
    except GatewayError as error:
        raise AcuseInvalidError(error.detail) from error
    found = [child for child in root if child.tag == DATA and child.get("Id") == DATA_ID]
    if root.tag != ROOT or len(found) != 1 or not xml.rstrip().endswith(end):
        raise AcuseInvalidError("not the structure of an acuse")
    terms = read_terms(found[0])
    if (terms.code, terms.decision) != expected:
        raise AcuseInvalidError("an acuse of something else than was asked for")
    key_id = f"KeyInfo-{secrets.token_hex(8)}"
    key_info = _key_info(signer, key_id)
    # Inclusive form: a part is seen with the declarations around it, and so is SignedInfo below.
    parts = {DATA_ID: inclusive(found[0]), key_id: _in_form(key_info)}
    references = b"".join(reference(name, octets, c14n=INC_C14N) for name, octets in parts.items())
    info = signed_info(signer.method.value, references, c14n=INC_C14N)
    value = base64.b64encode(signer.sign(info, signer.method))
    return xml.rstrip()[: -len(end)] + _signature(info, value, key_info) + end


def our_signed_info(octets: bytes, method: str) -> bytes:
    """Return the one SignedInfo that we write for data with these canonical octets."""
    return signed_info(method, reference(DATA_ID, octets))


def madrid_text(instant: datetime) -> str:
    """Write an instant as this contract does: `31-01-2026 23:59:59`, the clock of Madrid."""
    return instant.astimezone(MADRID).strftime("%d-%m-%Y %H:%M:%S")


def _signature(info: bytes, value: bytes, key_info: bytes) -> bytes:
    return (
        b'<ds:Signature xmlns:ds="%b">' % DS.encode()
        + info
        + b"<ds:SignatureValue>%b</ds:SignatureValue>" % value
        + key_info
        + b"</ds:Signature>"
    )


def _key_info(signer: Signer, identifier: str) -> bytes:
    der = base64.b64encode(signer.certificate.public_bytes(Encoding.DER)).decode()
    named = f' Id="{identifier}"' if identifier else ""
    return (
        f"<ds:KeyInfo{named}><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data>"
        "</ds:KeyInfo>"
    ).encode()


def _in_form(key_info: bytes) -> bytes:
    """Return KeyInfo in the form in which it is digested: with the declaration of its parent."""
    return key_info.replace(b"<ds:KeyInfo", b'<ds:KeyInfo xmlns:ds="%b"' % DS.encode(), 1)
