"""An employee of five thousand clients gets three more: three lists, and not one of sixty thousand rows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from bench.filling import Filling
from bench.world import THE_RED, World, nif_of

from following import Follower
from histories import caller_of, person_nif
from notigateway.issuer.publishing import register_issuing_body
from notigateway.law.users import MOST_CLIENTS, Scope
from notigateway.repository.engine import writing
from notigateway.repository.red_users import OF_THE_ENTITY, RedUser
from notigateway.repository.users import add_user, lock_users
from notigateway.sandbox.seeds import BODIES
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from stack import Stack

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
EMPLOYEE = person_nif(5)
ROWS = 40_000


def let_work(stack: Stack, clients: list[str]) -> None:
    """Register the employee for those; what was registered before ends with it."""
    with writing(stack.engine) as session:
        for one in lock_users(session, THE_RED.party, EMPLOYEE):
            one.ends_at = one.ends_at or stack.now
        user = RedUser(
            id=uuid7(stack.now),
            holder=THE_RED.party,
            holder_name="Gestoría",
            authorisation=OF_THE_ENTITY,
            person=EMPLOYEE,
            person_name="Empleada",
            starts_at=stack.now,
            recorded_at=stack.now,
        )
        add_user(session, user, Scope(clients=frozenset(clients)))


@pytest.mark.soak
def test_three_clients_more_are_three_lists(stack: Stack) -> None:
    stack.now = NOW
    world = World(ROWS)
    with writing(stack.engine) as session:
        for body in BODIES:
            register_issuing_body(session, **asdict(body))
    for _ in Filling(stack.engine, world, now=NOW).fill():
        pass
    first = world.of_red.first
    clients = [nif_of(first + number) for number in range(MOST_CLIENTS)]
    let_work(stack, clients[3:])
    employee = Follower(stack, caller_of(EMPLOYEE), page_size=1_000)
    employee.begin()
    stack.pass_time(minutes=1)
    let_work(stack, clients)
    whole = employee.whole()
    employee.follow()
    assert employee.walks == 0
    assert sorted(employee.listed) == sorted(clients[:3])
    assert employee.view == whole
    assert len(whole) > 0.95 * world.of_red.notifications  # data of a special category are not for RED
