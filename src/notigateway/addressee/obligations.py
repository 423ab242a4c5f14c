"""Who is obliged to the electronic channel, as the operator enters it (Orden ISM/903/2020 art. 4.1).

An entry counts for what arrives from its beginning on, scheduled acts among it; what is at disposal keeps
what was found when it arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.errors import NotAddresseeError, ObligationUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law.obligation_entries import check_obligation, ends_obligation, find_same
from notigateway.repository.addressees import ensure_addressee
from notigateway.repository.obligations import ObligationRow, find_entry, list_entries
from notigateway.repository.powers import lock_addressee
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.obligation_entries import ObligationTerms
    from notigateway.repository.obliging import Obliging
    from notigateway.repository.session import Session


def enter_obligation(
    session: Session, terms: ObligationTerms, *, name: str | None, obliging: Obliging, now: datetime
) -> ObligationRow:
    """Enter an obligation; repeating changes nothing. With `name` an unknown addressee is registered.

    Raises: `NotAddresseeError`, `ObligationInvalidError`, `ObligationOverlapsError`.
    """
    identifier, obligation = check_obligation(terms)
    if name is not None:
        ensure_addressee(session, identifier=identifier, name=name)
    addressee = lock_addressee(session, identifier)
    if addressee is None:
        raise NotAddresseeError(f"addressee {identifier} is not registered: give its name")
    entries = list_entries(session, addressee)
    place = find_same(obligation, [one.obligation for one in entries])
    if place is not None:
        return entries[place]
    entry = ObligationRow.of(obligation, addressee, entry=uuid7(now), now=now)
    session.add(entry)
    obliging.look_again(session, addressee.id, now=now)
    return entry


def end_obligation(
    session: Session, entry_id: UUID, *, at: datetime, obliging: Obliging, now: datetime
) -> ObligationRow:
    """End an entry at an instant after its beginning, also one that has passed; a repeat changes nothing.

    Raises: `ObligationUnknownError`, `ObligationInvalidError`.
    """
    entry = find_entry(session, entry_id)
    if entry is None:
        raise ObligationUnknownError(f"entry {entry_id}")
    addressee = entry.addressee
    lock_addressee(session, addressee.identifier)
    session.refresh(entry, ["until"])
    at = to_milliseconds(at)
    if ends_obligation(entry.obligation, at):
        entry.until, entry.until_recorded_at = at, now
        obliging.look_again(session, addressee.id, now=now)
    return entry
