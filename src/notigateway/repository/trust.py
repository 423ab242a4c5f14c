"""Rows and queries of trust: revocation data by their digest, certificates to ask about, trusted lists.

The bytes of a list or answer are kept under their SHA-256: receipts name it, so what one rests on is
never deleted. The rest goes once something newer has replaced it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Index, LargeBinary, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.pki.revocation import RevocationSource
from notigateway.repository.columns import SHA256_HEX, Evidence, Row, UtcDateTime, Word
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from notigateway.pki.revocation import RevocationData
    from notigateway.repository.session import Session

# A worker may still work with what was replaced a moment ago, and a receipt of it name that.
_KEEP_REPLACED: Final = timedelta(hours=1)
_AT_ONCE: Final = 500


class RevocationRow(Row):
    """A verified list or answer; `replaced_at` is NULL while nothing newer of its scope is known."""

    __tablename__ = "revocation_data"
    __table_args__ = (Index(None, "scope", "replaced_at"),)

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    source: Mapped[RevocationSource] = mapped_column(Word(RevocationSource))
    scope: Mapped[str] = mapped_column(SHA256_HEX)
    this_update: Mapped[datetime] = mapped_column(UtcDateTime)
    fresh_until: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A receipt rests on it: never deleted.
    is_evidence: Mapped[bool]
    data: Mapped[bytes] = mapped_column(Evidence, deferred=True)


class WatchedCertificate(Row):
    """A certificate whose status no list tells beforehand: it is asked for, outside of requests."""

    __tablename__ = "watched_certificates"

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    der: Mapped[bytes] = mapped_column(LargeBinary)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class TrustedListRow(Row):
    """The newest trusted list of a scheme that was ever in use here: an older one is refused."""

    __tablename__ = "trusted_lists"

    scheme: Mapped[str] = mapped_column(String(255), primary_key=True)
    sequence_number: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


def keep_revocation_data(session: Session, one: RevocationData, data: bytes, *, now: datetime) -> bool:
    """Store a verified list or answer, unless one as new of its scope is there; tell whether it is new."""
    current = session.scalars(
        select(RevocationRow).where(RevocationRow.scope == one.scope, RevocationRow.replaced_at.is_(None))
    ).all()
    if any(row.this_update >= one.this_update for row in current):
        return False
    if not _insert(session, one, data, now=now, is_evidence=False):
        # It was kept for the gateway's own certificates alone, and is the newest for callers too.
        session.get_one(RevocationRow, one.sha256).replaced_at = None
    for row in current:
        row.replaced_at = now
    return True


def keep_as_evidence(session: Session, one: RevocationData, data: bytes, *, now: datetime) -> None:
    """Store a verified list or answer for ever: not for callers, whose certificates it need not be about."""
    if not _insert(session, one, data, now=now, is_evidence=True):
        mark_as_evidence(session, one.sha256)


def _insert(session: Session, one: RevocationData, data: bytes, *, now: datetime, is_evidence: bool) -> bool:
    """Store it for callers, or for evidence alone; False where it is there already."""
    return insert_if_absent(
        session,
        RevocationRow,
        sha256=one.sha256,
        source=one.source,
        scope=one.scope,
        this_update=one.this_update,
        fresh_until=one.fresh_until,
        stored_at=now,
        replaced_at=now if is_evidence else None,
        is_evidence=is_evidence,
        data=data,
    )


def list_current_digests(session: Session) -> frozenset[str]:
    """Return what of the revocation data is in force; a page of one, since they are few."""
    return frozenset(session.scalars(select(RevocationRow.sha256).where(RevocationRow.replaced_at.is_(None))))


def list_current_freshness(session: Session) -> Sequence[tuple[RevocationSource, datetime]]:
    """Return of each list and answer in force what it is, and until when it is current."""
    wanted = select(RevocationRow.source, RevocationRow.fresh_until)
    rows = session.execute(wanted.where(RevocationRow.replaced_at.is_(None)))
    return [(source, until) for source, until in rows]


def get_revocation_data(
    session: Session, digests: Collection[str]
) -> Sequence[tuple[str, RevocationSource, bytes]]:
    """Return those lists and answers, byte for byte, with their digests."""
    ordered = sorted(digests)
    found: list[tuple[str, RevocationSource, bytes]] = []
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        wanted = select(RevocationRow.sha256, RevocationRow.source, RevocationRow.data)
        rows = session.execute(wanted.where(RevocationRow.sha256.in_(some)))
        found += [(sha256, source, data) for sha256, source, data in rows]
    return found


def mark_as_evidence(session: Session, sha256: str) -> None:
    """Keep a list or answer for ever: a receipt names it."""
    session.execute(
        update(RevocationRow)
        .where(RevocationRow.sha256 == sha256, RevocationRow.is_evidence.is_(False))
        .values(is_evidence=True)
    )


def forget_replaced(session: Session, *, now: datetime) -> int:
    """Delete what was replaced and proves nothing; return how many there were."""
    replaced = RevocationRow.replaced_at < now - _KEEP_REPLACED
    gone = session.execute(
        delete(RevocationRow)
        .where(replaced, RevocationRow.is_evidence.is_(False))
        .returning(RevocationRow.sha256)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def watch(session: Session, *, sha256: str, der: bytes, now: datetime) -> None:
    """Ask about a certificate from now on, for as long as it calls."""
    if not insert_if_absent(session, WatchedCertificate, sha256=sha256, der=der, seen_at=now):
        session.execute(
            update(WatchedCertificate).where(WatchedCertificate.sha256 == sha256).values(seen_at=now)
        )


def list_watched(session: Session, *, seen_after: datetime, limit: int) -> Sequence[bytes]:
    """Return the certificates that called lately, the latest first, in DER."""
    return session.scalars(
        select(WatchedCertificate.der)
        .where(WatchedCertificate.seen_at >= seen_after)
        .order_by(WatchedCertificate.seen_at.desc())
        .limit(limit)
    ).all()


def forget_unseen(session: Session, *, before: datetime) -> None:
    """Stop asking about certificates that no longer call."""
    session.execute(delete(WatchedCertificate).where(WatchedCertificate.seen_at < before))


def remember_trusted_list(
    session: Session, *, scheme: str, sequence_number: int, sha256: str, now: datetime
) -> TrustedListRow:
    """Return the newest list of the scheme that was ever in use here, this one included."""
    values = {"scheme": scheme, "sequence_number": sequence_number, "sha256": sha256, "seen_at": now}
    insert_if_absent(session, TrustedListRow, **values)
    newest = session.get_one(TrustedListRow, scheme, with_for_update=True)
    if newest.sequence_number < sequence_number:
        newest.sequence_number, newest.sha256, newest.seen_at = sequence_number, sha256, now
        session.flush()
    return newest
