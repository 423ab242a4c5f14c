"""The rules of representation in SQL are the pure ones, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from drawn import MATTERS, PROCEDURES, items_of
from listed import id_of
from notigateway.addressee.following import Summary
from notigateway.law import representation
from notigateway.law.assurance import Assurance, Level, Means, rights_by
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import Kind, Standing, State, is_held
from notigateway.law.representation import (
    Item,
    ItemKind,
    OnRecord,
    PowerScope,
    PowerState,
    RightsPolicy,
    Role,
    closed_on_record,
)
from notigateway.law.spans import Span
from notigateway.law.users import Registration, Scope
from notigateway.repository.changes import Change
from notigateway.repository.counting import count_groups
from notigateway.repository.engine import writing
from notigateway.repository.following import find_head, list_changes_after, list_changes_arrived
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification
from notigateway.repository.notifications import find_visible, visible_to
from notigateway.repository.outages import OutageRow
from notigateway.repository.power_items import PowerItem
from notigateway.repository.reached import STRENGTH, find_reach
from notigateway.repository.red_users import OF_THE_ENTITY, RedUser
from notigateway.repository.rights import Power, RedAssignment, role_of
from notigateway.repository.sources import Places
from notigateway.repository.users import add_user
from notigateway.repository.windows import RedOptOut, RedWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

pytestmark = pytest.mark.once

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ADDRESSEES = ["A28000016", "B12345674"]
PARTIES = ["B12345674", "00000001R", "12345678Z"]

INSTANTS = st.builds(
    lambda day, edge: START + day * DAY + edge * timedelta(milliseconds=1),
    st.integers(0, 20),
    st.integers(-1, 1),
)


# Of whom, what, its deadline, and what is on record of decisions, the standing one last.
Drawn = tuple[str, Item, datetime | None, tuple[OnRecord, ...]]


@dataclass(frozen=True)
class World:
    """Titles and notifications at random, each of one addressee; deadlines and decisions may be anywhere."""

    powers: list[tuple[str, str, representation.Power]]
    windows: list[tuple[str, str, representation.Window]]
    items: list[Drawn]
    # In which times an addressee receives alone.
    alone: list[tuple[str, Span]] = field(default_factory=list)
    # Since when an outage lasts.
    outage: datetime | None = None

    def as_it_was(self, addressee: str, item: Item) -> Item:
        """Return the item with what its addressee had chosen by then."""
        is_withheld = any(who == addressee and item.available_at in span for who, span in self.alone)
        return replace(item, is_withheld=is_withheld)

    def as_it_is(self, item: Item, decisions: Sequence[OnRecord], now: datetime) -> Item:
        """Return the item with what holds its deadline."""
        decided_at = decisions[-1].at if decisions else None
        standing = Standing(
            Kind.NOTIFICATION, State.AVAILABLE, item.available_at, item.closed_at, self.outage, decided_at
        )
        is_open = decided_at is None and item.closed_at is not None and is_held(standing, now)
        return replace(item, closed_at=None) if is_open else item


@st.composite
def powers(draw: st.DrawFn) -> representation.Power:
    scope = draw(st.sampled_from(PowerScope))
    registered_at = draw(INSTANTS)
    ended_at = draw(st.none() | INSTANTS)
    return representation.Power(
        scope=scope,
        items=draw(items_of(scope, INSTANTS)),
        registered_at=registered_at,
        accepted_at=draw(st.none() | INSTANTS.map(lambda at: max(at, registered_at))),
        expires_at=registered_at + draw(st.integers(1, 20)) * DAY,
        ended_at=ended_at,
        end_cause=None if ended_at is None else PowerState.REVOKED,
        is_void=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def decisions(draw: st.DrawFn, available_at: datetime) -> tuple[OnRecord, ...]:
    """Draw decisions in the order in which they are known; each that is known later happened earlier."""
    happened = sorted(draw(st.lists(INSTANTS, max_size=3, unique=True)), reverse=True)
    known = sorted(draw(st.lists(INSTANTS, min_size=len(happened), max_size=len(happened), unique=True)))
    return tuple(
        OnRecord(max(at, available_at), max(at, available_at, known_at))
        for at, known_at in zip(happened, known, strict=True)
    )


@st.composite
def items(draw: st.DrawFn) -> Drawn:
    addressee = draw(st.sampled_from(ADDRESSEES))
    available_at = draw(INSTANTS)
    deadline = draw(st.none() | st.integers(1, 12).map(lambda days: available_at + days * DAY))
    on_record = draw(decisions(available_at))
    item = Item(
        available_at=available_at,
        closed_at=closed_on_record(on_record, deadline),
        matter=draw(st.sampled_from(MATTERS)),
        procedure=draw(st.sampled_from(PROCEDURES)),
        special_category=draw(st.booleans()),
        ground=draw(st.sampled_from([Ground.A, Ground.B, Ground.C, None])),
    )
    return addressee, item, deadline, on_record


def worlds() -> st.SearchStrategy[World]:
    addressee, party = st.sampled_from(ADDRESSEES), st.sampled_from(PARTIES[1:])
    window = st.builds(
        lambda start, days: representation.Window(start, None if days is None else start + days * DAY),
        INSTANTS,
        st.none() | st.integers(1, 10),
    )
    return st.builds(
        World,
        st.lists(st.tuples(addressee, party, powers()), max_size=4),
        st.lists(st.tuples(addressee, party, window), max_size=3),
        st.lists(items(), min_size=1, max_size=6),
        st.lists(st.tuples(addressee, st.builds(Span, INSTANTS, st.none() | INSTANTS)), max_size=2),
        st.none() | INSTANTS,
    )


POLICIES = st.builds(
    RightsPolicy,
    red_sees_backlog=st.booleans(),
    special_category_roles=st.sets(st.sampled_from(Role)).map(frozenset),
)
ASSURANCES = st.builds(Assurance, st.sampled_from(Means), st.sampled_from(Level))


def populate(session: Session, world: World) -> list[UUID]:
    """Write the world into empty tables; return the notifications' identifiers in the order of the items."""
    body = IssuingBody(dir3="EA0041485", acronym="TGSS", name="TGSS", nif="Q2827003A")
    rows = {nif: Addressee(identifier=nif, name=nif) for nif in ADDRESSEES}
    session.add_all([body, *rows.values()])
    session.flush()
    for grantor, attorney, power in world.powers:
        session.add(_power(power, rows[grantor], attorney))
    for addressee, party, one in world.windows:
        _add_window(session, rows[addressee], party, one)
    for addressee, span in world.alone:
        _add_opt_out(session, rows[addressee], span)
    if world.outage is not None:
        _add_outage(session, world.outage)
    return [
        _add_notification(session, body, rows[who], (item, deadline, on_record))
        for who, item, deadline, on_record in world.items
    ]


def _power(power: representation.Power, grantor: Addressee, attorney: str) -> Power:
    """Return the row: of one thing that has not ended in the way of the release before, of more in rows."""
    fields = {name: getattr(power, name) for name in power.__dataclass_fields__ if name != "items"}
    one = power.items[0] if len(power.items) == 1 else None
    is_in_its_row = one is not None and one.kind is not ItemKind.GROUP and one.ended_at is None
    rows = [] if is_in_its_row else enumerate(power.items)
    return Power(
        id=uuid4(),
        grantor_id=grantor.id,
        attorney=attorney,
        attorney_name=attorney,
        value=one.value if is_in_its_row and one is not None else None,
        special_category=False,
        items=[_item(item, position) for position, item in rows],
        **fields,
    )


def _item(item: representation.PowerItem, position: int) -> PowerItem:
    row = PowerItem.of(item, position=position, name=item.value, now=START)
    row.ended_at, row.end_cause = item.ended_at, item.end_cause
    return row


def _add_window(session: Session, addressee: Addressee, party: str, window: representation.Window) -> None:
    assignment = RedAssignment(
        id=uuid4(),
        addressee_id=addressee.id,
        account="28123456742",
        red_party=party,
        red_name=party,
        authorisation="1",
        starts_at=window.opens_at,
    )
    session.add(assignment)
    session.flush()
    row = RedWindow(id=uuid4(), addressee_id=addressee.id, assignment_id=assignment.id, red_party=party)
    row.authorisation, row.opens_at, row.closes_at = "1", window.opens_at, window.closes_at
    session.add(row)


def _add_opt_out(session: Session, addressee: Addressee, span: Span) -> None:
    row = RedOptOut(id=uuid4(), addressee_id=addressee.id, chosen_at=span.starts_at, chosen_by="x")
    row.withheld_from, row.withheld_until, row.request_sha256 = span.starts_at, span.ends_at, "0" * 64
    session.add(row)


def _add_outage(session: Session, started_at: datetime) -> None:
    session.add(
        OutageRow(
            id=uuid4(), started_at=started_at, reason="x", declared_at=started_at, declared_by="Q2827003A"
        )
    )


def _add_notification(
    session: Session,
    body: IssuingBody,
    addressee: Addressee,
    one: tuple[Item, datetime | None, tuple[OnRecord, ...]],
) -> UUID:
    item, deadline, on_record = one
    decided_at = on_record[-1].at if on_record else None
    act = Act(
        id=uuid4(),
        issuing_body_id=body.id,
        reference=str(uuid4()),
        subject="x",
        procedure=item.procedure,
        matter=item.matter,
        special_category=item.special_category,
        submission_sha256="0" * 64,
        document_sizes="1",
    )
    session.add(act)
    session.flush()
    row = Notification(
        id=uuid4(),
        act_id=act.id,
        addressee_id=addressee.id,
        kind=Kind.NOTIFICATION,
        state=State.AVAILABLE if decided_at is None else State.ACCEPTED,
        available_at=item.available_at,
        deadline=deadline,
        ground=item.ground,
        is_obliged=item.ground in {Ground.A, Ground.B},
        decided_at=decided_at,
    )
    session.add(row)
    session.flush()
    # As if it had been published for later: its change comes when its time has come.
    event = Event(
        id=uuid4(),
        notification_code=row.code,
        position=1,
        state=State.SCHEDULED,
        decisive=False,
        at=item.available_at,
    )
    session.add(event)
    for position, decision in enumerate(on_record, start=2):
        session.add(_decision(row, position, decision, is_standing=decision is on_record[-1]))
    session.flush()
    session.add(Change(event_id=event.id, notification_code=row.code))
    session.flush()
    return row.id


def _decision(row: Notification, position: int, decision: OnRecord, *, is_standing: bool) -> Event:
    """Return the event: what was known when it happened is nobody's report."""
    is_reported = decision.known_at > decision.at
    return Event(
        id=uuid4(),
        notification_code=row.code,
        position=position,
        state=State.ACCEPTED,
        decisive=is_standing,
        at=decision.at,
        reported_at=decision.known_at if is_reported else None,
    )


def expected(world: World, party: str, now: datetime, rights: RightsPolicy) -> list[Role | None]:
    """Apply the pure rules to every item."""
    return [
        representation.role_of(
            world.as_it_is(world.as_it_was(addressee, item), on_record, now),
            is_addressee=party == addressee,
            powers=[p for grantor, attorney, p in world.powers if (grantor, attorney) == (addressee, party)],
            windows=[w for who, red, w in world.windows if (who, red) == (addressee, party)],
            now=now,
            rights=rights,
        )
        for addressee, item, _, on_record in world.items
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds(), st.lists(INSTANTS, min_size=3, max_size=3), POLICIES, ASSURANCES)
def test_the_queries_say_what_the_rules_say(
    engine: Engine, world: World, instants: list[datetime], policy: RightsPolicy, assurance: Assurance
) -> None:
    rights = rights_by(assurance, policy)
    with writing(engine) as session:
        ids = populate(session, world)
        for party in PARTIES:
            for now in instants:
                role = role_of(party, now, rights=rights)
                query = (
                    select(Notification.id, role, visible_to(now, role=role))
                    .join(Act, Notification.act_id == Act.id)
                    .join(Addressee, Notification.addressee_id == Addressee.id)
                )
                found = {row[0]: row for row in session.execute(query)}
                roles = expected(world, party, now, rights)
                assert [found[one][1] for one in ids] == [None if r is None else str(r) for r in roles]
                is_visible = [
                    role is not None and item.available_at <= now
                    for role, (_, item, *_) in zip(roles, world.items, strict=True)
                ]
                assert [bool(found[one][2]) for one in ids] == is_visible
                visible = dict(zip(ids, roles, strict=True))
                shown = {one: visible[one] for one, there in zip(ids, is_visible, strict=True) if there}
                if now == instants[0]:
                    check_looked_for(session, party, now, rights, {one: r for one, r in shown.items() if r})
        session.rollback()  # the next world begins empty
        session.begin()


def check_looked_for(
    session: Session,
    party: str,
    now: datetime,
    rights: RightsPolicy,
    visible: dict[UUID, Role],
    registrations: Sequence[Registration] = (),
) -> None:
    """Check that what is looked for is what is visible: lists, page by page; changes; counts."""
    for role in (None, *Role):
        expected = [(str(one), str(held)) for one, held in visible.items() if role in {None, held}]
        listed = list_in_pages(session, party, now, rights, ListFilter(role=role), registrations)
        assert sorted(listed) == sorted(expected)
        reach = find_reach(session, party, now, registrations)
        counted = count_groups(session, reach, role=role, rights=rights)
        summary = Summary(now)
        for row in counted:
            summary.add(row)
        wanted = [UUID(one) for one, _ in expected]
        seen = session.scalars(select(Notification).where(Notification.id.in_(wanted)))
        assert summary.by_state == Counter(row.state_at(now) for row in seen)
    for state in State:
        of_state = ListFilter(states=frozenset({state}))
        standing = [one for one, _ in list_in_pages(session, party, now, rights, of_state, registrations)]
        rows = session.scalars(select(Notification).where(Notification.id.in_(visible)))
        assert sorted(standing) == sorted(str(row.id) for row in rows if row.state_at(now) is state)
    reach = find_reach(session, party, now, registrations)
    everything = Places(0, find_head(session))
    for changes in (
        list_changes_after(session, reach, everything, limit=99, rights=rights),
        list_changes_arrived(
            session, reach, everything, between=(START - 99 * DAY, now), limit=99, rights=rights
        ),
    ):
        assert [row.position for row in changes] == sorted(row.position for row in changes)
        assert sorted((id_of(row), row.role) for row in changes) == sorted(
            (str(one), str(held)) for one, held in visible.items()
        )


def list_in_pages(
    session: Session,
    party: str,
    now: datetime,
    rights: RightsPolicy,
    chosen: ListFilter,
    registrations: Sequence[Registration] = (),
) -> list[tuple[str, str]]:
    """Return identifier and capacity of all that is listed, in pages of two."""
    found: list[tuple[str, str]] = []
    after = 0
    while True:
        page = list_page(
            session,
            party=party,
            chosen=chosen,
            after_code=after,
            limit=2,
            now=now,
            rights=rights,
            registrations=registrations,
        )
        assert [row.code for row in page] == sorted(row.code for row in page)
        found += [(id_of(row), row.role) for row in page]
        if len(page) < 2:
            return found
        after = page[-1].code


SCOPES = st.builds(
    Scope,
    st.none() | st.frozensets(st.sampled_from(ADDRESSEES), min_size=1),
    st.none() | st.frozensets(st.sampled_from(MATTERS), min_size=1),
)
WORKER = "00000003A"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds(), st.dictionaries(st.sampled_from(PARTIES), SCOPES, min_size=1), INSTANTS, POLICIES)
def test_who_works_for_some_sees_what_their_scopes_cover(
    engine: Engine, world: World, scopes: dict[str, Scope], now: datetime, rights: RightsPolicy
) -> None:
    with writing(engine) as session:
        ids = populate(session, world)
        registrations = [register(session, entity, scope) for entity, scope in scopes.items()]
        roles: dict[UUID, Role] = {}
        for entity, scope in scopes.items():
            seen = expected(world, entity, now, rights)
            for one, role, (addressee, item, *_) in zip(ids, seen, world.items, strict=True):
                if role and item.available_at <= now and scope.covers(addressee, item.matter):
                    roles[one] = min(roles.get(one, role), role, key=STRENGTH.index)
        found = find_visible(session, ids, party=WORKER, now=now, rights=rights, registrations=registrations)
        assert set(found) == set(roles)
        check_looked_for(session, WORKER, now, rights, roles, registrations)
        for addressee in ADDRESSEES:
            of_one = ListFilter(addressee=addressee)
            listed = list_in_pages(session, WORKER, now, rights, of_one, registrations)
            whose = dict(zip(ids, (who for who, *_ in world.items), strict=True))
            assert sorted(listed) == sorted(
                (str(one), str(role)) for one, role in roles.items() if whose[one] == addressee
            )
        session.rollback()  # the next world begins empty
        session.begin()


def register(session: Session, entity: str, scope: Scope) -> Registration:
    """Register who works for an entity."""
    user = RedUser(
        id=uuid4(),
        holder=entity,
        authorisation=OF_THE_ENTITY,
        person=WORKER,
        person_name=WORKER,
        starts_at=START,
        recorded_at=START,
    )
    add_user(session, user, scope)
    return Registration(user.id, entity, entity, scope.clients is not None, scope.matters is not None)


@st.composite
def worlds_of_items(draw: st.DrawFn) -> World:
    """Draw one power in force of several items, and open notifications of its grantor."""
    scope = draw(st.sampled_from([PowerScope.MATTER, PowerScope.PROCEDURE]))
    power = representation.Power(
        scope=scope,
        items=draw(items_of(scope, INSTANTS)),
        registered_at=START - DAY,
        accepted_at=START - DAY,
        expires_at=START + 365 * DAY,
    )
    grantor = draw(st.sampled_from(sorted(ADDRESSEES)))
    drawn = draw(st.lists(items(), min_size=1, max_size=4))
    open_ones: list[Drawn] = [(grantor, replace(item, closed_at=None), None, ()) for _, item, *_ in drawn]
    return World([(grantor, PARTIES[2], power)], [], open_ones)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds_of_items(), INSTANTS)
def test_the_queries_say_of_each_item_what_the_rules_say(engine: Engine, world: World, now: datetime) -> None:
    rights, party = RightsPolicy(), PARTIES[2]
    with writing(engine) as session:
        ids = populate(session, world)
        role = role_of(party, now, rights=rights)
        query = select(Notification.id, visible_to(now, role=role)).join(Act).join(Addressee)
        found = {one: bool(is_visible) for one, is_visible in session.execute(query)}
        roles = expected(world, party, now, rights)
        assert [found[one] for one in ids] == [
            role is not None and item.available_at <= now
            for role, (_, item, *_) in zip(roles, world.items, strict=True)
        ]
        session.rollback()
        session.begin()
