"""What a database held before an upgrade is there after it, and means the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import MetaData, select

from notigateway.law.grounds import Ground
from notigateway.law.spans import Span
from notigateway.repository.accounts import main_account_at
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import create_database, reading
from notigateway.repository.file_connections import make_database
from notigateway.repository.model import Act, Notification
from notigateway.repository.replay import is_registered
from notigateway.repository.schema import configuration, upgrade
from notigateway.repository.windows import RedOptOut, RedWindow
from notigateway.soap.forgetting import Forgetting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
COMPANY, PERSON, STRANGER = "B12345674", "12345678Z", "A28000016"
CCC, NAF = "28123456742", "281234567840"


@pytest.fixture
def first(empty_database_url: str) -> Iterator[Engine]:
    """Give a database of the first schema, with what it could hold."""
    engine = create_database(empty_database_url)
    make_database(engine)
    with engine.connect() as connection:
        command.upgrade(configuration(connection), "0006")
    with engine.begin() as connection:
        populate(connection)
    yield engine
    engine.dispose()


def populate(connection: Connection) -> None:
    """Write addressees with accounts, a body, and an act of one of them."""
    tables = MetaData()
    tables.reflect(connection)
    one = tables.tables
    nifs = {COMPANY: (CCC, None), PERSON: (None, NAF), STRANGER: (None, None)}
    for number, (nif, (ccc, naf)) in enumerate(nifs.items(), 1):
        row = {"id": number, "identifier": nif, "name": f"name of {nif}", "ccc": ccc, "naf": naf}
        connection.execute(one["addressees"].insert().values(row))
    body = {"id": 1, "dir3": "EA0041485", "acronym": "TGSS", "name": "Tesorería", "nif": "Q2827003A"}
    connection.execute(one["issuing_bodies"].insert().values(body))
    act = {
        "id": uuid4().hex if connection.dialect.name == "sqlite" else uuid4(),
        "issuing_body_id": 1,
        "reference": "1",
        "subject": "x",
        "procedure": "1",
        "matter": "x",
        "special_category": False,
        "submission_sha256": "0" * 64,
        "document_sizes": "1",
    }
    connection.execute(one["acts"].insert().values(act))
    notification = {
        "code": 1,
        "id": uuid4().hex if connection.dialect.name == "sqlite" else uuid4(),
        "act_id": act["id"],
        "addressee_id": 1,
        "kind": "notification",
        "state": "available",
        "available_at": START,
        "version": 1,
    }
    connection.execute(one["notifications"].insert().values(notification))


def test_acts_quote_what_the_registers_said(first: Engine) -> None:
    upgrade(first)
    with reading(first) as session:
        act = session.scalars(select(Act)).one()
    assert (act.addressee_name, act.ccc, act.naf) == (f"name of {COMPANY}", CCC, None)
    assert (act.issuing_body_name, act.issuing_body_nif) == ("Tesorería", "Q2827003A")


def test_accounts_are_main_ones_since_ever(first: Engine) -> None:
    upgrade(first)
    for nif, account in ((COMPANY, CCC), (PERSON, NAF), (STRANGER, None)):
        with reading(first) as session:
            row = find_addressee(session, nif)
            assert row is not None
            assert main_account_at(session, row, START) == account


def test_what_is_at_disposal_has_the_ground_by_which_it_was_obliged(first: Engine) -> None:
    upgrade(first)
    with reading(first) as session:
        (row,) = session.scalars(select(Notification))
        assert (row.ground, row.is_obliged) == (Ground.A, True)


def test_a_number_that_acts_have_quoted_makes_nobody_self_employed(first: Engine) -> None:
    upgrade(first)
    for nif, account in ((COMPANY, CCC), (PERSON, None)):
        with reading(first) as session:
            row = find_addressee(session, nif)
            assert row is not None
            assert main_account_at(session, row, datetime.now(UTC)) == account


def test_who_saw_by_red_sees_the_same_and_who_took_it_back_receives_alone(first: Engine) -> None:
    """Of an account that is not the main one an assignment gave nothing, and gives nothing."""
    with first.connect() as connection:
        command.upgrade(configuration(connection), "0016")
    ended = START + timedelta(days=5)
    with first.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        assignments, changes = tables.tables["red_assignments"], tables.tables["rights_changes"]
        rows = {"managed": (CCC, 1, ended), "other": ("08999999904", 1, None), "person": (NAF, 2, None)}
        made = {}
        for name, (account, addressee, ends_at) in rows.items():
            made[name] = uuid4().hex if connection.dialect.name == "sqlite" else uuid4()
            row = {
                "id": made[name],
                "addressee_id": addressee,
                "account": account,
                "red_party": "00000003A",
                "red_name": "Celia Prueba",
                "authorisation": "1",
                "starts_at": START,
                "ends_at": ends_at,
            }
            connection.execute(assignments.insert().values(row))
        change = {
            "id": uuid4().hex if connection.dialect.name == "sqlite" else uuid4(),
            "red_assignment_id": made["managed"],
            "change": "unassigned",
            "at": ended,
            "party": COMPANY,
            "signer": PERSON,
            "request_sha256": "0" * 64,
        }
        connection.execute(changes.insert().values(change))
    upgrade(first)
    with reading(first) as session:
        windows = session.scalars(select(RedWindow).order_by(RedWindow.addressee_id)).all()
        opt_outs = session.scalars(select(RedOptOut)).all()
    assert [(row.addressee_id, row.opens_at, row.closes_at) for row in windows] == [
        (1, START, ended),
        (2, START, None),
    ]
    assert [(row.addressee_id, row.span, row.chosen_by) for row in opt_outs] == [(1, Span(ended), PERSON)]


def test_a_message_without_timestamp_of_before_is_remembered_while_its_certificate_may_be_valid(
    first: Engine,
) -> None:
    now = datetime.now(UTC)
    with first.connect() as connection:
        command.upgrade(configuration(connection), "0021")
    with first.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        row = {"key": b"k" * 32, "expires_at": now + timedelta(hours=1)}
        connection.execute(tables.tables["replay_keys"].insert().values(row))
    upgrade(first)
    Forgetting(first).run(now + timedelta(days=3_000))
    with reading(first) as session:
        assert is_registered(session, b"k" * 32)
