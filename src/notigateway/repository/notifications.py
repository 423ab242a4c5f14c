"""Named queries on notifications; what a caller may not see is not found by any of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from notigateway.law.lifecycle import UNDECIDED, Kind, State
from notigateway.law.representation import DEFAULT_RIGHTS, Role
from notigateway.repository.accesses import note_found
from notigateway.repository.columns import CODE, UtcDateTime
from notigateway.repository.loading import WHOLE
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.outages import is_overdue
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.rights import addressees_in_reach, role_of
from notigateway.repository.titles import lock_titles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class ListFilter:
    """Which notifications to list; what is absent does not restrict."""

    states: frozenset[State] = field(default_factory=frozenset)
    kind: Kind | None = None
    role: Role | None = None
    addressee: str | None = None
    issuer: str | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None
    deadline_before: datetime | None = None


# A party that represents no more addressees than this is listed by their keys: the planner then walks
# the index and stops at the end of the page. A party with thousands is joined.
_FEW = 100


def visible_to(
    party: str,
    now: datetime,
    *,
    role: ColumnElement[str | None],
    reach: Sequence[int] | None = None,
) -> ColumnElement[bool]:
    """Return the condition of everything the party may know of, from its time on.

    The query must join Act and Addressee. The candidates are few and indexed; the `role_of` the party
    decides. Who has asked for `addressees_in_reach` before gives them as `reach`.
    """
    candidates = addressees_in_reach(party, now) if reach is None else reach
    return and_(
        Notification.addressee_id.in_(candidates),
        role.is_not(None),
        Notification.available_at <= now,
    )


def list_page(
    session: Session,
    *,
    party: str,
    chosen: ListFilter,
    after_code: int,
    limit: int,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> Sequence[Row[*tuple[object, ...]]]:
    """Return at most `limit` rows with a code above `after_code`, in the order of the code.

    The order is the one thing of a notification that never changes, so a page neither repeats nor
    skips what was at disposal when the listing began, whatever is published or decided meanwhile.
    """
    found = _IN_REACH.rows(session, party=party, now=now)
    if [row.identifier for row in found] == [party] and Role.OWN in rights.special_category_roles:
        # Most callers represent nobody else: what they see is their own, without asking row by row.
        own = {"addressee": found[0].id, "now": now, "after": after_code, "most": limit}
        conditions = _conditions(chosen, now, _OWN)
        if not conditions:
            return _WHOLE_OWN_PAGE.rows(session, **own)
        return session.connection().execute(_OWN_PAGE.where(*conditions), own).all()
    reach = [row.id for row in found] if len(found) <= _FEW else None
    role = role_of(party, now, rights=rights)
    query = _page(role, visible_to(party, now, role=role, reach=reach))
    query = query.where(*_conditions(chosen, now, role))
    return session.connection().execute(query, {"after": after_code, "most": limit}).all()


def _page(role: ColumnElement[str | None], visible: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    """Select `most` of the list rows that are visible, from the one after the code `after` on."""
    return (
        row_columns(role)
        .where(visible, Notification.code > bindparam("after", type_=CODE))
        .order_by(Notification.code)
        .limit(bindparam("most", type_=Integer))
    )


def row_columns(role: ColumnElement[str | None]) -> Select[*tuple[object, ...]]:
    """Return the columns of a list row: plain tuples, for pages of a thousand."""
    return (
        select(
            Notification.code,
            type_coerce(Notification.id, UuidText()).label("id"),
            Notification.kind,
            Act.subject,
            IssuingBody.dir3,
            IssuingBody.acronym,
            func.coalesce(Act.issuing_body_name, IssuingBody.name).label("name"),
            Act.procedure,
            Act.matter,
            Addressee.identifier,
            func.coalesce(Act.addressee_name, Addressee.name).label("addressee_name"),
            Notification.state,
            Notification.available_at,
            Notification.deadline,
            Notification.outage_since.label("outage_since"),
            Notification.decided_at,
            Act.special_category,
            Act.document_sizes,
            Act.reference,
            Act.ccc,
            Act.naf,
            Notification.ground,
            Act.paper,
            Notification.predecessor,
            Notification.predecessor_name,
            role.label("role"),
        )
        .join(Act, Notification.act_id == Act.id)
        .join(IssuingBody, Act.issuing_body_id == IssuingBody.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
    )


_REACH = addressees_in_reach(bindparam("party"), bindparam("now", type_=UtcDateTime()))
_IN_REACH = Prepared(
    select(Addressee.id, Addressee.identifier).where(Addressee.id.in_(_REACH)).limit(_FEW + 1)
)
_OWN: ColumnElement[str | None] = literal(str(Role.OWN))
_OWN_PAGE = _page(
    _OWN,
    and_(
        Notification.addressee_id == bindparam("addressee", type_=Integer),
        Notification.available_at <= bindparam("now", type_=UtcDateTime()),
    ),
)
_WHOLE_OWN_PAGE = Prepared(_OWN_PAGE)


def _conditions(
    chosen: ListFilter, now: datetime, role: ColumnElement[str | None]
) -> list[ColumnElement[bool]]:
    """Translate the filter; states are the effective ones at `now`."""
    conditions: list[ColumnElement[bool]] = []
    if chosen.states:
        conditions.append(or_(*(_is_effectively(state, now) for state in sorted(chosen.states))))
    if chosen.kind is not None:
        conditions.append(Notification.kind == chosen.kind)
    if chosen.role is not None:
        conditions.append(role == str(chosen.role))
    if chosen.addressee is not None:
        conditions.append(Addressee.identifier == chosen.addressee)
    if chosen.issuer is not None:
        conditions.append(IssuingBody.dir3 == chosen.issuer)
    if chosen.available_from is not None:
        conditions.append(Notification.available_at >= chosen.available_from)
    if chosen.available_to is not None:
        conditions.append(Notification.available_at < chosen.available_to)
    if chosen.deadline_before is not None:
        conditions.append(Notification.deadline < chosen.deadline_before)
    return conditions


def _is_effectively(state: State, now: datetime) -> ColumnElement[bool]:
    """Say `lifecycle.effective_state(...) == state` in SQL; a property test compares both."""
    in_time = or_(Notification.deadline.is_(None), ~is_overdue(now))
    if state is State.LAPSED:
        overdue = and_(Notification.state.in_(UNDECIDED), is_overdue(now))
        return or_(Notification.state == State.LAPSED, overdue)
    if state is State.SCHEDULED:
        return false()  # visible_to has excluded all whose time has not come
    if state is State.AVAILABLE:
        return and_(Notification.state.in_({State.AVAILABLE, State.SCHEDULED}), in_time)
    if state is State.RECEIPT_REQUESTED:
        return and_(Notification.state == State.RECEIPT_REQUESTED, in_time)
    return Notification.state == state


def find_visible(
    session: Session,
    ids: Iterable[UUID],
    *,
    party: str,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> dict[UUID, Notification]:
    """Return those of the notifications that the party may know of, with act, documents and receipts."""
    return _by_id(session, _whole_rows(ids, party=party, now=now, rights=rights))


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
    role = role_of(party, now, rights=rights)
    query = (
        select(func.count(Notification.id))
        .join(Act, Notification.act_id == Act.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .where(Notification.id.in_(wanted), visible_to(party, now, role=role))
    )
    return not wanted or session.scalar(query) == len(wanted)


def find_id(session: Session, code: int) -> UUID | None:
    """Return the identifier of a notification by its public code; it says nothing of who may see it."""
    return session.scalars(select(Notification.id).where(Notification.code == code)).one_or_none()


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
    what they no longer give by then is not found.
    """
    query = _whole_rows(ids, party=party, now=now, rights=rights)
    query = query.with_for_update(of=Notification, key_share=True)
    found = _by_id(session, query)
    represented = [row for row in found.values() if not _is_its_own(row, party)]
    titles = lock_titles(session, represented, party=party, now=now, rights=rights)
    for row in represented:
        if row.code in titles:
            row.see_as(row.seen_as, titles[row.code])
        else:
            del found[row.id]
    return found


def _is_its_own(row: Notification, party: str) -> bool:
    """Tell whether the party is the addressee itself, not one that has taken its place."""
    return row.seen_as is Role.OWN and row.addressee.identifier == party


def _whole_rows(
    ids: Iterable[UUID], *, party: str, now: datetime, rights: RightsPolicy
) -> Select[Notification, str | None]:
    """Select notifications with everything an answer or a receipt says of them."""
    role = role_of(party, now, rights=rights)
    return (
        select(Notification, role.label("role"))
        .join(Act, Notification.act_id == Act.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .where(Notification.id.in_(set(ids)), visible_to(party, now, role=role))
        .order_by(Notification.code)
        .options(*WHOLE)
        .execution_options(populate_existing=True)
    )


def _by_id(session: Session, query: Select[Notification, str | None]) -> dict[UUID, Notification]:
    """Run the query and index its rows by their public identifier, each with the role it is seen in."""
    found = {}
    for row, role in session.execute(query).unique():
        row.see_as(Role(role or ""))  # visible_to lets no row without a role through
        note_found(session, row)
        found[row.id] = row
    return found
