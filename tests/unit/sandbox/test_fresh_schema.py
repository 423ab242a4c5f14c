from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from notigateway.repository.engine import create_database
from notigateway.repository.schema import check_revision, upgrade
from notigateway.sandbox.cache import Cache
from notigateway.sandbox.fresh_schema import lay_schema

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def content(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as opened:
        return list(opened.iterdump())


def url(file: Path) -> str:
    return f"sqlite:///{file}"


def test_what_is_laid_is_what_the_migrations_make(tmp_path: Path, cache: Cache) -> None:
    laid, migrated = tmp_path / "laid.db", tmp_path / "migrated.db"
    assert lay_schema(url(laid), cache, now=NOW)
    assert laid.stat().st_mode & 0o777 == 0o600
    engine = create_database(url(migrated))
    upgrade(engine)
    engine.dispose()
    assert content(laid) == content(migrated)
    engine = create_database(url(laid))
    check_revision(engine)
    upgrade(engine)
    engine.dispose()
    assert content(laid) == content(migrated)
    (tmp_path / "again").mkdir()
    assert lay_schema(url(tmp_path / "again" / "laid.db"), cache, now=NOW)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_database_that_is_there_stays(tmp_path: Path, cache: Cache) -> None:
    file = tmp_path / "there.db"
    file.touch()
    assert not lay_schema(url(file), cache, now=NOW)
    assert file.read_bytes() == b""


@pytest.mark.parametrize("other", ["postgresql://127.0.0.1/x", "sqlite:////nowhere/x.db"])
def test_what_is_no_file_of_a_folder_is_left_to_the_migrations(other: str, cache: Cache) -> None:
    assert not lay_schema(other, cache, now=NOW)


def test_without_a_cache_it_is_left_to_the_migrations(tmp_path: Path) -> None:
    assert not lay_schema(url(tmp_path / "new.db"), Cache(None), now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_log_of_a_database_that_is_gone_is_not_taken_for_the_new_ones(tmp_path: Path, cache: Cache) -> None:
    file = tmp_path / "new.db"
    for suffix in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).write_bytes(b"of another")
    file.with_name(".new.db.making").write_bytes(b"half")
    assert lay_schema(url(file), cache, now=NOW)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cache", "new.db"]
