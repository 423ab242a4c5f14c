"""Who works for an entity: by which registration, and what of the entity's that gives, as conditions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, String, Uuid, bindparam, func, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.law.users import Registration, Scope, works_for
from notigateway.repository.aliases import alias_of
from notigateway.repository.asking_party import NOW, PARTY, asked_by
from notigateway.repository.columns import Row
from notigateway.repository.last_done import end_after, last_done
from notigateway.repository.model import Addressee, Event
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_users import OF_THE_ENTITY, RedUser, lock_registrations, works_at
from notigateway.repository.turns_of_rights import (
    take_turn_to_act,
    take_turn_to_change,
    take_turn_to_change_user,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.law.caller import Caller
    from notigateway.repository.session import Session

_WITHOUT_ROWID = {"sqlite_with_rowid": False}
# Each look at registrations after the first takes another change of them at that moment.
_LOOKS: Final = 4
_MARK_BYTES: Final = 8
IN_ALL_MATTERS: Final = bytes(_MARK_BYTES)


class UserClient(Row):
    """An addressee for whom somebody works, by NIF; none where it works for all of the entity's."""

    __tablename__ = "user_clients"
    __table_args__ = (_WITHOUT_ROWID,)

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("red_users.id"), primary_key=True)
    client: Mapped[str] = mapped_column(String(9), primary_key=True)


class UserMatter(Row):
    """A matter in which somebody works; none where it does in all."""

    __tablename__ = "user_matters"
    __table_args__ = (_WITHOUT_ROWID,)

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("red_users.id"), primary_key=True)
    matter: Mapped[str] = mapped_column(String(64), primary_key=True)


@dataclass(frozen=True)
class Narrowing:
    """By what somebody's work for an entity is narrowed; by nothing where it is one's own place."""

    by_clients: bool = False
    by_matters: bool = False

    def gives(
        self, addressee: SQLColumnExpression[int], matter: SQLColumnExpression[str]
    ) -> list[ColumnElement[bool]]:
        """Say `users.Scope.covers` in SQL, of the registration that a statement is given."""
        return [*self.gives_clients(addressee), *self.gives_matters(matter)]

    def gives_clients(self, addressee: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Say it of the addressee."""
        return [addressee.in_(_clients())] if self.by_clients else []

    def gives_matters(self, matter: SQLColumnExpression[str]) -> list[ColumnElement[bool]]:
        """Say it of the matter."""
        if not self.by_matters:
            return []
        return [matter.in_(select(UserMatter.matter).where(UserMatter.user_id == _REGISTRATION))]


@dataclass(frozen=True)
class Seat:
    """In whose place a caller sees something: its own, or that of an entity that it works for."""

    party: str
    registration: Registration | None = None

    @property
    def narrowing(self) -> Narrowing:
        """What of the party's is seen there."""
        one = self.registration
        return Narrowing() if one is None else Narrowing(one.by_clients, one.by_matters)

    @property
    def is_narrowed(self) -> bool:
        """Tell whether not everything of the party's is seen there."""
        return self.narrowing != Narrowing()

    def asked(self, now: datetime) -> Mapping[str, object]:
        """Return the values of every parameter of its conditions."""
        given = asked_by(self.party, now)
        return given if self.registration is None else {**given, "registration": self.registration.id}


def seats_of(party: str, registrations: Sequence[Registration]) -> list[Seat]:
    """Return all places of a caller, its own first."""
    return [Seat(party), *(Seat(one.entity, one) for one in registrations)]


def _clients() -> Select[int]:
    """Select the keys of the addressees that the registration names."""
    addressee = alias_of(Addressee, "client")
    named = UserClient.client == addressee.identifier
    query = select(addressee.id).join(UserClient, named).where(UserClient.user_id == _REGISTRATION)
    return query.correlate(None)


def find_registrations(session: Session, caller: Caller, now: datetime) -> list[Registration]:
    """Return by what the caller works for entities at `now`: what lets it decide first."""
    if not works_for(caller, caller.member_of or ""):
        return []
    rows = _REGISTRATIONS.rows(session, party=caller.party, now=now)
    found = [_registration(row) for row in rows if works_for(caller, row.holder)]
    return sorted(found, key=lambda one: (not one.may_decide, one.id))


def lock_registrations_of(session: Session, caller: Caller, now: datetime) -> list[Registration]:
    """Return the same, locked, in its turn and those of the entities: an end waits for what is decided.

    Raises: `TemporarilyUnavailableError` where they come and go faster than it looks.
    """
    take_turn_to_act(session, [caller.party])
    if not works_for(caller, caller.member_of or ""):
        return []
    for _ in range(_LOOKS):
        locked = lock_registrations(session, caller.party, now)
        found = find_registrations(session, caller, now)
        # One that was made while this waited for the end of the one before it is not locked yet.
        if locked.issuperset(one.id for one in found):
            take_turn_to_act(session, {one.entity for one in found})
            return found
    raise TemporarilyUnavailableError("registrations changed at each look", part=Part.DATABASE)


def matter_marks(session: Session, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """Return a mark of the matters of each registration that is narrowed by some: equal for the same ones."""
    matters: dict[UUID, list[str]] = {}
    query = select(UserMatter).where(UserMatter.user_id.in_(ids)).order_by(UserMatter.matter)
    for row in session.scalars(query):
        matters.setdefault(row.user_id, []).append(row.matter)
    return {
        one: hashlib.blake2b("\n".join(named).encode(), digest_size=_MARK_BYTES).digest()
        for one, named in matters.items()
    }


def _registration(row: Any) -> Registration:  # noqa: ANN401  (a row of the driver)
    return Registration(
        id=row.id,
        entity=row.holder,
        entity_name=row.holder_name or row.holder,
        by_clients=not row.all_clients,
        by_matters=not row.all_matters,
        may_decide=row.may_decide,
    )


_REGISTRATION: Final = bindparam("registration", type_=Uuid)
_REGISTRATIONS: Final = Prepared(
    select(
        RedUser.id,
        RedUser.holder,
        RedUser.holder_name,
        RedUser.all_clients,
        RedUser.all_matters,
        RedUser.may_decide,
    ).where(*works_at(RedUser, PARTY, NOW), RedUser.authorisation == OF_THE_ENTITY)
)


# --- the register ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Registered:
    """A registration with its scope; `clients` are None where nobody asks for them by name."""

    user: RedUser
    client_count: int
    matters: Sequence[str]
    clients: Sequence[str] | None = None


def lock_users(session: Session, entity: str, person: str) -> Sequence[RedUser]:
    """Return all that an entity has said of a person, locked: whoever decides by it comes first."""
    take_turn_to_change(session, [person])
    query = _of_entities().where(RedUser.holder == entity, RedUser.person == person)
    return session.scalars(query.order_by(RedUser.id).with_for_update()).all()


def lock_user(session: Session, user_id: UUID, *, entity: str) -> RedUser | None:
    """Return a registration of the entity, locked."""
    take_turn_to_change_user(session, user_id)
    query = _of_entities().where(RedUser.id == user_id, RedUser.holder == entity)
    return session.scalars(query.with_for_update()).one_or_none()


def instant_of_end(session: Session, users: Collection[RedUser], at: datetime) -> datetime:
    """Return when registrations end that are to end then: after what was done by them, and no earlier.

    They must be locked.
    """
    by = Event.registration.in_([one.id for one in users])
    return end_after([last_done(session, by, since=at)], at) if users else at


def find_user(session: Session, user_id: UUID, *, party: str) -> RedUser | None:
    """Return a registration that the party has made, or by which it works."""
    return session.scalars(_of_entities().where(RedUser.id == user_id, _concerns(party))).one_or_none()


def list_users(session: Session, party: str, *, after: UUID, limit: int) -> Sequence[Registered]:
    """Return registrations that the party has made or by which it works, ended ones too, in their order."""
    query = _of_entities().where(_concerns(party), RedUser.id > after).order_by(RedUser.id).limit(limit)
    rows = session.scalars(query).all()
    ids = [row.id for row in rows]
    counted = select(UserClient.user_id, func.count()).where(UserClient.user_id.in_(ids))
    counts = {row[0]: row[1] for row in session.execute(counted.group_by(UserClient.user_id))}
    matters: dict[UUID, list[str]] = {}
    named = select(UserMatter).where(UserMatter.user_id.in_(ids)).order_by(UserMatter.matter)
    for one in session.scalars(named):
        matters.setdefault(one.user_id, []).append(one.matter)
    return [Registered(row, counts.get(row.id, 0), matters.get(row.id, [])) for row in rows]


def read_user(session: Session, user: RedUser) -> Registered:
    """Return a registration with its clients by name."""
    scope = scope_of(session, user)
    clients = sorted(scope.clients or ())
    return Registered(user, len(clients), sorted(scope.matters or ()), clients)


def scope_of(session: Session, user: RedUser) -> Scope:
    """Return for what somebody works."""
    clients = session.scalars(select(UserClient.client).where(UserClient.user_id == user.id))
    matters = session.scalars(select(UserMatter.matter).where(UserMatter.user_id == user.id))
    return Scope(
        clients=None if user.all_clients else frozenset(clients),
        matters=None if user.all_matters else frozenset(matters),
        may_decide=user.may_decide,
    )


def add_user(session: Session, user: RedUser, scope: Scope) -> None:
    """Add a registration with its scope."""
    user.all_clients, user.all_matters = scope.clients is None, scope.matters is None
    user.may_decide = scope.may_decide
    session.add(user)
    session.flush()
    for table, column, values in (
        (UserClient, "client", scope.clients),
        (UserMatter, "matter", scope.matters),
    ):
        if values:
            session.execute(insert(table), [{"user_id": user.id, column: one} for one in sorted(values)])


def _of_entities() -> Select[RedUser]:
    return select(RedUser).where(RedUser.authorisation == OF_THE_ENTITY)


def _concerns(party: str) -> ColumnElement[bool]:
    return or_(RedUser.holder == party, RedUser.person == party)
