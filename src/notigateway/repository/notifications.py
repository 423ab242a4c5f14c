"""Named queries on notifications; what a caller may not see is not found by any of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    select,
)

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.law.caller import Title
from notigateway.law.representation import DEFAULT_RIGHTS, Role
from notigateway.repository.accesses import note_found
from notigateway.repository.asking_party import NOW, PARTY
from notigateway.repository.dialects import one_of, one_of_ids
from notigateway.repository.held import hold, whole
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.rights import role_of
from notigateway.repository.titles import lock_titles
from notigateway.repository.users import seats_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.representation import RightsPolicy
    from notigateway.law.users import Registration
    from notigateway.repository.asking_party import Instant
    from notigateway.repository.session import Session
    from notigateway.repository.users import Narrowing, Seat

# A look finds the titles as they are committed then; each one more takes another correction at that moment.
_LOOKS: Final = 4

# Well below the number of parameters that a statement may have on either database.
_PORTION: Final = 5_000


def visible_to(now: Instant, *, role: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Return the condition of everything that a party may know of, from its time on: `role_of` decides.

    The query must join Act. It asks row by row: for what is named, never for what is looked for.
    """
    return and_(role.is_not(None), Notification.available_at <= now)


def find_visible(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
    registrations: Sequence[Registration] = (),
) -> dict[UUID, Notification]:
    """Return those of the notifications that the party may know of, with act, documents and receipts.

    By `registrations` it sees in the place of entities, too.
    """
    found: dict[UUID, Notification] = {}
    sought = set(ids)
    for seat in seats_of(party, registrations):
        query = _whole_rows(rights, seat.narrowing, locked=False)
        seen = _by_id(session, query, sought, seat.asked(now)) if sought else {}
        for row in seen.values():
            _see_from(row, seat, None)
        found |= seen
        sought -= seen.keys()
    return found


def sees_all(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
    registrations: Sequence[Registration] = (),
) -> bool:
    """Tell whether the party may know of all the notifications; it is told of none of them."""
    wanted = set(ids)
    for seat in seats_of(party, registrations):
        if wanted:
            given = {"ids": wanted, **seat.asked(now)}
            wanted -= set(session.scalars(_which(rights, seat.narrowing), given))
    return not wanted


def find_codes(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
    registrations: Sequence[Registration] = (),
) -> dict[UUID, int]:
    """Return the codes of those of the notifications that the party may know of, and nothing else of them."""
    found: dict[UUID, int] = {}
    for seat in seats_of(party, registrations):
        rows = _codes(rights, seat.narrowing).rows(session, ids=set(ids), **seat.asked(now))
        session.found |= {row.code: row.identifier for row in rows}
        found |= {row.id: row.code for row in rows}
    return found


def find_id(session: Session, code: int) -> UUID | None:
    """Return the identifier of a notification by its public code; it says nothing of who may see it."""
    return session.scalars(select(Notification.id).where(Notification.code == code)).one_or_none()


def find_identifiers(session: Session, codes: Sequence[int]) -> dict[int, UUID]:
    """Return the identifiers of notifications, by their codes."""
    found: dict[int, UUID] = {}
    for start in range(0, len(codes), _PORTION):
        portion = list(codes[start : start + _PORTION])
        rows = session.execute(
            select(Notification.code, Notification.id).where(Notification.code.in_(portion))
        )
        found.update((code, identifier) for code, identifier in rows)
    return found


def lock_visible(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
    registrations: Sequence[Registration] = (),
) -> dict[UUID, Notification]:
    """Return the same, locked until the end of the transaction, in the order of the code.

    Whoever comes second waits here and then sees the first one's decision. The one order keeps two
    batches that share notifications from waiting for each other. (SQLite has no row locks; there
    the writing session already is alone.) The titles by which a representative acts are locked too:
    what they no longer give by then is not found, unless another title gives it. For that the turns of the
    party and of the entities must have been taken (`turns_of_rights`).

    Raises: `TemporarilyUnavailableError` where titles come and go faster than it looks.
    """
    seats, wanted = seats_of(party, registrations), set(ids)
    if len(seats) > 1 and len(wanted) > 1 and session.get_bind().dialect.name == "postgresql":
        # From each place rows are locked in that order, but not from one place after the other.
        seen = find_codes(session, wanted, party=party, now=now, rights=rights, registrations=registrations)
        session.connection().execute(_IN_ORDER, {"codes": list(seen.values())}).all()
        wanted = set(seen)
    found: dict[UUID, Notification] = {}
    for seat in seats:
        if sought := wanted - found.keys():
            found |= _lock_from(session, sought, seat, now=now, rights=rights)
    return found


def _lock_from(
    session: Session, ids: set[UUID], seat: Seat, *, now: datetime, rights: RightsPolicy
) -> dict[UUID, Notification]:
    """Return what is seen from one place, locked. Raises: `TemporarilyUnavailableError`."""
    found: dict[UUID, Notification] = {}
    sought = ids
    query = _whole_rows(rights, seat.narrowing, locked=True)
    for _ in range(_LOOKS):
        seen = _by_id(session, query, sought, seat.asked(now))
        represented = [row for row in seen.values() if not _is_its_own(row, seat.party)]
        titles = lock_titles(session, represented, party=seat.party, now=now, rights=rights)
        for row in represented:
            if row.code in titles:
                row.see_as(row.seen_as, titles[row.code])
            else:
                del seen[row.id]
        for row in seen.values():
            _see_from(row, seat, row.title)
        found |= seen
        # A title that is gone since we looked, or waited, may have been replaced by another one.
        sought = {row.id for row in represented if row.code not in titles}
        if not sought:
            return found
    raise TemporarilyUnavailableError("titles changed at each look", part=Part.DATABASE)


def _is_its_own(row: Notification, party: str) -> bool:
    """Tell whether the party is the addressee itself, not one that has taken its place."""
    return row.seen_as is Role.OWN and row.addressee.identifier == party


def _see_from(row: Notification, seat: Seat, title: Title | None) -> None:
    """Remember by which registration a row is seen, and in whose place; by none, leave it as it is."""
    registration = seat.registration
    if registration is not None:
        from_there = Title(
            reference=None if title is None else title.reference,
            holder=registration.entity,
            holder_name=registration.entity_name,
            registration=registration.id,
            may_decide=registration.may_decide,
        )
        row.see_as(row.seen_as, from_there)


@lru_cache(maxsize=64)
def _whole_rows(rights: RightsPolicy, narrowing: Narrowing, *, locked: bool) -> Prepared:
    """Select notifications with everything an answer or a receipt says of them; made once for each policy."""
    role = role_of(PARTY, NOW, rights=rights)
    query = (
        whole()
        .add_columns(role.label("role"))
        .where(one_of_ids(Notification.id, "ids"), visible_to(NOW, role=role))
        .where(*narrowing.gives(Notification.addressee_id, Act.matter))
        .order_by(Notification.code)
    )
    return Prepared(query.with_for_update(of=Notification, key_share=True) if locked else query)


@lru_cache(maxsize=64)
def _which(rights: RightsPolicy, narrowing: Narrowing) -> Select[UUID]:
    """Select what a party may know of; made once for each policy."""
    return (
        select(Notification.id)
        .join(Act, Notification.act_id == Act.id)
        .where(Notification.id.in_(_IDS), visible_to(NOW, role=role_of(PARTY, NOW, rights=rights)))
        .where(*narrowing.gives(Notification.addressee_id, Act.matter))
    )


@lru_cache(maxsize=64)
def _codes(rights: RightsPolicy, narrowing: Narrowing) -> Prepared:
    """Select the codes of what a party may know of; made once for each policy."""
    return Prepared(
        select(Notification.id, Notification.code, Addressee.identifier)
        .join(Act, Notification.act_id == Act.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .where(one_of_ids(Notification.id, "ids"), visible_to(NOW, role=role_of(PARTY, NOW, rights=rights)))
        .where(*narrowing.gives(Notification.addressee_id, Act.matter))
    )


_IN_ORDER: Final = (
    select(Notification.code)
    .where(one_of(Notification.code, "codes"))
    .order_by(Notification.code)
    .with_for_update(key_share=True)
)
_IDS: Final[BindParameter[Sequence[UUID]]] = bindparam("ids", expanding=True)


def _by_id(
    session: Session,
    query: Prepared,
    ids: Iterable[UUID],
    asked: Mapping[str, object],
) -> dict[UUID, Notification]:
    """Run the query and index its rows by their public identifier, each with the role it is seen in."""
    rows = query.rows(session, ids=set(ids), **asked)
    found = {}
    for row, notification in zip(rows, hold(session, rows), strict=True):
        notification.see_as(Role(row.role))
        note_found(session, notification)
        found[notification.id] = notification
    return found
