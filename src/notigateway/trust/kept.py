"""What is kept to validate the gateway's evidence by: certificates and status, chosen for an instant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from notigateway.evidence.validation_data import ValidationData
from notigateway.pki.keys import fingerprint
from notigateway.pki.revocation import RevocationSource
from notigateway.repository.kept_validation import (
    KeptCertificate,
    KeptStatus,
    find_status_at,
    list_path,
)
from notigateway.repository.trust import get_revocation_data
from notigateway.trust.keeping import PATH_MOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.repository.session import Session


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of what is kept validates something, by the SHA-256 of certificates and of status data."""

    certificates: tuple[str, ...]
    statuses: tuple[str, ...]

    def to_text(self) -> str:
        """Return it as it is stored beside what it validates."""
        return json.dumps([self.certificates, self.statuses], separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Read it back."""
        certificates, statuses = json.loads(text)
        return cls(tuple(certificates), tuple(statuses))


def choose(session: Session, certificates: Iterable[Certificate], at: datetime) -> Chosen | None:
    """Choose what validates these certificates at an instant; None where what is kept is not whole.

    Of each but the anchors it is the first status that was told at that instant or later, so that a
    revocation that came late is in it (EN 319 102-1, grace period); until there is one, the status in force
    then. So the choice changes once at most. One that was revoked by then is validated by nothing.
    """
    path: dict[str, KeptCertificate] = {}
    for certificate in certificates:
        found = list_path(session, fingerprint(certificate), most=PATH_MOST)
        if not found:
            return None
        path |= {one.sha256: one for one in found}
    statuses: dict[str, None] = {}
    for one in path.values():
        if one.issuer_sha256 is None:
            continue
        status = find_status_at(session, one.sha256, at)
        if status is None or _is_revoked(status, at):
            return None
        statuses[status.revocation_sha256] = None
    return Chosen(tuple(path), tuple(statuses))


def _is_revoked(status: KeptStatus, at: datetime) -> bool:
    return status.revoked_at is not None and status.revoked_at <= at


def read_chosen(session: Session, chosen: Chosen) -> ValidationData:
    """Return what was chosen, in its order. Raises: `LookupError` where something of it is gone."""
    certificates = [session.get(KeptCertificate, sha256) for sha256 in chosen.certificates]
    told = {sha256: (source, data) for sha256, source, data in get_revocation_data(session, chosen.statuses)}
    ordered = [told[sha256] for sha256 in chosen.statuses]
    return ValidationData(
        [one.der for one in certificates if one is not None],
        _of(ordered, RevocationSource.CRL),
        _of(ordered, RevocationSource.OCSP),
    )


def _of(told: Sequence[tuple[RevocationSource, bytes]], wanted: RevocationSource) -> list[bytes]:
    return [data for source, data in told if source is wanted]
