"""Who works for an entity, as the entity itself says: its employees, each for some clients and matters.

While registered, a person sees and decides by its own certificate what is for the entity, within its scope;
what it receives counts as received by the entity. It acts in no register: there it is itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.cursors import read_uuid_cursor, write_uuid_cursor
from notigateway.errors import UserUnknownError
from notigateway.law import users as law
from notigateway.law.representation import ItemKind
from notigateway.law.spans import Span
from notigateway.receipts.recording import record_request
from notigateway.repository import users as register
from notigateway.repository.catalogue import list_entries
from notigateway.repository.powers import lock_party
from notigateway.repository.red_users import OF_THE_ENTITY, RedUser
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session
    from notigateway.repository.users import Registered


@dataclass(frozen=True)
class UserPage:
    """Registrations in their order; `next_cursor` is None on the last page."""

    users: Sequence[Registered]
    next_cursor: str | None


def grant_user(
    session: Session, asking: Asking, terms: law.UserTerms, *, matters: Sequence[str] = ()
) -> Registered:
    """Register who works for the caller, an entity; what it had said of that person before ends with it.

    A repeat changes nothing. `matters` are those of the scope as they were named: each must be one of the
    catalogue, or have stood for that person before it was withdrawn there.

    Raises: `EntityRequiredError`, `UserInvalidError`.
    """
    caller, now = asking.caller, asking.now
    law.check_may_register(caller)
    checked = law.check_user(terms, now=now)
    lock_party(session, caller.party, name=caller.party_name)
    earlier = register.lock_users(session, caller.party, checked.person)
    later = [row for row in earlier if row.ends_at is None or row.ends_at > checked.starts_at]
    for row in later:
        if _is_said(session, row, checked, asking):
            return register.read_user(session, row)
    if matters:
        stood = (register.scope_of(session, row).matters or () for row in later)
        law.check_matters(matters, _matters(session).union(*stood))
    starts_at = register.instant_of_end(session, later, checked.starts_at)
    for row in later:
        _end(row, asking, Span(row.starts_at, row.ends_at).until(starts_at))
    user = RedUser(
        id=uuid7(now),
        holder=caller.party,
        holder_name=caller.party_name,
        authorisation=OF_THE_ENTITY,
        person=checked.person,
        person_name=checked.person_name,
        starts_at=starts_at,
        ends_at=None if checked.ends_at is None else max(checked.ends_at, starts_at),
        recorded_at=now,
        granted_by=caller.signer,
        granted_sha256=asking.proof.sha256,
    )
    register.add_user(session, user, checked.scope)
    record_request(session, asking)
    return register.read_user(session, user)


def end_user(session: Session, asking: Asking, user_id: UUID) -> Registered:
    """End a registration of the caller now, after what was decided by it; repeating changes nothing.

    Raises: `EntityRequiredError`, `UserUnknownError`.
    """
    law.check_may_register(asking.caller)
    user = register.lock_user(session, user_id, entity=asking.party)
    if user is None:
        raise UserUnknownError
    span, at = Span(user.starts_at, user.ends_at), register.instant_of_end(session, [user], asking.now)
    if not (span.is_empty or (span.ends_at is not None and span.ends_at <= at)):
        _end(user, asking, span.until(at))
        record_request(session, asking)
    return register.read_user(session, user)


def list_users(
    session: Session, asking: Asking, *, user_id: UUID | None, cursor: str | None, page_size: int
) -> UserPage:
    """Return who works for the caller and for whom it works; of one that is named, the clients too.

    Raises: `InvalidCursorError`, `UserUnknownError`.
    """
    if user_id is not None:
        user = register.find_user(session, user_id, party=asking.party)
        if user is None:
            raise UserUnknownError
        return UserPage([register.read_user(session, user)], None)
    belongs_to = ("users", asking.party)
    after = read_uuid_cursor(cursor, belongs_to=belongs_to)
    found = register.list_users(session, asking.party, after=after, limit=page_size + 1)
    shown, has_more = found[:page_size], len(found) > page_size
    next_cursor = write_uuid_cursor(shown[-1].user.id, belongs_to=belongs_to) if has_more else None
    return UserPage(shown, next_cursor)


def _matters(session: Session) -> set[str]:
    """Return the matters of the catalogue."""
    return {one.code for one in list_entries(session) if one.kind is ItemKind.MATTER}


def _is_said(session: Session, row: RedUser, terms: law.UserTerms, asking: Asking) -> bool:
    """Tell whether a registration stands that says the same, from now on or from when it is to begin."""
    begins = max(row.starts_at, asking.now) == max(terms.starts_at, asking.now)
    said = (row.ends_at, row.person_name) == (terms.ends_at, terms.person_name)
    return begins and said and register.scope_of(session, row) == terms.scope


def _end(user: RedUser, asking: Asking, span: Span) -> None:
    """End it, unless it ends then anyway; one that would not have begun by then never stands."""
    ends_at = max(span.ends_at or span.starts_at, user.starts_at)
    if ends_at == user.ends_at:
        return
    user.ends_at = ends_at
    user.ended_by, user.ended_sha256 = asking.caller.signer, asking.proof.sha256
