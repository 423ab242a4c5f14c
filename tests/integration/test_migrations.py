from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.repository.engine import create_database
from notigateway.repository.model import Row
from notigateway.repository.schema import (
    check_drift,
    check_revision,
    current_revision,
    downgrade,
    head_revision,
    upgrade,
)
from patience import PATIENCE_SECONDS
from processes import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = create_database(empty_database_url)
    yield engine
    engine.dispose()


def test_upgrade_from_empty_builds_every_table(empty: Engine) -> None:
    upgrade(empty)
    assert set(inspect(empty).get_table_names()) == {*Row.metadata.tables, "alembic_version"}
    assert current_revision(empty) == head_revision()


def test_migrations_build_exactly_the_model(engine: Engine) -> None:
    check_drift(engine)


def test_every_step_down_leads_back_to_empty_and_up_again(empty: Engine) -> None:
    upgrade(empty)
    while current_revision(empty) is not None:
        downgrade(empty, "-1")
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


def test_a_failed_migration_leaves_nothing_half(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE replay_keys (id INTEGER)")  # the last one to be made
    with pytest.raises(Exception, match="already exists"):
        upgrade(empty)
    assert [t for t in inspect(empty).get_table_names() if t != "alembic_version"] == ["replay_keys"]


def test_a_database_that_is_behind_is_refused_with_the_command_to_run(empty: Engine) -> None:
    with pytest.raises(ConfigurationError, match="notigateway migrate"):
        check_revision(empty)
    upgrade(empty)
    check_revision(empty)


def test_a_database_that_is_ahead_is_served(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'f00d'")
    check_revision(engine)


def test_a_server_that_is_not_there_is_temporarily_unavailable() -> None:
    engine = create_database("postgresql://nobody@127.0.0.1:1/nothing")
    for attempt in (upgrade, current_revision, check_revision):
        with pytest.raises(TemporarilyUnavailableError):
            attempt(engine)
