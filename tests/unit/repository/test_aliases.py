"""An alias says the same to every thread, from its first use on."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column

from notigateway.repository.aliases import alias_of
from notigateway.repository.model import Notification
from notigateway.repository.power_items import PowerItem
from notigateway.repository.red_users import RedUser
from notigateway.repository.rights import Power
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.repository.columns import Row

_THREADS = 6
_ROUNDS = 100


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    """Let threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def columns_of(row: type[Row]) -> list[str]:
    return [one.key for one in row.__mapper__.column_attrs if isinstance(one.columns[0], Column)]


@pytest.mark.parametrize("row", [RedWindow, RedUser, Power, PowerItem, SuccessionRow, Notification])
def test_threads_that_meet_at_a_new_alias_are_given_the_same_columns_of_it(row: type[Row]) -> None:
    names = columns_of(row)
    table = row.__mapper__.local_table.description
    with ThreadPoolExecutor(_THREADS) as threads:
        for number in range(_ROUNDS):
            use, gate = f"of test {number}", Barrier(_THREADS)

            def named(use: str = use, gate: Barrier = gate) -> tuple[int, tuple[str, ...]]:
                gate.wait()
                alias = alias_of(row, use)
                return id(alias), tuple(str(getattr(alias, name) == getattr(alias, name)) for name in names)

            said = {one.result() for one in [threads.submit(named) for _ in range(_THREADS)]}
            assert len(said) == 1
            [(_, conditions)] = said
            assert [one for one in conditions if f"{table}." in one or f"{table}_1." not in one] == []
