"""What is irrevocable is not done by a clock that differs from the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.clock.agreement import check_clock
from notigateway.errors import TemporarilyUnavailableError
from notigateway.jobs import Sealing, sweeping
from notigateway.repository.engine import create_database
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_a_clock_that_is_about_right_is_good_enough(engine: Engine) -> None:
    for minutes in (-4, 0, 4):
        check_clock(engine, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "words"), [(6, "ahead of"), (-6, "behind"), (525_600, "ahead of")])
def test_a_clock_that_differs_from_the_databases_is_named(
    postgresql_url: str, minutes: int, words: str
) -> None:
    engine = create_database(postgresql_url)
    with pytest.raises(TemporarilyUnavailableError, match=rf"\d s {words} the database's"):
        check_clock(engine, datetime.now(UTC) + timedelta(minutes=minutes))
    engine.dispose()


def test_sqlite_has_no_other_clock(sqlite_url: str) -> None:
    engine = create_database(sqlite_url)
    check_clock(engine, datetime.now(UTC) + timedelta(days=365))
    engine.dispose()


def test_a_sweep_by_a_clock_that_is_a_year_ahead_writes_no_lapse(postgresql_url: str, tmp_path: Path) -> None:
    stack = Stack(postgresql_url, tmp_path)
    stack.publish()
    before = stack.contents()
    sweep = sweeping(stack.settings, Sealing(lambda: stack.settings))
    with pytest.raises(TemporarilyUnavailableError, match="nothing is done until they agree"):
        sweep(stack.engine, stack.now + timedelta(days=365))
    assert stack.contents() == before
    stack.close()
