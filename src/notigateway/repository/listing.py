"""Pages of the list: what is chosen of all that a party may know of, in the order of the code."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    false,
    literal,
    or_,
    select,
)

from notigateway.law.lifecycle import UNDECIDED, Kind, State
from notigateway.law.representation import DEFAULT_RIGHTS, Role
from notigateway.repository.columns import CODE, UtcDateTime
from notigateway.repository.dialects import one_of
from notigateway.repository.marks import mark_conditions
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification
from notigateway.repository.notifications import visible_to
from notigateway.repository.outages import is_overdue
from notigateway.repository.prepared import Prepared
from notigateway.repository.reached import STRENGTH, find_reach
from notigateway.repository.rights import role_of
from notigateway.repository.routing import act_conditions, text_conditions, unlike
from notigateway.repository.row_texts import WHOLE_ROWS, RowText, kept_of, text_columns, with_texts
from notigateway.repository.sources import Narrowed, first_of_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy
    from notigateway.law.users import Registration
    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source


@dataclass(frozen=True)
class ListFilter:
    """Which notifications to list; what is absent does not restrict.

    `words` are looked for in subject and reference, as `law/searching.py` has them.
    """

    states: frozenset[State] = field(default_factory=frozenset)
    kind: Kind | None = None
    role: Role | None = None
    addressee: str | None = None
    issuer: str | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None
    deadline_before: datetime | None = None
    ccc: str | None = None
    naf: str | None = None
    matter: str | None = None
    procedure: str | None = None
    reference: str | None = None
    metadata: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    words: tuple[str, ...] = ()
    downloaded: bool | None = None
    archived: bool | None = None
    assigned_to: str | None = None
    label: str | None = None

    def described(self) -> Iterator[str]:
        """Describe it by its values, equal for equal filters: a cursor is bound to that.

        What filters have had since contract 1.1 is named where it is asked for: a release before gives and
        takes the cursors of all others.
        """
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name in _LATER:
                if value or value is False:
                    yield f"{one.name}={value if one.name != 'metadata' else sorted(value or ())}"
            else:
                yield ",".join(sorted(value)) if one.name == "states" else str(value)


_LATER: Final = frozenset({"ccc", "naf", "matter", "procedure", "reference", "metadata", "words"}) | {
    "downloaded",
    "archived",
    "assigned_to",
    "label",
}


def list_page(
    session: Session,
    *,
    party: str,
    chosen: ListFilter,
    after_code: int,
    limit: int,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
    registrations: Sequence[Registration] = (),
) -> list[Any]:
    """Return at most `limit` rows with a code above `after_code`, in the order of the code, with their texts.

    The order is the one thing of a notification that never changes, so a page neither repeats nor
    skips what was at disposal when the listing began, whatever is published or decided meanwhile.
    """
    reach = find_reach(session, party, now, registrations)
    page = {"after": after_code, "most": limit}
    if _is_own(reach, rights) and chosen == _EVERYTHING:
        # Most callers represent nobody else, and ask for all: one statement.
        rows = _WHOLE_OWN_PAGE.rows(session, addressee=reach.own, now=now, **page)
        return with_texts(session, rows)
    codes = _codes(session, reach, chosen, page, rights=rights)
    return with_texts(session, _rows_of(session, codes))


def list_whole_page(
    session: Session,
    *,
    party: str,
    chosen: ListFilter,
    after_code: int,
    limit: int,
    now: datetime,
    rights: RightsPolicy = DEFAULT_RIGHTS,
) -> list[Any]:
    """Return the same page, each row with every column that a contract may say."""
    reach = find_reach(session, party, now)
    page = {"after": after_code, "most": limit}
    codes = _codes(session, reach, chosen, page, rights=rights)
    return sorted(WHOLE_ROWS.rows(session, codes=list(codes)), key=_CODE) if codes else []


def _is_own(reach: Reach, rights: RightsPolicy) -> bool:
    """Tell whether all that the party sees is its own, so that nothing is to be asked row by row."""
    return reach.is_itself_alone and Role.OWN in rights.special_category_roles


def _codes(
    session: Session, reach: Reach, chosen: ListFilter, page: Mapping[str, int], *, rights: RightsPolicy
) -> dict[int, Role]:
    """Return the codes of a page in their order, each with the capacity in which the party sees it."""
    after, most = page["after"], page["most"]
    found: dict[int, Role] = {}
    looked_at = most
    while True:
        some = {"after": after, "most": looked_at}
        codes = _candidates(session, reach, chosen, some, rights=rights)
        surplus = unlike(session, codes, chosen.words) if chosen.words else set()
        found |= {code: role for code, role in codes.items() if code not in surplus}
        if len(codes) < looked_at or len(found) >= most:
            return dict(list(found.items())[:most])
        # Only where no texts are kept: each time more is looked at.
        after, looked_at = max(codes), max(most, min(looked_at * 4, _LOOKED_AT))


def _candidates(
    session: Session, reach: Reach, chosen: ListFilter, page: Mapping[str, int], *, rights: RightsPolicy
) -> dict[int, Role]:
    """Return the same, of what may have the words where nothing is kept that says it."""
    now = reach.now
    if _is_own(reach, rights):
        own = {"addressee": reach.own, "now": now, **page}
        acts = act_conditions(chosen)
        is_of_itself = chosen.addressee is None and chosen.issuer is None and not acts
        query = (_OWN_CODES if is_of_itself else _OWN_NAMED_CODES).where(*_conditions(chosen, reach, _OWN))
        query = _with_words(query.where(*acts), chosen)
        return dict.fromkeys(session.connection().scalars(query, own), Role.OWN)
    if chosen.addressee is not None:
        # Of one addressee there are few: each is asked.
        return _codes_of_one(session, reach, chosen, page, rights=rights)
    return _first_codes(session, reach, chosen, after=page["after"], most=page["most"], rights=rights)


def _codes_of_one(
    session: Session, reach: Reach, chosen: ListFilter, page: Mapping[str, int], *, rights: RightsPolicy
) -> dict[int, Role]:
    """Return the same of one addressee, in the strongest capacity that any place gives."""
    found: dict[int, Role] = {}
    anything = replace(chosen, role=None) if reach.others else chosen
    # In which capacity is known once every place was asked; of one addressee there are few.
    most = page["most"] if anything == chosen else _ALL
    for part in reach.parts:
        role = role_of(part.party, reach.now, rights=rights)
        given = part.seat.narrowing.gives(Notification.addressee_id, Act.matter)
        query = _page(_code_and(role), visible_to(reach.now, role=role))
        query = query.where(*given, *_conditions(anything, reach, role), *act_conditions(chosen))
        query = _with_words(query, chosen)
        for code, word in session.connection().execute(
            query, {**part.seat.asked(reach.now), **page, "most": most}
        ):
            found[code] = min(found.get(code, Role(word)), Role(word), key=STRENGTH.index)
    ordered = [(code, found[code]) for code in sorted(found) if chosen.role in {None, found[code]}]
    return dict(ordered[: page["most"]])


def _first_codes(
    session: Session, reach: Reach, chosen: ListFilter, *, after: int, most: int, rights: RightsPolicy
) -> dict[int, Role]:
    """Return the first codes that are chosen, each with the capacity in which the party sees it.

    In which capacity is known of a page only once every stronger one was asked: so a page of one of them is
    looked for among pages of all that might be stronger.
    """
    sources = reach.sources(rights, weakest=chosen.role)
    wanted = _narrowed(chosen, reach)
    found: dict[int, Role] = {}
    while True:
        keys = partial(_keys, session, wanted, after=after, most=most)
        page = first_of_all(sources, keys, most)
        found |= {code: role for code, role in page.items() if chosen.role in {None, role}}
        if len(page) < most or len(found) >= most:
            return dict(list(found.items())[:most])
        after = max(page)


def _keys(session: Session, wanted: Narrowed, source: Source, *, after: int, most: int) -> Sequence[int]:
    return source.first_codes(session, wanted, after=after, most=most)


def _narrowed(chosen: ListFilter, reach: Reach) -> Narrowed:
    """Say the filter for sources, which know the capacity; the addressee is not asked of them."""
    stored: set[State] = set().union(*(_STORED[state] for state in chosen.states))
    conditions = _conditions(replace(chosen, role=None, addressee=None, issuer=None), reach, _OWN)
    return Narrowed(
        tuple(sorted(stored)),
        tuple(conditions),
        chosen.issuer,
        of_act=tuple(act_conditions(chosen)),
        of_text=tuple(text_conditions(chosen.words)),
    )


def _with_words(query: Select[*tuple[Any, ...]], chosen: ListFilter) -> Select[*tuple[Any, ...]]:
    """Ask for words too, where some are wanted."""
    if not chosen.words:
        return query
    return query.outerjoin(RowText, kept_of(Notification.code)).where(*text_conditions(chosen.words))


def _rows_of(session: Session, codes: dict[int, Role]) -> list[Any]:
    """Return the rows of those codes in their order, each with its capacity."""
    rows: list[Any] = []
    roles = set(codes.values())
    for role in roles:
        of_role = [code for code, one in codes.items() if one is role]
        rows += _ROWS.rows(session, codes=of_role, role=str(role))
    return sorted(rows, key=_CODE)


def _page(columns: Select[*tuple[Any, ...]], visible: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Select `most` of the rows that are visible, from the one after the code `after` on."""
    return (
        columns.where(visible, Notification.code > bindparam("after", type_=CODE))
        .order_by(Notification.code)
        .limit(bindparam("most", type_=Integer))
    )


def _code_and(*more: ColumnElement[str | None]) -> Select[*tuple[Any, ...]]:
    """Select codes, with all at hand that a filter may ask."""
    return (
        select(Notification.code, *more)
        .join(Act, Notification.act_id == Act.id)
        .join(IssuingBody, Act.issuing_body_id == IssuingBody.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
    )


_OWN: ColumnElement[str | None] = literal(str(Role.OWN))
_ITS_OWN = and_(
    Notification.addressee_id == bindparam("addressee", type_=Integer),
    Notification.available_at <= bindparam("now", type_=UtcDateTime()),
)
_OWN_CODES = _page(select(Notification.code), _ITS_OWN)
_OWN_NAMED_CODES = _page(_code_and(), _ITS_OWN)
_WHOLE_OWN_PAGE = Prepared(_page(text_columns(_OWN), _ITS_OWN), in_binary=True)
_EVERYTHING: Final = ListFilter()
_ALL: Final = 1_000_000_000
_LOOKED_AT: Final = 4_096
_CODE: Final = attrgetter("code")
# In no order: for one, SQLite would walk the whole table.
_ROWS = Prepared(
    text_columns(bindparam("role", type_=String)).where(one_of(Notification.code, "codes")), in_binary=True
)
# In which states what stands so may be stored.
_STORED: Final = {
    **{state: frozenset({state}) for state in State},
    State.AVAILABLE: frozenset({State.AVAILABLE, State.SCHEDULED}),
    State.LAPSED: UNDECIDED | {State.LAPSED},
}


def _conditions(
    chosen: ListFilter, reach: Reach, role: ColumnElement[str | None]
) -> list[ColumnElement[bool]]:
    """Translate the filter; states are the effective ones now, marks those of the party."""
    now = reach.now
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
    return [*conditions, *mark_conditions(chosen, reach.sharing)]


def _is_effectively(state: State, now: datetime) -> ColumnElement[bool]:
    """Say `lifecycle.effective_state(...) == state` in SQL; a property test compares both."""
    in_time = or_(Notification.deadline.is_(None), ~is_overdue(now))
    if state is State.LAPSED:
        overdue = and_(Notification.state.in_(UNDECIDED), is_overdue(now))
        return or_(Notification.state == State.LAPSED, overdue)
    if state is State.SCHEDULED:
        return false()  # all whose time has not come are left out already
    if state is State.AVAILABLE:
        return and_(Notification.state.in_({State.AVAILABLE, State.SCHEDULED}), in_time)
    if state is State.RECEIPT_REQUESTED:
        return and_(Notification.state == State.RECEIPT_REQUESTED, in_time)
    return Notification.state == state
