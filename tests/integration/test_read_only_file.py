"""A SQLite file on a disk that was read-only when it was opened: the gateway goes on when it is writable."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from chaos.cluster import folder_for_all
from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.model import IssuingBody
from notigateway.repository.schema import current_revision, head_revision
from notigateway.repository.troubles import Refusal
from notigateway.repository.write_trials import try_writing
from notigateway.time_left import bounded
from patience import slowed
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_NOBODY = 65534
_THREADS = 4
_MANY = 3


@pytest.fixture
def file(migrated_sqlite: Path) -> Iterator[Path]:
    """Give a database that a service has used, in a folder that another user may enter."""
    with folder_for_all() as folder:
        file = folder / "notigateway.db"
        shutil.copyfile(migrated_sqlite, file)
        with used(file) as engine:
            add(engine, "E00000001")
        yield file


@contextmanager
def used(file: Path) -> Iterator[Engine]:
    engine = create_database(f"sqlite:///{file}", timeout_seconds=5)
    yield engine
    engine.dispose()


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Let the process open the file, and what lies beside it, for reading alone; root may do anything."""
    kept = [Path(f"{file}{kind}") for kind in ("", "-wal", "-shm")]
    for one in kept:
        one.touch()
        one.chmod(0o444)
    file.parent.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        file.parent.chmod(0o755)
        for one in kept:
            one.chmod(0o644)


def add(engine: Engine, dir3: str) -> None:
    with writing(engine) as session:
        session.add(IssuingBody(dir3=dir3, acronym="TGSS", name="Tesorería General", nif="Q2827003A"))


def bodies(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(IssuingBody)) or 0


def test_what_was_opened_read_only_is_opened_anew_when_it_is_writable(file: Path) -> None:
    with used(file) as engine:
        with read_only(file):
            with reading(engine), reading(engine):  # two idle ones that nobody was refused on
                assert bodies(engine) == 1
            for _ in range(2):
                with pytest.raises(TemporarilyUnavailableError, match="readonly") as refusal:
                    add(engine, "E00000002")
                assert refusal.value.part is Part.DATABASE
            with reading(engine), reading(engine):
                assert bodies(engine) == 1
            assert try_writing(engine, now=NOW) is Refusal.READ_ONLY
            assert current_revision(engine) == head_revision(), "it is read, and so told apart from one away"
            with reading(engine), reading(engine):
                pass
        with pytest.raises(TemporarilyUnavailableError, match="readonly"):
            add(engine, "E00000002")  # on what was opened before
        add(engine, "E00000002")
        assert bodies(engine) == 2


def test_with_threads_that_never_rest_it_is_back_within_two_seconds(file: Path) -> None:
    """As long as one connection of before is open, SQLite gives every new one what that one shares."""
    ended = Event()
    done: Counter[int] = Counter()

    def keep_on(engine: Engine, number: int) -> None:
        """Write all the time."""
        for count in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            with suppress(TemporarilyUnavailableError):
                add(engine, f"E{number}{count:07}")
                done[number] += 1

    with used(file) as engine, ThreadPoolExecutor(_THREADS) as pool:
        with read_only(file):
            for number in range(_THREADS):
                pool.submit(keep_on, engine, number)
            time.sleep(0.5)
            assert not done
        last = time.monotonic() + slowed(2)
        while time.monotonic() < last and not all(done[number] >= _MANY for number in range(_THREADS)):
            time.sleep(0.02)
        ended.set()
    assert all(done[number] >= _MANY for number in range(_THREADS)), done


def test_a_reader_that_has_one_of_before_is_waited_for_and_loses_nothing(file: Path) -> None:
    with used(file) as engine:
        with read_only(file):
            held = reading(engine)
            session = held.__enter__()
            assert session.scalar(text("SELECT count(*) FROM issuing_bodies")) == 1
            with pytest.raises(TemporarilyUnavailableError):
                add(engine, "E00000002")
        with bounded(0.2), pytest.raises(TemporarilyUnavailableError, match="in use still"):
            add(engine, "E00000002")
        assert session.scalar(text("SELECT count(*) FROM issuing_bodies")) == 1
        held.__exit__(None, None, None)
        add(engine, "E00000002")
        assert bodies(engine) == 2
