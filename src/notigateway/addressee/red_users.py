"""Secondary users of RED authorisations, as the operator registers them from the RED system.

While registered, a person sees and decides by its own certificate what is for the holder; what it receives
counts as received by the holder (Orden ISM/903/2020 art. 6.2).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from notigateway.instants import to_milliseconds
from notigateway.law import red_users as law
from notigateway.law.spans import Span
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.powers import list_authorisations
from notigateway.repository.red_users import RedUser, instant_of_end, list_of_person
from notigateway.repository.turns_of_rights import take_turn_to_change_user
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.repository.session import Session


def register_user(session: Session, terms: law.UserTerms, *, now: datetime) -> RedUser:
    """Register a secondary user; repeating changes nothing.

    Raises: `RedUserInvalidError`, also where the person is registered there in that time already.
    """
    wait_for_turn_to_publish(session)  # one registration at a time
    holder = law.read_holder(terms.holder)
    authorisations = list_authorisations(session, holder)
    checked = law.check_user(replace(terms, holder=holder), authorisations=authorisations)
    rows = list_of_person(session, checked.person, holder=holder, authorisation=checked.authorisation)
    for row in rows:
        if Span(row.starts_at, row.ends_at) == checked.span and row.person_name == checked.person_name:
            return row
    law.check_apart(checked.span, [Span(row.starts_at, row.ends_at) for row in rows])
    user = RedUser(id=uuid7(now), recorded_at=now, **asdict(checked))
    session.add(user)
    return user


def end_user(session: Session, user_id: UUID, *, at: datetime, now: datetime) -> RedUser:
    """End a registration, at an instant that has not passed, and after what was decided by it, once.

    Raises: `RedUserInvalidError`.
    """
    take_turn_to_change_user(session, user_id)
    user = session.get(RedUser, user_id, with_for_update=True)
    if user is None:
        raise law.invalid_user("user", "unknown")
    at = to_milliseconds(at)
    if law.ends_user(Span(user.starts_at, user.ends_at), at, now):
        user.ends_at = max(instant_of_end(session, user, at), user.starts_at)
    return user
