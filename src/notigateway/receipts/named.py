"""What else a signed request names: it is one message, and proves a fact about each notification in it.

Whoever gets the evidence of one of them may not know of the others: a notification with data of a special
category, another grantor's, another addressee's in the same report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from lxml import etree

from notigateway.errors import GatewayError
from notigateway.pki.families import KNOWN_FAMILIES, Families
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.header import read_security
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1, NOTIGATEWAY_V1, WSCN, WSCN_TEST, namespace_of
from notigateway.wss.policy import Limits
from notigateway.wss.references import signable_parts
from notigateway.wss.tokens import read_token

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from lxml.etree import _Element

    from notigateway.pki.known import KnownCertificates
    from notigateway.wss.envelope import Envelope

_LIMITS: Final = Limits(request_max_bytes=64 * 1024 * 1024, max_elements=500_000)
_MAX_TOKENS: Final = 8
# What a request of the contract of parties may hold that is about the notifications it names, and no more.
_ABOUT_THEM: Final = frozenset(
    {"id", "documentId", "reason", "forInformation", "offset", "length", "contractVersion"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a request names beside the notification in question.

    `others` are notifications by their identifiers, None where it cannot be told which. `certificate` signed
    it, as it was admitted, and `party` asked for itself or as a representative; None where that is not known.
    """

    others: frozenset[UUID] | None
    certificate: Certificate | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Who signed a request, for which party, as that was read when it came; None where it was not kept.

    `stated` is the SHA-256 of the certificate that the receipt names, and `decided` the party that it says
    decided, in a case where that is who asked.
    """

    certificate: Certificate | None = None
    party: str | None = None
    stated: str | None = None
    decided: str | None = None


def names_in(
    request: bytes,
    signing: Signing,
    *,
    about: UUID | None,
    known: KnownCertificates,
    families: Families = KNOWN_FAMILIES,
) -> Names:
    """Return what a request names, that was verified when it came, beside the notification `about`.

    Only of a request that was kept without its signer is the token read anew, with the registrations and
    families of today, and believed as far as the receipt agrees.
    """
    try:
        envelope = parse_envelope(request, limits=_LIMITS)
    except GatewayError:
        return Names(others=None, certificate=signing.certificate)
    named = _named(envelope.operation)
    others = None if named is None else named - {about}
    certificate = signing.certificate or _read_anew(envelope, known)
    if certificate is not None and signing.stated not in {None, fingerprint(certificate)}:
        certificate = None
    # Whoever reports at work asks for a body, not for itself.
    is_report = namespace_of(str(envelope.operation.tag)) == NOTIGATEWAY_ISSUING_V1
    party = signing.party or signing.decided or _party_of(certificate, families)
    return Names(others=others, certificate=certificate, party=None if is_report else party)


def _read_anew(envelope: Envelope, known: KnownCertificates) -> Certificate | None:
    """Return the certificate that a request holds, or names among those registered today."""
    try:
        header = read_security(envelope, max_tokens=_MAX_TOKENS)
        return read_token(header, signable_parts(envelope, header), known).certificate
    except GatewayError:
        return None


def _party_of(certificate: Certificate | None, families: Families) -> str | None:
    """Return the party that a certificate stands for today."""
    try:
        return None if certificate is None else read_caller(certificate, families).party
    except GatewayError:
        return None


def _named(operation: _Element) -> frozenset[UUID] | None:
    """Return the notifications that an operation names, as far as they are named by their identifiers."""
    namespace = namespace_of(str(operation.tag))
    if namespace in {WSCN, WSCN_TEST}:
        return frozenset()  # one code in each, and one receipt to sign: the notification's own
    if namespace == NOTIGATEWAY_ISSUING_V1:
        # An issuing body names by references of its own, and says more of each than that.
        reports = operation.findall(f"{{{NOTIGATEWAY_ISSUING_V1}}}report")
        return frozenset() if len(reports) == 1 else None
    if namespace != NOTIGATEWAY_V1 or not _ABOUT_THEM.issuperset(map(_local, operation)):
        return None
    try:
        return frozenset(UUID((one.text or "").strip()) for one in operation if _local(one) == "id")
    except ValueError:
        return None


def _local(element: _Element) -> str:
    return etree.QName(element).localname
