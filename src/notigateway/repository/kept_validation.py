"""What the gateway's own seals and time-stamp authorities are validated by, kept for good.

The certificates up to their anchors, and of each of them what said that it was good: as rows of the
revocation data, under their digests. Nothing of it is kept for one receipt: all that was sealed shares it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.pki.revocation import RevocationFinding
    from notigateway.repository.session import Session


class KeptCertificate(Row):
    """A certificate, and the one of its issuer; an anchor is issued by nobody else."""

    __tablename__ = "kept_certificates"

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    issuer_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)
    der: Mapped[bytes] = mapped_column(LargeBinary)


class KeptStatus(Row):
    """What a list or an answer said of a kept certificate; its bytes are the revocation data so named."""

    __tablename__ = "kept_statuses"

    certificate_sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    this_update: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    fresh_until: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revocation_sha256: Mapped[str] = mapped_column(SHA256_HEX)


def keep_certificate(session: Session, *, sha256: str, issuer_sha256: str | None, der: bytes) -> bool:
    """Keep a certificate unless it is kept already; tell whether it is new."""
    return insert_if_absent(session, KeptCertificate, sha256=sha256, issuer_sha256=issuer_sha256, der=der)


def list_path(session: Session, sha256: str, *, most: int) -> Sequence[KeptCertificate]:
    """Return a kept certificate and its issuers up to the anchor; none where one of them is not kept."""
    path: list[KeptCertificate] = []
    wanted: str | None = sha256
    while wanted is not None:
        found = session.get(KeptCertificate, wanted)
        if found is None or len(path) >= most:
            return ()
        path.append(found)
        wanted = found.issuer_sha256
    return path


def keep_status(session: Session, certificate_sha256: str, finding: RevocationFinding) -> bool:
    """Keep what was found of a certificate; tell whether that is new."""
    return insert_if_absent(
        session,
        KeptStatus,
        certificate_sha256=certificate_sha256,
        this_update=finding.this_update,
        fresh_until=finding.fresh_until,
        revoked_at=finding.revoked_at,
        revocation_sha256=finding.sha256,
    )


def find_last_status(session: Session, certificate_sha256: str) -> KeptStatus | None:
    """Return what is known last of a kept certificate."""
    wanted = select(KeptStatus).where(KeptStatus.certificate_sha256 == certificate_sha256)
    return session.scalar(wanted.order_by(KeptStatus.this_update.desc()).limit(1))


def find_status_at(session: Session, certificate_sha256: str, at: datetime) -> KeptStatus | None:
    """Return what tells of a kept certificate at an instant.

    The first that was said at that instant or later; until there is one, what was in force then.
    """
    wanted = select(KeptStatus).where(KeptStatus.certificate_sha256 == certificate_sha256).limit(1)
    later = wanted.where(KeptStatus.this_update >= at).order_by(KeptStatus.this_update)
    before = wanted.where(KeptStatus.this_update < at).order_by(KeptStatus.this_update.desc())
    found = session.scalar(later)
    if found is not None:
        return found
    last = session.scalar(before)
    return last if last is not None and at <= last.fresh_until else None
