"""A SQLite file that is removed or replaced while a gateway has it open: nothing is decided into nowhere."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.engine import create_database, reading, writing
from notigateway.repository.model import IssuingBody
from notigateway.repository.write_trials import try_writing
from patience import slowed
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """Open the file with two connections in the pool, and one body in the file."""
    engine = create_database(sqlite_url, timeout_seconds=5)
    add(engine, "E00000001")
    with reading(engine), reading(engine):
        pass
    yield engine
    engine.dispose()


def add(engine: Engine, dir3: str) -> None:
    with writing(engine) as session:
        session.add(IssuingBody(dir3=dir3, acronym="TGSS", name="Tesorería General", nif="Q2827003A"))


def bodies(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(IssuingBody)) or 0


def on_disk(file: Path) -> int:
    """Count by a connection that is not ours."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM issuing_bodies").fetchone()
    return int(count)


def back_up(file: Path) -> Path:
    copy = file.with_name("copy.db")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def beside(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}-{kind}") for kind in ("wal", "shm")]


def remove(file: Path) -> None:
    for one in (file, *beside(file)):
        one.unlink(missing_ok=True)


def refused(call: Callable[[], object], says: str) -> None:
    with pytest.raises(TemporarilyUnavailableError, match=says) as refusal:
        call()
    assert refusal.value.part is Part.DATABASE


def test_a_removed_file_takes_and_tells_nothing_more(engine: Engine, file: Path) -> None:
    remove(file)
    refused(lambda: add(engine, "E00000002"), "was removed or replaced while it was open")
    for call in (
        lambda: bodies(engine),
        lambda: try_writing(engine, now=NOW),
        lambda: add(engine, "E00000003"),
    ):
        refused(call, "there is no database")
    assert not file.exists(), "nobody makes it anew"


def test_a_copy_that_is_put_there_is_what_it_goes_on_with(engine: Engine, file: Path) -> None:
    copy = back_up(file)
    add(engine, "E00000002")
    remove(file)
    shutil.copy(copy, file)
    refused(lambda: add(engine, "E00000003"), "was removed or replaced while it was open")
    assert on_disk(file) == bodies(engine) == 1
    add(engine, "E00000004")
    assert on_disk(file) == bodies(engine) == 2


def test_a_log_of_the_one_before_is_not_played_into_a_copy(engine: Engine, file: Path) -> None:
    copy = back_up(file)
    add(engine, "E00000002")
    copied = copy.read_bytes()
    copy.replace(file)
    refused(lambda: add(engine, "E00000003"), "was removed or replaced while it was open")
    for call in (lambda: bodies(engine), lambda: add(engine, "E00000004")):
        refused(call, "remove both")
    assert file.read_bytes() == copied
    for one in beside(file):
        one.unlink()
    add(engine, "E00000005")
    assert on_disk(file) == bodies(engine) == 2


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_file_that_was_moved_and_is_back_has_lost_nothing(
    engine: Engine, file: Path, *, is_asked: bool
) -> None:
    moved = file.rename(file.with_name("moved.db"))
    if is_asked:
        refused(lambda: add(engine, "E00000002"), "was removed or replaced while it was open")
        refused(lambda: bodies(engine), "there is no database")
    moved.rename(file)
    add(engine, "E00000003")
    assert on_disk(file) == bodies(engine) == 2


def test_what_goes_between_the_first_query_and_the_commit_is_noticed(engine: Engine, file: Path) -> None:
    moved = file.with_name("moved.db")

    def interrupted() -> None:
        with writing(engine) as session:
            session.add(IssuingBody(dir3="E00000002", acronym="TGSS", name="Tesorería", nif="Q2827003A"))
            session.flush()
            file.rename(moved)

    refused(interrupted, "was removed or replaced while it was open")
    moved.rename(file)
    begun = time.monotonic()
    add(engine, "E00000003")
    assert time.monotonic() - begun < slowed(2), "the lock went with what was not committed"
    assert on_disk(file) == bodies(engine) == 2
    with reading(engine) as session:
        assert set(session.scalars(select(IssuingBody.dir3))) == {"E00000001", "E00000003"}
