"""Rows of the check, each with what must stand beside it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from notigateway.log.rules import named
from notigateway.repository import wholeness as stored
from notigateway.repository.changes import events_with_place
from notigateway.repository.timestamps import find_timestamped
from notigateway.repository.trust import get_revocation_data
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from notigateway.repository.model import Notification
    from notigateway.repository.session import Session
    from notigateway.repository.timestamps import ReceiptTimestamp

AT_ONCE: Final = 500
REQUEST: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("RequestEvidence", "EnvelopeSha256"))
STATUS: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("ActorAuthentication", "RevocationSha256"))


def notifications_beside(
    session: Session, code: int
) -> list[tuple[Notification, set[UUID], set[UUID], set[UUID]]]:
    """Return notifications with which of their events have receipts and places, and which lack theirs."""
    rows = stored.notifications_after(session, code, limit=AT_ONCE)
    ids = [event.id for row in rows for event in row.events]
    beside = (
        stored.events_with_receipt(session, ids),
        events_with_place(session, ids),
        stored.come_without_receipt(session, ids),
    )
    return [(row, *beside) for row in rows]


def receipts_beside(
    session: Session, key: UUID
) -> list[tuple[Sequence[Any], set[str], set[str], Mapping[UUID, ReceiptTimestamp]]]:
    """Return receipts with which of the requests and statuses that they name are kept, and their stamps."""
    rows = stored.receipts_after(session, key, limit=AT_ONCE)
    requests = [digest for row in rows if (digest := named(row[0], REQUEST))]
    statuses = {digest for row in rows if (digest := named(row[0], STATUS))}
    beside = (
        stored.kept_envelopes(session, requests),
        _kept_statuses(session, statuses),
        find_timestamped(session, [row[0].id for row in rows]),
    )
    return [(row, *beside) for row in rows]


def _kept_statuses(session: Session, digests: set[str]) -> set[str]:
    """Return those of the digests under which a list or answer is kept, unchanged."""
    kept = get_revocation_data(session, digests) if digests else ()
    return {sha256 for sha256, _, data in kept if hashlib.sha256(data).hexdigest() == sha256}
