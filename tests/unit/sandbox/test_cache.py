from __future__ import annotations

import os
import stat
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.sandbox.cache import Cache, _make, digest_of, write_files

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime.now(UTC)
FILES = {"a.pem": b"one", "holders/b.pem": b"two"}


class Making:
    """Makes the same each time, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, folder: Path) -> None:
        self.count += 1
        (folder / "holders").mkdir()
        for name, data in FILES.items():
            (folder / name).write_bytes(data)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache.of({"XDG_CACHE_HOME": str(tmp_path / "home" / "cache")})


@pytest.fixture
def folder(cache: Cache) -> Path:
    assert cache.folder is not None
    return cache.folder


def test_a_thing_is_made_once_for_its_owner_alone(cache: Cache, folder: Path) -> None:
    making = Making()
    assert [cache.files("x", making, now=NOW) for _ in range(3)] == [FILES] * 3
    assert making.count == 1
    assert [one.name for one in folder.iterdir()] == ["sandbox-x.zip"]
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (folder, folder.parent, folder / "sandbox-x.zip")]
    assert modes == [0o700, 0o700, 0o600]


def test_another_name_is_another_thing(cache: Cache) -> None:
    making = Making()
    cache.files("pki-1", making, now=NOW)
    cache.files("pki-2", making, now=NOW)
    assert making.count == 2


def test_the_folder_is_where_the_specification_of_xdg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    usual = Path("/somewhere/.cache/notigateway")
    assert Cache.of({}).folder == Cache.of({"XDG_CACHE_HOME": "relative"}).folder == usual
    assert Cache.of({"XDG_CACHE_HOME": "/cache"}).folder == Path("/cache/notigateway")


def open_to_others(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o750)


def a_link(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


def a_link_to_nothing(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder.parent / "nothing")


def a_file(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.touch(mode=0o700)


def beneath_a_file(folder: Path) -> None:
    folder.parent.parent.mkdir()
    folder.parent.touch()


@pytest.mark.parametrize("spoil", [open_to_others, a_link, a_link_to_nothing, a_file, beneath_a_file])
def test_a_folder_that_is_not_ours_alone_is_not_used(
    spoil: Callable[[Path], None], cache: Cache, folder: Path
) -> None:
    spoil(folder)
    making = Making()
    assert cache.files("x", making, now=NOW) is None
    assert making.count == 0
    assert not folder.is_dir() or not list(folder.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_used_and_none_is_made_in_his_home(
    cache: Cache, folder: Path
) -> None:
    folder.mkdir(parents=True, mode=0o700)
    os.chown(folder, 12345, -1)
    assert cache.files("x", Making(), now=NOW) is None
    folder.rmdir()
    os.chown(folder.parent, 12345, -1)
    assert cache.files("x", Making(), now=NOW) is None
    assert not folder.exists()


def test_without_a_home_nothing_is_kept() -> None:
    assert Cache(None).files("x", Making(), now=NOW) is None


def torn(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def changed(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"two", b"six"))


def read_by_others(file: Path) -> None:
    file.chmod(0o644)


def linked(file: Path) -> None:
    file.rename(file.with_name("other.zip"))
    file.symlink_to("other.zip")


def of_another_kind(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


@pytest.mark.parametrize("spoil", [torn, emptied, changed, read_by_others, linked, of_another_kind])
def test_what_is_damaged_or_not_ours_alone_is_made_anew(
    spoil: Callable[[Path], None], cache: Cache, folder: Path
) -> None:
    making, file = Making(), folder / "sandbox-x.zip"
    cache.files("x", making, now=NOW)
    spoil(file)
    assert [cache.files("x", making, now=NOW) for _ in range(2)] == [FILES] * 2
    assert making.count == 2
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600
    assert zipfile.is_zipfile(file)


def test_what_cannot_be_replaced_is_made_each_time(cache: Cache, folder: Path) -> None:
    (folder / "sandbox-x.zip" / "in the way").mkdir(parents=True)
    folder.chmod(0o700)
    making = Making()
    assert [cache.files("x", making, now=NOW) for _ in range(2)] == [FILES] * 2
    assert making.count == 2
    assert [one.name for one in folder.iterdir()] == ["sandbox-x.zip"]


@pytest.mark.parametrize("error", [OSError("full"), ConfigurationError("no")])
def test_what_cannot_be_made_there_is_left_to_who_needs_it(
    error: Exception, cache: Cache, folder: Path
) -> None:
    def fail(_folder: Path) -> None:
        raise error

    assert cache.files("x", fail, now=NOW) is None
    assert list(folder.iterdir()) == []


def test_two_who_begin_at_once_each_have_the_whole(cache: Cache, folder: Path) -> None:
    both, found = Barrier(2), []

    def make(folder: Path) -> None:
        both.wait(60)
        Making()(folder)

    def begin() -> None:
        found.append(cache.files("x", make, now=NOW))

    threads = [Thread(target=begin) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert found == [FILES] * 2
    assert cache.files("x", make, now=NOW) == FILES
    assert [one.name for one in folder.iterdir()] == ["sandbox-x.zip"]


def test_a_folder_that_somebody_else_made_meanwhile_is_taken(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    _make(tmp_path / "made")


def test_what_is_old_or_was_left_half_made_is_removed(cache: Cache, folder: Path) -> None:
    cache.files("old", Making(), now=NOW)
    (folder / ".sandbox-killed").mkdir()
    (folder / ".sandbox-killed" / "part").touch()
    (folder / "of others").touch()
    long_ago = (NOW - timedelta(days=31)).timestamp()
    for one in folder.iterdir():
        os.utime(one, (long_ago, long_ago))
    cache.files("new", Making(), now=NOW)
    assert sorted(one.name for one in folder.iterdir()) == ["of others", "sandbox-new.zip"]


def test_files_are_written_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_files(tmp_path / "new", FILES)
    finally:
        os.umask(before)
    found = {one.relative_to(tmp_path / "new").as_posix(): one for one in (tmp_path / "new").rglob("*")}
    assert {name: stat.S_IMODE(one.stat().st_mode) for name, one in found.items()} == {
        "a.pem": 0o600,
        "holders": 0o700,
        "holders/b.pem": 0o600,
    }
    with pytest.raises(FileExistsError):
        write_files(tmp_path / "new", FILES)


def test_a_digest_says_all_of_its_parts(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same", "utf-8")
    parts: list[tuple[str | Path, ...]] = [("1", "23"), ("12", "3"), (tmp_path / "a",), (tmp_path / "b",)]
    assert len({digest_of(*one) for one in parts}) == len(parts)
