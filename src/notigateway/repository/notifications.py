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
    func,
    select,
)

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.law.representation import DEFAULT_RIGHTS, Role
from notigateway.repository.accesses import note_found
from notigateway.repository.asking_party import NOW, PARTY, asked_by
from notigateway.repository.dialects import one_of_ids
from notigateway.repository.held import hold, whole
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.rights import role_of
from notigateway.repository.titles import lock_titles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.asking_party import Instant
    from notigateway.repository.session import Session

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
) -> dict[UUID, Notification]:
    """Return those of the notifications that the party may know of, with act, documents and receipts."""
    return _by_id(session, _whole_rows(rights, locked=False), ids, asked_by(party, now))


def sees_all(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> bool:
    """Tell whether the party may know of all the notifications; it is told of none of them."""
    wanted = set(ids)
    given = {"ids": wanted, **asked_by(party, now)}
    return not wanted or session.scalar(_how_many(rights), given) == len(wanted)


def find_codes(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> dict[UUID, int]:
    """Return the codes of those of the notifications that the party may know of, and nothing else of them."""
    rows = _codes(rights).rows(session, ids=set(ids), **asked_by(party, now))
    session.found |= {row.code: row.identifier for row in rows}
    return {row.id: row.code for row in rows}


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
) -> dict[UUID, Notification]:
    """Return the same, locked until the end of the transaction, in the order of the code.

    Whoever comes second waits here and then sees the first one's decision. The one order keeps two
    batches that share notifications from waiting for each other. (SQLite has no row locks; there
    the writing session already is alone.) The titles by which a representative acts are locked too:
    what they no longer give by then is not found, unless another title gives it.

    Raises: `TemporarilyUnavailableError` where titles come and go faster than it looks.
    """
    found: dict[UUID, Notification] = {}
    sought = set(ids)
    for _ in range(_LOOKS):
        seen = _by_id(session, _whole_rows(rights, locked=True), sought, asked_by(party, now))
        represented = [row for row in seen.values() if not _is_its_own(row, party)]
        titles = lock_titles(session, represented, party=party, now=now, rights=rights)
        for row in represented:
            if row.code in titles:
                row.see_as(row.seen_as, titles[row.code])
            else:
                del seen[row.id]
        found |= seen
        # A title that is gone since we looked, or waited, may have been replaced by another one.
        sought = {row.id for row in represented if row.code not in titles}
        if not sought:
            return found
    raise TemporarilyUnavailableError("titles changed at each look", part=Part.DATABASE)


def _is_its_own(row: Notification, party: str) -> bool:
    """Tell whether the party is the addressee itself, not one that has taken its place."""
    return row.seen_as is Role.OWN and row.addressee.identifier == party


@lru_cache(maxsize=16)
def _whole_rows(rights: RightsPolicy, *, locked: bool) -> Prepared:
    """Select notifications with everything an answer or a receipt says of them; made once for each policy."""
    role = role_of(PARTY, NOW, rights=rights)
    query = (
        whole()
        .add_columns(role.label("role"))
        .where(one_of_ids(Notification.id, "ids"), visible_to(NOW, role=role))
        .order_by(Notification.code)
    )
    return Prepared(query.with_for_update(of=Notification, key_share=True) if locked else query)


@lru_cache(maxsize=16)
def _how_many(rights: RightsPolicy) -> Select[int]:
    """Count what a party may know of; made once for each policy."""
    return (
        select(func.count(Notification.id))
        .join(Act, Notification.act_id == Act.id)
        .where(Notification.id.in_(_IDS), visible_to(NOW, role=role_of(PARTY, NOW, rights=rights)))
    )


@lru_cache(maxsize=16)
def _codes(rights: RightsPolicy) -> Prepared:
    """Select the codes of what a party may know of; made once for each policy."""
    return Prepared(
        select(Notification.id, Notification.code, Addressee.identifier)
        .join(Act, Notification.act_id == Act.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .where(one_of_ids(Notification.id, "ids"), visible_to(NOW, role=role_of(PARTY, NOW, rights=rights)))
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
