"""The certificate of a power: what the register holds of it at an instant, sealed like a receipt.

Orden ISM/189/2021 art. 7.2 says what an entry holds, art. 11 that both sides may have a certificate of it.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from notigateway.contract.reading import read
from notigateway.contract.writing import writer
from notigateway.contract.xml import Child, Word, element
from notigateway.evidence.statement import (
    POLICY_ID,
    POLICY_SHA256,
    EvidenceIssuerDetails,
    EvidencePart,
    RequestEvidence,
    only,
)
from notigateway.evidence.xades import verify_sealed
from notigateway.wss.ns import EVIDENCE_1, names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element

    from notigateway.evidence.history import Pin

_name: Final = names_in(EVIDENCE_1)
ROOT: Final = _name("PowerCertificate")
BEGINNING: Final = b"<PowerCertificate "


@element
class Policy(EvidencePart):
    """The policy under which it is issued: that of the receipts."""

    identifier: Annotated[str, Child("EvidenceIssuerPolicyID")] = POLICY_ID
    sha256: Word = POLICY_SHA256


@element
class PowerParty(EvidencePart):
    """One side of the power, and how it can be reached where that was told."""

    identifier: str
    name: str
    contact: str | None = None


@element
class CertifiedItem(EvidencePart):
    """Something that the power names, and how it stands by itself."""

    kind: Word
    value: str
    name: str
    state: Word
    ended_at: datetime | None = None


@element
class PowerCertificate(EvidencePart):
    """What the register holds of a power at `event_time`; `scope` is its type."""

    evidence_id: Annotated[UUID, Child("EvidenceIdentifier")]
    event_time: datetime
    policy: Annotated[Policy, Child("EvidenceIssuerPolicy")] = field(default_factory=Policy)
    issuer: Annotated[EvidenceIssuerDetails, Child("EvidenceIssuerDetails")]
    grantor: Annotated[PowerParty, Child("GrantorDetails")]
    attorney: Annotated[PowerParty, Child("AttorneyDetails")]
    power_id: UUID
    scope: Word
    items: Annotated[tuple[CertifiedItem, ...], Child("Item")] = ()
    granted_at: datetime
    accepted_at: datetime | None = None
    stated_at: datetime | None = None
    inscribed_at: datetime | None = None
    expires_at: datetime
    ended_at: datetime | None = None
    state: Word
    awaits: Annotated[tuple[Word, ...], Child("Awaits")] = ()
    request: Annotated[RequestEvidence, Child("RequestEvidence")]


_write: Final = writer(PowerCertificate)


def render(certificate: PowerCertificate) -> bytes:
    """Return the unsealed element in exclusive canonical form."""
    name = "PowerCertificate"
    return f'<{name} xmlns="{EVIDENCE_1}">{_write(certificate)}</{name}>'.encode()


def verify_power_certificate(data: bytes, *, seal_certificates: Sequence[Pin]) -> PowerCertificate:
    """Return what a certificate says, if one of the pinned seal certificates sealed exactly these bytes.

    Raises: `ReceiptInvalidError` with the reason.
    """
    signed = verify_sealed(data, tag=ROOT, sealed_at=_event_time, seal_certificates=seal_certificates)
    return read(PowerCertificate, signed)


def _event_time(signed: _Element) -> datetime:
    """Return the instant at which it states how the power stands. Raises: `ValueError`."""
    return datetime.fromisoformat(only(signed, _name("EventTime")).text or "")
