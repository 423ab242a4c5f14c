from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.replay import ReplayKey, forget_expired, register
from patience import PATIENCE_SECONDS
from processes import processes

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def test_the_same_message_is_new_only_once(engine: Engine) -> None:
    for expected in (True, False, False):
        with writing(engine) as session:
            assert register(session, b"k" * 32, expires_at=LATER) is expected


def test_different_messages_are_all_new(engine: Engine) -> None:
    with writing(engine) as session:
        assert [register(session, bytes([n]) * 32, expires_at=LATER) for n in range(3)] == [True] * 3


def test_a_message_whose_transaction_failed_is_new_again(engine: Engine) -> None:
    with writing(engine) as session:
        assert register(session, b"k" * 32, expires_at=LATER)
        session.rollback()
    with writing(engine) as session:
        assert register(session, b"k" * 32, expires_at=LATER)


def test_of_fifty_threads_with_the_same_message_one_is_let_in(engine: Engine) -> None:
    def attempt(_number: int) -> bool:
        with writing(engine) as session:
            return register(session, b"k" * 32, expires_at=LATER)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(attempt, range(50)))
    assert answers.count(True) == 1


def test_of_several_processes_with_the_same_messages_each_is_let_in_once(database_url: str) -> None:
    with ProcessPoolExecutor(4, mp_context=processes()) as pool:
        answers = list(pool.map(_register_all, [database_url] * 4, timeout=PATIENCE_SECONDS))
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * 50


def _register_all(url: str) -> list[bool]:
    engine = create_database(url)
    answers = []
    for number in range(50):
        with writing(engine) as session:
            answers.append(register(session, bytes([number]) * 32, expires_at=LATER))
    engine.dispose()
    return answers


def test_only_expired_messages_are_forgotten_and_in_portions(engine: Engine) -> None:
    with writing(engine) as session:
        for number in range(5):
            register(session, bytes([number]) * 32, expires_at=NOW - timedelta(seconds=1))
        register(session, b"fresh" * 6 + b"!!", expires_at=NOW)
    forgotten = []
    for _ in range(3):
        with writing(engine) as session:
            forgotten.append(forget_expired(session, now=NOW, limit=3))
    assert forgotten == [3, 2, 0]
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(ReplayKey)) == 1
