"""Gives receipts in the forms that ETSI has for archives: XAdES-LT at once, XAdES-LTA once there is a token.

The original and its time-stamp stay as they are stored: the raised form is put together whenever it is asked
for, of them and of what is kept of seal and authority (`trust.kept`). Only an archive time-stamp is kept for
one receipt, with what it covers; nobody waits for it: it is asked for by the job of the other time-stamps,
and again before what it rests on ends (ETSI EN 319 132-1 §5.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from notigateway.errors import ReceiptInvalidError, RevocationDataError, StampInvalidError
from notigateway.evidence.archive import ARCHIVE_STAMPS_AT_MOST
from notigateway.evidence.raising import add_archive_timestamp, archive_imprint, raise_to_lt
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, Timestamp, embedded_certificates, take_out
from notigateway.evidence.xades import seal_certificate_of
from notigateway.repository.archive_timestamps import (
    claim_due_archives,
    keep_archive_token,
    list_archive_timestamps,
    postpone_archive,
    want_archive_timestamp,
)
from notigateway.repository.engine import reading, writing
from notigateway.repository.timestamps import find_timestamped
from notigateway.trust.kept import Chosen, choose, read_chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.validation_data import ValidationData
    from notigateway.repository.archive_timestamps import ArchiveTimestamp
    from notigateway.repository.session import Session
    from notigateway.repository.timestamps import ReceiptTimestamp

_CLAIMED_FOR: Final = timedelta(minutes=30)
# So long before the certificate of its authority ends, an archive time-stamp is followed by another one.
AHEAD: Final = timedelta(days=90)
_LATER: Final = timedelta(days=7)


class Level(StrEnum):
    """A form of a receipt, by what the contract calls it."""

    EPES = "XAdES-EPES"
    T = "XAdES-T"
    LT = "XAdES-LT"
    LTA = "XAdES-LTA"


@dataclass(frozen=True, slots=True)
class Raised:
    """A receipt in a raised form."""

    xml: bytes
    level: Level

    @property
    def sha256(self) -> str:
        """Return the hash of its bytes in hexadecimal."""
        return sha256(self.xml).hexdigest()


def raise_receipts(
    engine: Engine, stamped: Sequence[ReceiptTimestamp], level: Level, *, now: datetime
) -> dict[UUID, Raised]:
    """Return time-stamped receipts in that form, or in the one before it, by what there is; not those of T.

    An archive time-stamp that is wanted and not there yet is asked for from now on.

    Raises: `TemporarilyUnavailableError`.
    """
    raised: dict[UUID, Raised] = {}
    wanted: dict[UUID, Chosen] = {}
    with reading(engine) as session:
        ids = [one.receipt_id for one in stamped] if level is Level.LTA else []
        archived = list_archive_timestamps(session, ids)
        for one in stamped:
            given = [row for row in archived.get(one.receipt_id, ()) if row.token is not None]
            if given:
                form = _compose(session, one.xml, given[:ARCHIVE_STAMPS_AT_MOST])
                raised[one.receipt_id] = Raised(form, Level.LTA)
                continue
            chosen = _chosen(session, one)
            if chosen is None:
                continue
            try:
                form = raise_to_lt(one.xml, read_chosen(session, chosen))
            except ReceiptInvalidError:
                continue  # of authorities for which nobody else vouches there is nothing, or it has no room
            raised[one.receipt_id] = Raised(form, Level.LT)
            if level is Level.LTA and one.receipt_id not in archived:
                wanted[one.receipt_id] = chosen
    if wanted:
        with writing(engine) as session:
            for receipt_id, chosen in wanted.items():
                want_archive_timestamp(session, receipt_id, number=1, validation=chosen.to_text(), now=now)
    return raised


def _chosen(session: Session, stamped: ReceiptTimestamp) -> Chosen | None:
    """Choose what validates the seal of a receipt and its time-stamp."""
    return choose(session, [seal_certificate_of(stamped.xml), _authority_in(stamped.xml)], stamped.at)


def _authority_in(stamped: bytes) -> Certificate:
    (certificate,) = embedded_certificates(take_out(stamped)[1] or b"")
    return certificate


def _compose(session: Session, stamped: bytes, rows: Sequence[ArchiveTimestamp]) -> bytes:
    """Return a receipt with those archive time-stamps, each over all that is before it."""
    form = stamped
    for row in rows:
        data, token = _validation(session, row), row.token or b""
        if row.number == 1:
            form = add_archive_timestamp(raise_to_lt(form, data), token)
        else:
            form = add_archive_timestamp(form, token, earlier=data)
    return form


def _imprint(session: Session, stamped: bytes, rows: Sequence[ArchiveTimestamp]) -> bytes:
    """Return what the last of them is to be about."""
    *before, last = rows
    data = _validation(session, last)
    if not before:
        return archive_imprint(raise_to_lt(stamped, data))
    return archive_imprint(_compose(session, stamped, before), earlier=data)


def _validation(session: Session, row: ArchiveTimestamp) -> ValidationData:
    return read_chosen(session, Chosen.of_text(row.validation))


# --- the job ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Archiving:
    """How archive time-stamps are got: `ask` gets a checked token about a SHA-256.

    One of now counts until `ends` at the latest, and a given one `until` an instant of its own; `pause` is
    how long to wait after so many attempts.
    """

    ask: Callable[[bytes], Timestamp]
    ends: datetime
    until: Callable[[bytes], datetime]
    pause: Callable[[int], timedelta]


def stamp_archives(
    engine: Engine, archiving: Archiving, *, now: datetime, limit: int
) -> list[Timestamp | str]:
    """Get the archive time-stamps that are due, a batch of them; return each, or why there is none."""
    with writing(engine) as session:
        due = claim_due_archives(session, now=now, until=now + _CLAIMED_FOR, limit=limit)
    taken = [_take_up(engine, archiving, one, now) for one in due]
    return [one for one in taken if one is not None]


def _take_up(
    engine: Engine, archiving: Archiving, due: tuple[UUID, int], now: datetime
) -> Timestamp | str | None:
    """Get one, or see to the next one where it is there and ends soon: then nothing is returned."""
    receipt_id, number = due
    with reading(engine) as session:
        rows = list_archive_timestamps(session, [receipt_id])[receipt_id][:number]
        stamped = find_timestamped(session, [receipt_id])[receipt_id]
    row = rows[-1]
    if row.token is not None:
        _follow(engine, row, archiving, now=now)
        return None
    found, pause = _got(engine, archiving, stamped, rows), archiving.pause(row.attempts)
    lasting = [archiving.until(one.token) for one in rows if one.token is not None]
    if isinstance(found, Timestamp) and lasting and archiving.until(found.token) <= lasting[-1]:
        # The next certificate is pinned, and the authority goes on to sign with the one that ends.
        found, pause = "the authority's time-stamps last no longer than the archive time-stamp before", _LATER
    with writing(engine) as session:
        if isinstance(found, Timestamp):
            next_at = archiving.until(found.token) - AHEAD
            keep_archive_token(session, receipt_id, number, token=found.token, at=found.at, next_at=next_at)
        else:
            postpone_archive(session, receipt_id, number, until=now + pause)
    return found


def _got(
    engine: Engine, archiving: Archiving, stamped: ReceiptTimestamp, rows: Sequence[ArchiveTimestamp]
) -> Timestamp | str:
    """Ask for the last of these archive time-stamps; return it, or why there is none."""
    try:
        with reading(engine) as session:
            imprint = _imprint(session, stamped.xml, rows)
    except ReceiptInvalidError as error:
        return error.detail
    return _asked(archiving, imprint, max([stamped.at, *(one.at for one in rows if one.at is not None)]))


def _asked(archiving: Archiving, imprint: bytes, before: datetime) -> Timestamp | str:
    try:
        found = archiving.ask(imprint)
    except (StampInvalidError, RevocationDataError) as error:
        return error.detail
    if found.at < before - CLOCKS_DIFFER_AT_MOST:
        return "the archive time-stamp is from before what it is about"
    return found


def _follow(engine: Engine, row: ArchiveTimestamp, archiving: Archiving, *, now: datetime) -> None:
    """Have an archive time-stamp followed by another one, once there is an authority that lasts longer.

    And once it is known what the former one is validated by: that is in what the next one covers.
    """
    token, at = row.token or b"", row.at or now
    with writing(engine) as session:
        chosen = choose(session, embedded_certificates(token), at)
        if row.number >= ARCHIVE_STAMPS_AT_MOST:  # no verifier reads more
            postpone_archive(session, row.receipt_id, row.number, until=None)
            return
        if chosen is None or archiving.ends <= archiving.until(token):
            postpone_archive(session, row.receipt_id, row.number, until=now + _LATER)
            return
        want_archive_timestamp(
            session, row.receipt_id, number=row.number + 1, validation=chosen.to_text(), now=now
        )
        postpone_archive(session, row.receipt_id, row.number, until=None)
