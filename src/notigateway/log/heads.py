"""The heads of the log, one after the other: they bear one name, and their instants never go back.

Settings of another name, or a machine whose clock is wrong, could sign heads that nobody can put in order any
more, and what is signed stays. So whoever signs the next head looks at the one before it, and whoever checks
the log tells what was signed nevertheless.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from notigateway.errors import (
    CheckpointInvalidError,
    ConfigurationError,
    StampInvalidError,
    TemporarilyUnavailableError,
)
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, embedded_certificates
from notigateway.instants import instant_text, to_milliseconds
from notigateway.log.portions import Head
from notigateway.repository.engine import reading
from notigateway.repository.log import find_last_checkpoint
from notigateway.tlog.checkpoint import read_checkpoint, verify_checkpoint
from notigateway.tlog.dating import verify_checkpoint_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedCertificate
    from notigateway.evidence.timestamp import Stamp
    from notigateway.log.existing import Dating
    from notigateway.repository.log import LogCheckpoint
    from notigateway.tlog.checkpoint import Checkpoint, Follows


def check_name(engine: Engine, origin: str) -> None:
    """Check that the log of this database bears that name, or none yet.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        check_follows(find_last_checkpoint(session), origin)


def check_follows(last: LogCheckpoint | None, origin: str) -> None:
    """Check that a head of that name may follow the last one.

    Raises: `ConfigurationError`.
    """
    name = name_of(last)
    if name is not None and name != origin:
        raise ConfigurationError(
            f'log_origin: the log of this database is signed as "{name}", and a log keeps its name: set '
            f'log_origin = "{name}" (it says "{origin}"), or correct database_url; after a restore to an '
            "earlier point it takes a new name by `notigateway log resume`"
        )


def renaming(head: Checkpoint, before: str | None) -> str | None:
    """Return why a head may not bear its name after one of the name `before`; None where it may.

    A log keeps its name, but for a head that says which it follows and why (`log.resuming`).
    """
    if before is None or head.origin == before:
        return None
    if head.follows is not None and head.follows.origin == before:
        return None
    return f'it is signed as "{head.origin}", and the one before it as "{before}"'


def name_of(last: LogCheckpoint | None) -> str | None:
    """Return the name that the log has by its last head; None while it has none.

    Nor has it one where that head's text is damaged, which `notigateway check` tells.
    """
    try:
        return None if last is None else read_checkpoint(last.text).origin
    except CheckpointInvalidError:
        return None


def followed_by(last: LogCheckpoint | None) -> Follows | None:
    """Return what the last head says that the log goes on from since a restore; None without one."""
    try:
        return None if last is None else read_checkpoint(last.text).follows
    except CheckpointInvalidError:
        return None


def instant_after(last: LogCheckpoint | None, now: datetime) -> datetime:
    """Return the instant of a head that is signed now: never before that of the last one.

    Clocks of two machines differ a little, and who signs may have waited for the other: then both heads have
    one instant.

    Raises: `TemporarilyUnavailableError` where they differ by more than that.
    """
    at = to_milliseconds(now)
    if last is None or last.at <= at:
        return at
    if last.at - at > CLOCKS_DIFFER_AT_MOST:
        raise TemporarilyUnavailableError(
            f"the last checkpoint is of {instant_text(last.at)}, {(last.at - at).total_seconds():.0f} s "
            "ahead of the clock of this machine: none is signed with an instant before it"
        )
    return last.at


def misdating(head: Checkpoint, before: datetime | None, record: UUID | None) -> str | None:
    """Return how the instant of a head is wrong; None where it is not.

    `before` is that of the head before it, `record` the last record that it covers, whose identifier has the
    instant of its making.
    """
    latest = head.at + CLOCKS_DIFFER_AT_MOST
    if before is not None and before > latest:
        return f"it is of {instant_text(head.at)}, and the one before it of {instant_text(before)}"
    if record is not None and (made := _made_at(record)) > latest:
        return f"it is of {instant_text(head.at)}, and covers the record {record} of {instant_text(made)}"
    return None


def _made_at(record: UUID) -> datetime:
    """Return when an identifier was made (UUID version 7, RFC 9562 §5.7)."""
    return datetime.fromtimestamp((record.int >> 80) / 1000, UTC)


def read_head(
    row: LogCheckpoint,
    record: UUID | None,
    *,
    seals: Mapping[str, DatedCertificate],
    authorities: Sequence[Certificate],
    dating: Dating | None,
) -> Head:
    """Return what a checkpoint says, or what is wrong with it; `record` is the last one that it covers."""
    try:
        says, stamp = _verified(row, seals.get(row.seal_sha256), authorities)
        return Head(row.size, says, "", record, None if dating is None else dating.since(stamp))
    except (CheckpointInvalidError, StampInvalidError) as error:
        return Head(row.size, None, error.detail, record)


def _verified(
    row: LogCheckpoint, seal: DatedCertificate | None, authorities: Sequence[Certificate]
) -> tuple[Checkpoint, Stamp | None]:
    """Return what a checkpoint says, and its time-stamp.

    Raises: `CheckpointInvalidError`, `StampInvalidError`.
    """
    if seal is None:
        raise CheckpointInvalidError("signed with a seal whose certificate was not given")
    head = verify_checkpoint(row.text, row.signature, seal_certificate=seal, either_form=True)
    if row.token is None:
        return head, None
    pinned = authorities or embedded_certificates(row.token)
    return head, verify_checkpoint_token(row.token, row.signature, head, authorities=pinned)
