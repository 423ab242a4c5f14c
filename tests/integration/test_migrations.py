from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import inspect, select, text

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.law.lifecycle import Kind, State
from notigateway.repository.columns import Row
from notigateway.repository.engine import create_database
from notigateway.repository.file_connections import make_database
from notigateway.repository.schema import (
    check_revision,
    configuration,
    current_revision,
    head_revision,
    upgrade,
)
from patience import PATIENCE_SECONDS
from pki import NOW
from processes import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = create_database(empty_database_url)
    make_database(engine)
    yield engine
    engine.dispose()


def test_upgrade_from_empty_builds_every_table(empty: Engine) -> None:
    upgrade(empty)
    assert set(inspect(empty).get_table_names()) == {*Row.metadata.tables, "alembic_version"}
    assert current_revision(empty) == head_revision()


def test_migrations_build_exactly_the_model(engine: Engine) -> None:
    check_drift(engine)


def check_drift(engine: Engine) -> None:
    """Check that the migrations build exactly the rows of the model: alembic names what differs."""
    with engine.connect() as connection:
        command.check(configuration(connection))


def test_a_code_that_was_given_is_never_given_again(engine: Engine) -> None:
    """It is printed on receipts: not even a row that is gone gives it back."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO addressees (id, identifier, name) VALUES (1, 'A58818501', 'x')"))
        connection.execute(
            text("INSERT INTO issuing_bodies (id, dir3, acronym, name, nif) VALUES (1, 'E1', 'x', 'x', 'x')")
        )
        acts = Row.metadata.tables["acts"]
        act = uuid4()
        connection.execute(
            acts.insert().values(
                id=act,
                issuing_body_id=1,
                reference="1",
                subject="x",
                procedure="1",
                matter="x",
                special_category=False,
                submission_sha256="0" * 64,
                document_sizes="1",
            )
        )
        notifications = Row.metadata.tables["notifications"]
        codes: list[int] = []
        for _ in range(2):
            connection.execute(
                notifications.insert().values(
                    id=uuid4(),
                    act_id=act,
                    addressee_id=1,
                    kind=Kind.NOTIFICATION,
                    state=State.AVAILABLE,
                    available_at=NOW,
                    version=1,
                )
            )
            codes += connection.scalars(select(notifications.c.code)).all()
            connection.execute(notifications.delete())
    assert codes[1] > codes[0]


def test_every_step_down_leads_back_to_empty_and_up_again(empty: Engine) -> None:
    upgrade(empty)
    while current_revision(empty) is not None:
        with empty.connect() as connection:
            command.downgrade(configuration(connection), "-1")
    assert inspect(empty).get_table_names() == ["alembic_version"]
    upgrade(empty)
    check_drift(empty)


def test_upgrade_of_an_up_to_date_database_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    assert current_revision(engine) == head_revision()


def test_two_upgrades_at_once_both_succeed(empty_database_url: str) -> None:
    context = processes()
    upgrading = [context.Process(target=_upgrade, args=(empty_database_url,)) for _ in range(2)]
    for process in upgrading:
        process.start()
    for process in upgrading:
        process.join(PATIENCE_SECONDS)
    assert [process.exitcode for process in upgrading] == [0, 0]


def _upgrade(url: str) -> None:
    engine = create_database(url)
    upgrade(engine)
    engine.dispose()


@pytest.mark.parametrize("last_made", ["replay_keys", "red_users"])
def test_a_failed_migration_leaves_nothing_half(empty: Engine, last_made: str) -> None:
    """Whether its first step fails or a later one."""
    with empty.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {last_made} (id INTEGER)")
    with pytest.raises(Exception, match="already exists"):
        upgrade(empty)
    assert [t for t in inspect(empty).get_table_names() if t != "alembic_version"] == [last_made]
    assert current_revision(empty) is None


def test_a_database_that_is_behind_is_refused_with_the_command_to_run(empty: Engine) -> None:
    with pytest.raises(ConfigurationError, match="notigateway migrate"):
        check_revision(empty)
    upgrade(empty)
    check_revision(empty)


def test_a_database_that_is_ahead_is_served(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'f00d'")
    check_revision(engine)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004", "0005"])
def test_a_database_at_a_merged_step_is_refused_with_what_to_do(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})
    for attempt in (upgrade, check_revision):
        with pytest.raises(ConfigurationError, match=f"{revision}, .* bring it to 0006 .*operations"):
            attempt(engine)
    assert current_revision(engine) == revision


def test_a_server_that_is_not_there_is_temporarily_unavailable() -> None:
    engine = create_database("postgresql://nobody@127.0.0.1:1/nothing")
    for attempt in (upgrade, current_revision, check_revision):
        with pytest.raises(TemporarilyUnavailableError):
            attempt(engine)
