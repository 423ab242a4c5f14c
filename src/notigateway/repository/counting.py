"""Counts of what a party may know of: what has ended along an index alone, what has not by its deadline."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import case, func, literal, null, select, type_coerce, union, union_all

from notigateway.law.lifecycle import UNDECIDED, Kind, State
from notigateway.repository.addressed import Addressed
from notigateway.repository.boxed import Boxed
from notigateway.repository.columns import UtcDateTime, Word
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Addressee, IssuingBody, Notification
from notigateway.repository.own_inbox import OwnItem
from notigateway.repository.reached import STRENGTH
from notigateway.repository.red_inbox import RedItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, SQLColumnExpression, Subquery

    from notigateway.law.representation import RightsPolicy, Role
    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source


def count_groups(
    session: Session, reach: Reach, *, role: Role | None, rights: RightsPolicy
) -> Sequence[Row[*tuple[object, ...]]]:
    """Count what the party may know of, by kind, stored state, deadline and issuing body.

    Each is counted once, in its strongest capacity. The kind says nothing of a state, and of what has ended
    its deadline nothing any more: neither is told.
    """
    giving = [part for part in reach.parts if part.its_own_sources(rights)]
    if len(giving) != 1:
        return _count_together(session, reach, role=role, rights=rights) if giving else []
    (part,) = giving
    sources = part.sources(rights, weakest=role)
    capacities = [source.role for source in sources]
    rows: list[Row[*tuple[object, ...]]] = []
    for capacity in dict.fromkeys(capacities):
        if role in {None, capacity}:
            stronger = sources[: capacities.index(capacity)]
            of_it = [source for source in sources if source.role is capacity]
            for query in _counts(of_it, stronger):
                rows += session.connection().execute(query, part.asked).all()
    return sorted(rows, key=attrgetter("dir3"))


def count_by_addressee(
    session: Session, reach: Reach, *, role: Role | None, rights: RightsPolicy
) -> Sequence[Row[*tuple[object, ...]]]:
    """Count the same by addressee, and what has not ended by stored state and deadline besides.

    Of what has ended neither is told.
    """
    giving = [part for part in reach.parts if part.its_own_sources(rights)]
    if len(giving) != 1:
        return _addressees_together(session, reach, role=role, rights=rights) if giving else []
    (part,) = giving
    sources = part.sources(rights, weakest=role)
    capacities = [source.role for source in sources]
    rows: list[Row[*tuple[object, ...]]] = []
    for capacity in dict.fromkeys(capacities):
        if role in {None, capacity}:
            stronger = sources[: capacities.index(capacity)]
            of_it = [source for source in sources if source.role is capacity]
            rows += session.connection().execute(_of_addressees(of_it, stronger), part.asked).all()
    return rows


def _of_addressees(sources: Sequence[Source], stronger: Sequence[Source]) -> Select[*tuple[object, ...]]:
    """Count what these sources give, and no stronger one, by addressee."""
    facts = union(*map(_with_addressee, sources)).subquery()
    is_open = facts.c.state.in_(UNDECIDED)
    state = type_coerce(case((is_open, facts.c.state)), Word(State))
    deadline = type_coerce(case((is_open, facts.c.deadline)), UtcDateTime)
    counted = (
        select(
            facts.c.addressee_id,
            state.label("state"),
            deadline.label("deadline"),
            func.count().label("count_"),
        )
        .where(*([facts.c.code.not_in(_codes(stronger))] if stronger else []))
        .group_by(facts.c.addressee_id, state, deadline)
        .subquery()
    )
    return select(
        Addressee.identifier,
        Addressee.name,
        counted.c.state,
        counted.c.deadline,
        Notification.outage_since.label("outage_since"),
        counted.c.count_,
    ).join(Addressee, Addressee.id == counted.c.addressee_id)


def _with_addressee(source: Source) -> Select[*tuple[object, ...]]:
    """Select what of a source is counted by addressee: RED boxes do not say whose an item is."""
    if isinstance(source, Addressed):
        return source.codes().add_columns(OwnItem.state, OwnItem.deadline, OwnItem.addressee_id)
    items = source.codes().join(Notification, Notification.code == RedItem.code)
    return items.add_columns(Notification.state, Notification.deadline, Notification.addressee_id)


def _count_together(
    session: Session, reach: Reach, *, role: Role | None, rights: RightsPolicy
) -> Sequence[Any]:
    """Count what is seen in several places at once."""
    counted = Counter(
        (state, deadline if state in UNDECIDED else None, body)
        for state, deadline, body in _seen_together(session, reach, _FACTS, role=role, rights=rights)
    )
    bodies = {row.id: row for row in session.execute(select(*_BODY))}
    since = session.scalar(select(Notification.outage_since))
    return [
        _Group(Kind.NOTIFICATION, state, deadline, *bodies[body][1:], since, count)
        for (state, deadline, body), count in sorted(counted.items(), key=lambda one: bodies[one[0][2]].dir3)
    ]


def _seen_together(
    session: Session,
    reach: Reach,
    facts: Callable[[Source], Select[*tuple[Any, ...]]],
    *,
    role: Role | None,
    rights: RightsPolicy,
) -> Iterator[Sequence[Any]]:
    """Yield what is counted of each that is seen in several places: what two of them give is one."""
    seen: set[int] = set()
    for capacity in STRENGTH:
        for part in reach.parts:
            for source in (one for one in part.its_own_sources(rights) if one.role is capacity):
                for code, *more in session.connection().execute(facts(source), part.asked):
                    if code not in seen and role in {None, capacity}:
                        yield more
                    seen.add(code)


def _addressees_together(
    session: Session, reach: Reach, *, role: Role | None, rights: RightsPolicy
) -> Sequence[Any]:
    """Count the same by addressee."""
    counted = Counter(
        (key, state if state in UNDECIDED else None, deadline if state in UNDECIDED else None)
        for state, deadline, key in _seen_together(session, reach, _with_addressee, role=role, rights=rights)
    )
    whom = select(Addressee.id, Addressee.identifier, Addressee.name)
    keys = {key for key, *_ in counted}
    named = {row.id: row for row in session.execute(whom.where(one_of(Addressee.id, "keys")), {"keys": keys})}
    since = session.scalar(select(Notification.outage_since))
    return [
        _OfAddressee(*named[key][1:], state, deadline, since, count)
        for (key, state, deadline), count in counted.items()
    ]


class _OfAddressee(NamedTuple):
    """The same as a row that the database counts."""

    identifier: str
    name: str
    state: State | None
    deadline: datetime | None
    outage_since: datetime | None
    count_: int


class _Group(NamedTuple):
    """The same as a row that the database counts."""

    kind: Kind
    state: State
    deadline: datetime | None
    dir3: str
    acronym: str
    name: str
    outage_since: datetime | None
    count_: int


_FACTS: Final = methodcaller("facts")
_BODY: Final = (IssuingBody.id, IssuingBody.dir3, IssuingBody.acronym, IssuingBody.name)


def _counts(sources: Sequence[Source], stronger: Sequence[Source]) -> list[Select[*tuple[object, ...]]]:
    """Return what counts that which these sources give, and no stronger one."""
    boxes = [source for source in sources if isinstance(source, Boxed)]
    if boxes:
        return _in_boxes(boxes, stronger)
    facts = union(*(source.facts() for source in sources if isinstance(source, Addressed))).subquery()
    return [_grouped(facts, [facts.c.code.not_in(_codes(stronger))] if stronger else [])]


def _codes(sources: Sequence[Source]) -> CompoundSelect[int]:
    """Select the codes that sources give."""
    return union_all(*(source.codes() for source in sources))


def _grouped(facts: Subquery, which: Sequence[ColumnElement[bool]] = ()) -> Select[*tuple[object, ...]]:
    """Count by all that an effective state depends on."""
    deadline = type_coerce(case((facts.c.state.in_(UNDECIDED), facts.c.deadline)), UtcDateTime)
    counted = (
        select(
            facts.c.state, deadline.label("deadline"), facts.c.issuing_body_id, func.count().label("count_")
        )
        .where(*which)
        .group_by(facts.c.state, deadline, facts.c.issuing_body_id)
        .subquery()
    )
    return _told(counted, counted.c.deadline, Notification.outage_since)


def _told(
    counted: Subquery,
    deadline: SQLColumnExpression[datetime] | SQLColumnExpression[datetime | None],
    outage_since: SQLColumnExpression[datetime] | SQLColumnExpression[datetime | None],
) -> Select[*tuple[object, ...]]:
    """Select what a summary adds up, with the names of the issuing bodies."""
    return select(
        type_coerce(literal(str(Kind.NOTIFICATION)), Word(Kind)).label("kind"),
        counted.c.state,
        deadline.label("deadline"),
        IssuingBody.dir3,
        IssuingBody.acronym,
        IssuingBody.name,
        outage_since.label("outage_since"),
        counted.c.count_,
    ).join(IssuingBody, IssuingBody.id == counted.c.issuing_body_id)


def _in_boxes(boxes: Sequence[Boxed], stronger: Sequence[Source]) -> list[Select[*tuple[object, ...]]]:
    """Count what is in RED boxes: what has ended by its state alone, the rest with its notification."""
    is_one = len(boxes) == 1
    of_boxes = RedItem.box_id == boxes[0].box if is_one else RedItem.box_id.in_([box.box for box in boxes])
    # Without the code an index has all of it, group by group.
    code = [] if is_one and not stronger else [RedItem.code]
    items = select(*code, RedItem.state, RedItem.issuing_body_id).where(of_boxes, *boxes[0].shown)
    if not is_one:
        items = items.distinct()
    if stronger:
        items = items.where(RedItem.code.not_in(_codes(stronger)))
    ended = items.where(RedItem.state.not_in(UNDECIDED)).subquery()
    counted = (
        select(ended.c.state, ended.c.issuing_body_id, func.count().label("count_"))
        .group_by(ended.c.state, ended.c.issuing_body_id)
        .subquery()
    )
    nothing = type_coerce(null(), UtcDateTime())
    of_ended = _told(counted, nothing, nothing)
    open_ones = (
        items.with_only_columns(
            RedItem.code,
            Notification.state,
            Notification.deadline,
            RedItem.issuing_body_id,
        )
        .join(Notification, Notification.code == RedItem.code)
        .where(RedItem.state.in_(UNDECIDED))
    )
    return [of_ended, _grouped(open_ones.subquery())]
