"""Marks: what those who work for a party note of what it sees. No legal effect, no receipt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway import errors
from notigateway.law.marks import Set, Wanted, check_wanted, marked
from notigateway.law.users import sharing
from notigateway.repository.marks import find_marks, wait_for_turn_to_mark, write_marks
from notigateway.repository.notifications import find_codes
from notigateway.repository.users import find_registrations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from notigateway.addressee.retrieved import Retrieved
    from notigateway.law.marks import Said
    from notigateway.law.representation import RightsPolicy
    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class MarkOutcome:
    """How the marks of one notification stand now; `problem` is why nothing of it was changed."""

    id: UUID
    marks: Mapping[Said, Set] = field(default_factory=dict)
    problem: type[errors.GatewayError] | None = None


def marks_on(session: Session, asking: Asking, results: Sequence[Retrieved]) -> dict[int, dict[Said, Set]]:
    """Return the marks of the caller's party on what was retrieved, by code."""
    codes = {one.notification.code for one in results if one.notification is not None}
    registrations = find_registrations(session, asking.caller, asking.now)
    return find_marks(session, sharing(asking.party, registrations), codes)


def mark_all(
    session: Session, asking: Asking, ids: Sequence[UUID], wanted: Wanted, *, policy: RightsPolicy
) -> list[MarkOutcome]:
    """Set and take away marks of what the caller's party sees; one bad item never fails its neighbours.

    Raises: `InvalidRequestError`, `TextInvalidError`; then nothing is changed.
    """
    check_wanted(wanted)
    registrations = find_registrations(session, asking.caller, asking.now)
    party, rights = sharing(asking.party, registrations), asking.rights(policy)
    wait_for_turn_to_mark(session, party)
    seen = find_codes(
        session, ids, party=asking.party, now=asking.now, rights=rights, registrations=registrations
    )
    before = find_marks(session, party, list(seen.values()))
    by = Set(by=asking.caller.signer, by_name=asking.caller.signer_name, at=asking.now)
    changed = {}
    outcomes: dict[UUID, MarkOutcome] = {}
    for wanted_id in dict.fromkeys(ids):
        code = seen.get(wanted_id)
        if code is None:
            outcomes[wanted_id] = MarkOutcome(wanted_id, problem=errors.NotificationUnknownError)
            continue
        found = before.get(code, {})
        try:
            now = marked(found, wanted, by)
        except errors.MarkError as refusal:
            outcomes[wanted_id] = MarkOutcome(wanted_id, found, type(refusal))
            continue
        outcomes[wanted_id] = MarkOutcome(wanted_id, now)
        if now != found:
            changed[code] = found, now
    write_marks(session, party, changed)
    return [outcomes[one] for one in ids]
