"""RED assignments: who manages an addressee's account in the RED system (Orden ISM/903/2020 art. 6.1, 7.1).

The operator registers them from the RED system; the addressee may take its notifications away from
the RED person and give them back. Either counts for what is put at disposal afterwards: what came
while the assignment stood stays visible to that person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.addressee.alone import receive_alone, receive_with_red
from notigateway.addressee.register import give_first_account
from notigateway.cursors import BEFORE_ALL, read_uuid_cursor, write_uuid_cursor
from notigateway.errors import NotAddresseeError, RedAssignmentOverlapsError, RedAssignmentUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law.accounts import account_key, accounts_since
from notigateway.law.spans import Span
from notigateway.law.titles import check_red, check_red_addressee, check_red_ground, ends_red, invalid_red
from notigateway.receipts.recording import record_request
from notigateway.repository import powers as register
from notigateway.repository.accounts import list_main_entries, main_account_at
from notigateway.repository.addressees import ensure_addressee, find_addressee
from notigateway.repository.notices import queue_red_end
from notigateway.repository.planning import instant_of_effect, replan
from notigateway.repository.rights import Power, RedAssignment
from notigateway.repository.windows import RedOptOut, find_standing_opt_out
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.titles import RedTerms
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Representations:
    """For whom the caller may act, and who manages the caller's own account.

    `own` is the caller as an addressee, `managed_by` its RED assignments and `opt_out` its choice to receive
    alone, where it stands: on the first page only. `titles` are powers in force and RED assignments of the
    caller, in order of registration.
    """

    own: Addressee | None
    titles: Sequence[Power | RedAssignment]
    managed_by: Sequence[RedAssignment]
    opt_out: RedOptOut | None
    next_cursor: str | None


def assign_red(
    session: Session, terms: RedTerms, *, now: datetime, asking: Asking | None = None
) -> RedAssignment:
    """Register an assignment, as the operator or for a body that asks; repeating changes nothing.

    What was registered without a ground, and has effect only since then, is corrected by the same with one.

    Raises: `NotAddresseeError`, `RedAssignmentInvalidError`, `RedAssignmentOverlapsError`.
    """
    addressee = _addressee(session, terms, now)
    ground = check_red_ground(terms.ground, terms.starts_at, now)
    entries = [row.entry for row in list_main_entries(session, addressee)]
    assignment = _draw_up(terms, addressee, accounts_since(entries, terms.starts_at), now=now)
    overlapping = register.list_overlapping(
        session, account=assignment.account, starts_at=assignment.starts_at, ends_at=assignment.ends_at
    )
    for one in overlapping:
        if _said(one) == _said(assignment):
            return one if ground is None else _reach_back(session, one, now=now, ground=ground)
    _refuse_overlap(overlapping)
    return _register(session, assignment, "assigned", now=now, asking=asking, ground=ground)


def end_red(
    session: Session, assignment_id: UUID, *, at: datetime, now: datetime, ground: str | None = None
) -> RedAssignment:
    """End an assignment, as the operator, at an instant that has not passed; in a correction at any.

    Raises: `RedAssignmentUnknownError`, `RedAssignmentInvalidError`, `RedAssignmentOverlapsError` where a
    correction lets it stand while another one does.
    """
    assignment = _lock(session, assignment_id)
    at = to_milliseconds(at)
    ground = check_red_ground(ground, at, now)
    is_correction, until = ground is not None, assignment.gives_until
    if not ends_red(assignment.ends_at, at, now, is_correction=is_correction, gives_until=until):
        return assignment  # a repeat, or it had ended before
    if ground is None:
        return _end(session, assignment, at, now=now)
    return _correct_end(session, assignment, at, now=now, ground=ground)


def _correct_end(
    session: Session, assignment: RedAssignment, at: datetime, *, now: datetime, ground: str
) -> RedAssignment:
    """Write down when an assignment really ended: what is at disposal since then goes or comes by it."""
    if at < assignment.starts_at:
        raise invalid_red("ends_at", "before_the_start")
    others = register.list_overlapping(
        session, account=assignment.account, starts_at=assignment.starts_at, ends_at=at
    )
    _refuse_overlap([one for one in others if one.id != assignment.id])
    assignment.ends_at = assignment.gives_until = at
    _changed(session, assignment, "corrected", now=now, ground=ground)
    replan(session, assignment.addressee, now)
    return assignment


def plan_anew(session: Session, identifier: str, *, now: datetime) -> None:
    """Derive an addressee's windows from the register.

    Raises: `NotAddresseeError`.
    """
    addressee = register.lock_addressee(session, identifier)
    if addressee is None:
        raise NotAddresseeError(f"addressee {identifier} is not registered")
    replan(session, addressee, now)


def unassign_red(session: Session, asking: Asking, assignment_id: UUID) -> RedAssignment:
    """Receive alone from now on, as the addressee: the assignment ends, and no later one gives anything.

    The choice stands until it is taken back by `reassign_red` (art. 6.1; LGSS art. 132.2).

    Raises: `RedAssignmentUnknownError`.
    """
    assignment = _lock(session, assignment_id, addressee=asking.caller.party)
    addressee, now = assignment.addressee, asking.now
    receive_alone(session, asking, addressee)
    if assignment.ends_at is not None and assignment.ends_at <= now:
        return assignment  # a repeat, or it had ended before
    return _end(session, assignment, now, now=now, asking=asking)


def reassign_red(session: Session, asking: Asking, assignment_id: UUID) -> RedAssignment:
    """Give what comes from now on to the RED person of an assignment again, as the addressee.

    What came in between stays away from that person. Returns the assignment that stands, a new one where
    that one had ended; the ended one where its account is no longer the addressee's main one, and only the
    choice to receive alone is taken back.

    Raises: `RedAssignmentUnknownError`; `RedAssignmentOverlapsError` where another person manages the
    account now or later; `RedAssignmentInvalidError` where the account is no longer the addressee's main one
    and there is no choice to take back.
    """
    earlier = _lock(session, assignment_id, addressee=asking.caller.party)
    account, now = earlier.account, asking.now
    # What stands from now on: a change asked for a moment ago may have effect a little later.
    main = main_account_at(session, earlier.addressee, instant_of_effect(session, earlier.addressee, now))
    if main is None or account_key(main) != account_key(account):
        # The choice to receive alone is the addressee's, whatever became of the account.
        if receive_with_red(session, asking, earlier.addressee):
            return earlier
        raise invalid_red("account", "not_the_addressees")
    overlapping = register.list_overlapping(session, account=account, starts_at=now, ends_at=None)
    for one in overlapping:
        if one.stands_at(now) and _who(one) == _who(earlier):
            receive_with_red(session, asking, one.addressee)
            return one
    assignment = RedAssignment(
        id=uuid7(now),
        addressee_id=earlier.addressee_id,
        addressee=earlier.addressee,
        account=account,
        red_party=earlier.red_party,
        red_name=earlier.red_name,
        authorisation=earlier.authorisation,
        starts_at=now,
    )
    _refuse_overlap(overlapping)
    receive_with_red(session, asking, earlier.addressee)
    return _register(session, assignment, "reassigned", now=now, asking=asking)


def list_representations(
    session: Session, asking: Asking, *, cursor: str | None, page_size: int
) -> Representations:
    """Return for whom the caller may act now: itself, by powers in force, by RED assignments.

    An assignment that has ended is listed too: what came while it stood stays at disposal.

    Raises: `InvalidCursorError`.
    """
    belongs_to = ("representations", asking.party)
    after = read_uuid_cursor(cursor, belongs_to=belongs_to)
    limit = page_size + 1
    titles: list[Power | RedAssignment] = [
        *register.list_powers_in_force(session, asking.party, after=after, limit=limit, now=asking.now),
        *register.list_red_assignments_to(session, asking.party, after=after, limit=limit, now=asking.now),
    ]
    titles.sort(key=lambda title: title.id)
    shown = titles[:page_size]
    own = find_addressee(session, asking.party) if after == BEFORE_ALL else None
    return Representations(
        own=own,
        titles=shown,
        managed_by=[] if own is None else register.list_red_assignments_of(session, own),
        opt_out=None if own is None else find_standing_opt_out(session, own),
        next_cursor=write_uuid_cursor(shown[-1].id, belongs_to=belongs_to)
        if len(titles) > page_size
        else None,
    )


def _addressee(session: Session, terms: RedTerms, now: datetime) -> Addressee:
    """Return the addressee, its rights locked; where a name is given it is registered with its account.

    Neither a name nor a main account that the register has is changed by it; but a ground corrects since when
    the first one has effect.
    """
    identifier, account = check_red_addressee(terms)
    if terms.addressee_name is not None:
        ensure_addressee(session, identifier=identifier, name=terms.addressee_name)
    addressee = register.lock_addressee(session, identifier)
    if addressee is None:
        raise NotAddresseeError(f"addressee {identifier} is not registered: give its name")
    if terms.addressee_name is not None:
        give_first_account(
            session, addressee, account, starts_at=terms.starts_at, now=now, ground=terms.ground
        )
    return addressee


def _draw_up(
    terms: RedTerms, addressee: Addressee, accounts: Sequence[str], *, now: datetime
) -> RedAssignment:
    """Check the terms and return the assignment, not yet registered."""
    checked = check_red(terms, addressee=addressee.identifier, accounts=accounts)
    return RedAssignment(
        id=uuid7(now),
        addressee_id=addressee.id,
        addressee=addressee,
        account=checked.account,
        red_party=checked.red_party,
        red_name=checked.red_name,
        authorisation=checked.authorisation,
        starts_at=checked.starts_at,
        ends_at=checked.ends_at,
    )


def _register(
    session: Session,
    assignment: RedAssignment,
    change: str,
    *,
    now: datetime,
    asking: Asking | None = None,
    ground: str | None = None,
) -> RedAssignment:
    """Register an assignment; it has effect from its start, but without a ground never on what has been."""
    starts_at, ends_at = assignment.starts_at, assignment.ends_at
    if ground is None:
        starts_at = max(starts_at, instant_of_effect(session, assignment.addressee, now))
    assignment.gives_from = starts_at
    assignment.gives_until = None if ends_at is None else max(ends_at, starts_at)
    session.add(assignment)
    _changed(session, assignment, change, now=now, asking=asking, ground=ground)
    replan(session, assignment.addressee, now)
    return assignment


def _reach_back(session: Session, assignment: RedAssignment, *, now: datetime, ground: str) -> RedAssignment:
    """Let an assignment give in all the time that it says, as a correction; a repeat changes nothing."""
    starts_at, ends_at = assignment.starts_at, assignment.ends_at
    if assignment.assigned.span == Span(starts_at, ends_at):
        return assignment
    assignment.gives_from, assignment.gives_until = starts_at, ends_at
    _changed(session, assignment, "corrected", now=now, ground=ground)
    replan(session, assignment.addressee, now)
    return assignment


def _refuse_overlap(others: Sequence[RedAssignment]) -> None:
    """Let no other assignment of the account stand in the same time. Raises: `RedAssignmentOverlapsError`."""
    if others:
        facts = {} if others[0].ends_at is None else {"ends_at": others[0].ends_at}
        raise RedAssignmentOverlapsError(f"assignment {others[0].id}", starts_at=others[0].starts_at, **facts)


def _lock(session: Session, assignment_id: UUID, *, addressee: str | None = None) -> RedAssignment:
    """Return the assignment, its addressee's rights locked; only to that addressee if one is named."""
    found = register.find_red_assignment(session, assignment_id)
    if found is None or (addressee is not None and found.addressee.identifier != addressee):
        raise RedAssignmentUnknownError
    register.lock_addressee(session, found.addressee.identifier)
    # Somebody may have ended it while we waited.
    session.refresh(found, ["ends_at", "gives_until"])
    return found


def _end(
    session: Session, assignment: RedAssignment, at: datetime, *, now: datetime, asking: Asking | None = None
) -> RedAssignment:
    """End an assignment; one that has not begun then stands at no instant."""
    effect = max(at, instant_of_effect(session, assignment.addressee, now))
    assignment.ends_at = max(at, assignment.starts_at)
    assignment.gives_until = max(effect, assignment.gives_from or assignment.starts_at)
    _changed(session, assignment, "ended" if asking is None else "unassigned", now=now, asking=asking)
    replan(session, assignment.addressee, now)
    return assignment


def _changed(
    session: Session,
    assignment: RedAssignment,
    change: str,
    *,
    now: datetime,
    asking: Asking | None = None,
    ground: str | None = None,
) -> None:
    """Write down the change, with its proof where a party asked for it, or its ground as a correction."""
    caller, sha256 = (None, None) if asking is None else (asking.caller, asking.proof.sha256)
    if asking is not None:
        record_request(session, asking)
    register.record_change(
        session, assignment, change, now=now, caller=caller, request_sha256=sha256, ground=ground
    )
    queue_red_end(session, assignment, now=now)


def _who(assignment: RedAssignment) -> tuple[object, ...]:
    """Say which person it is for."""
    return (assignment.addressee_id, assignment.red_party, assignment.authorisation)


def _said(assignment: RedAssignment) -> tuple[object, ...]:
    """Say everything that the RED system says: equal for a repeat."""
    return (*_who(assignment), assignment.starts_at, assignment.ends_at)
