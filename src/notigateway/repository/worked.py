"""In which time somebody works, or has worked, for entities, for which addressees and in which matters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from notigateway.law.spans import Span
from notigateway.law.users import works_for
from notigateway.repository.red_users import OF_THE_ENTITY, RedUser
from notigateway.repository.users import IN_ALL_MATTERS, UserClient, matter_marks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Worked:
    """By which registrations a person works, or has worked, for an entity, in the order of time.

    `clients` are those of each registration that were asked for, by NIF, where it is not for all; `marks`
    tell matters apart, where it is not in all.
    """

    entity: str
    registrations: Sequence[RedUser]
    clients: Mapping[UUID, Collection[str]]
    marks: Mapping[UUID, bytes]

    def times(self, client: str) -> Iterator[tuple[bytes, Span]]:
        """Yield each time without a break in which it was for an addressee, with the mark of its matters."""
        last: dict[bytes, Span] = {}
        for one in self.registrations:
            if not (one.all_clients or client in self.clients.get(one.id, ())):
                continue
            mark = self.marks.get(one.id, IN_ALL_MATTERS)
            before = last.get(mark)
            if before is not None and before.ends_at == one.starts_at:
                last[mark] = Span(before.starts_at, one.ends_at)
                continue
            if before is not None:
                yield mark, before
            last[mark] = Span(one.starts_at, one.ends_at)
        yield from last.items()


def find_worked(
    session: Session, caller: Caller | None, clients: Collection[str], *, now: datetime
) -> list[Worked]:
    """Return for which entities the caller works or has worked, of these addressees, by its certificate."""
    if caller is None or not works_for(caller, caller.member_of or ""):
        return []
    query = select(RedUser).where(
        RedUser.person == caller.party,
        RedUser.authorisation == OF_THE_ENTITY,
        RedUser.starts_at <= now,
        or_(RedUser.ends_at.is_(None), RedUser.ends_at > RedUser.starts_at),
    )
    rows = session.scalars(query.order_by(RedUser.holder, RedUser.starts_at, RedUser.id))
    found = [row for row in rows if works_for(caller, row.holder)]
    named: dict[UUID, set[str]] = {}
    some = select(UserClient).where(
        UserClient.user_id.in_([one.id for one in found if not one.all_clients]),
        UserClient.client.in_(clients),
    )
    for row in session.scalars(some):
        named.setdefault(row.user_id, set()).add(row.client)
    marks = matter_marks(session, [one.id for one in found if not one.all_matters])
    return [
        Worked(entity, list(some), named, marks) for entity, some in groupby(found, key=attrgetter("holder"))
    ]
