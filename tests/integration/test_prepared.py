"""What is executed past SQLAlchemy's machinery gives what SQLAlchemy gives, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import bindparam, exc, insert, select, text

from notigateway.errors import TemporarilyUnavailableError
from notigateway.law.representation import PowerScope
from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.prepared import Prepared
from notigateway.repository.replay import ReplayKey, is_registered, register
from notigateway.repository.rights import Power

if TYPE_CHECKING:
    from sqlalchemy import Engine

AT = datetime(2026, 3, 29, 3, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=2)))
COLUMNS = (
    "id",
    "grantor_id",
    "attorney",
    "attorney_name",
    "scope",
    "value",
    "special_category",
    "is_void",
    "registered_at",
    "expires_at",
    "version",
)
INSERT = Prepared(insert(Row.metadata.tables["powers"]), columns=COLUMNS)
SELECT = Prepared(
    select(Power.id, Power.scope, Power.value, Power.special_category, Power.registered_at, Power.ended_at)
    .where(Power.attorney == bindparam("party"), Power.registered_at <= bindparam("now", type_=UtcDateTime()))
    .order_by(Power.registered_at)
    .limit(3)
)


def power(number: int) -> dict[str, object]:
    values = (uuid4(), 1, "00000003A", "Celia & Prueba", PowerScope.MATTER, None, number % 2 == 1, False)
    return dict(zip(COLUMNS, (*values, AT + timedelta(hours=number), AT, 1), strict=True))


def test_types_convert_values_on_the_way_in_and_out(engine: Engine) -> None:
    given = [power(number) for number in range(4)]
    with writing(engine) as session:
        session.execute(text("INSERT INTO addressees (id, identifier, name) VALUES (1, 'A58818501', 'x')"))
        INSERT.write(session, given)
    with reading(engine) as session:
        found = SELECT.rows(session, party="00000003A", now=AT + timedelta(days=1))
        rows = {row.id: row for row in session.scalars(select(Power))}
    assert [one.id for one in found] == [one["id"] for one in given[:3]]
    for one in found:
        row = rows[one.id]
        assert tuple(one) == (
            row.id,
            row.scope,
            row.value,
            row.special_category,
            row.registered_at,
            row.ended_at,
        )
        assert one.registered_at.tzinfo is UTC
        assert one.scope is PowerScope.MATTER


def test_a_value_that_is_missing_or_foreign_is_a_defect(engine: Engine) -> None:
    with reading(engine) as session:
        with pytest.raises(KeyError, match="now"):
            SELECT.rows(session, party="00000003A")
        with pytest.raises(ValueError, match="without zone"):
            SELECT.rows(session, party="00000003A", now=AT.replace(tzinfo=None))


def test_what_a_key_forbids_is_the_error_that_sqlalchemy_raises(engine: Engine) -> None:
    twice = power(1)
    with pytest.raises(exc.IntegrityError), writing(engine) as session:
        INSERT.write(session, [twice, twice])


def test_it_is_part_of_the_session_s_transaction(engine: Engine) -> None:
    key = bytes(32)

    def failing() -> None:
        with writing(engine) as session:
            assert register(session, key, expires_at=AT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    with writing(engine) as session:
        assert register(session, key, expires_at=AT)
        assert not register(session, key, expires_at=AT)
        assert is_registered(session, key)
    with reading(engine) as session:
        assert session.scalars(select(ReplayKey.expires_at)).all() == [AT]


def test_a_lost_connection_is_temporarily_unavailable_and_the_next_one_works(postgresql_url: str) -> None:
    engine = create_database(postgresql_url)

    def killed() -> None:
        with writing(engine) as session:
            own = session.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(postgresql_url, autocommit=True) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", [own])
            register(session, bytes(32), expires_at=AT)

    with pytest.raises(TemporarilyUnavailableError):
        killed()
    with writing(engine) as session:
        assert register(session, bytes(32), expires_at=AT)
    engine.dispose()
