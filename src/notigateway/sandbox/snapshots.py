"""Snapshots: everything in a world as one archive, and the way back.

An archive holds a folder as a sandbox has it, and a manifest. So a world that was unpacked can be served as a
sandbox, and one that was packed elsewhere can be brought in. It comes from a stranger: names, kinds and
sizes of its entries are checked before one is written.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from notigateway import __version__
from notigateway.errors import ConfigurationError
from notigateway.repository.file_copies import copy_database
from notigateway.repository.schema import head_revision
from notigateway.sandbox.folder import DATA, DATABASE, TRUST, Plan
from notigateway.sandbox.refusals import NotHereError, SnapshotError, SnapshotVersionError
from notigateway.sandbox.worlds import alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.sandbox.world import World
    from notigateway.sandbox.worlds import Worlds

_UNPACKED_MAX_BYTES: Final = 2 * 1024**3
_ENTRIES_MAX: Final = 200_000
_FORMAT: Final = 1
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, OSError, ValueError, TypeError),
    *(NotImplementedError, RuntimeError),
)
_MANIFEST: Final = "snapshot.json"
_FILES: Final = ("seeds.json", "world.json")
_KEPT: Final = frozenset({*DATA, *TRUST, *_FILES}) - set(DATABASE[1:])


def snapshot(worlds: Worlds, world: World) -> bytes:
    """Return everything in a world as an archive. Raises: `BusyError`, `NotHereError`."""
    worlds.check_alone()
    _check_files(world)
    target = io.BytesIO()
    with (
        alone(world),
        world.turn,
        tempfile.TemporaryDirectory(prefix="snapshot-") as name,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        copied = Path(name) / DATABASE[0]
        copy_database(world.settings.database_url, copied)
        packed.writestr(_MANIFEST, json.dumps(_manifest()))
        packed.write(copied, DATABASE[0])
        for file in _files(world.folder):
            packed.write(file, file.relative_to(world.folder).as_posix())
    return target.getvalue()


def restore(worlds: Worlds, world: World, data: bytes) -> None:
    """Have in a world what an archive holds; nothing is changed where it cannot be.

    Raises: `SnapshotError`, `SnapshotVersionError`, `BusyError`, `NotHereError`.
    """
    worlds.check_alone()
    _check_files(world)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=world.folder) as name:
        unpacked = Path(name)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                _check(packed)
                packed.extractall(unpacked)
            plan = Plan(**json.loads((unpacked / "seeds.json").read_text("utf-8")))
        except _UNREADABLE as error:
            raise SnapshotError("not an archive that a sandbox made") from error
        _keep_to_owner(unpacked)
        with alone(world), world.turn:
            world.close()
            _exchange(world.folder, unpacked)
            try:
                worlds.refill(world, plan)
            except (ConfigurationError, ValueError) as error:
                _exchange(world.folder, unpacked)
                worlds.refill(world, world.plan)
                raise SnapshotError("what the archive holds cannot be served") from error


def _exchange(folder: Path, other: Path) -> None:
    """Have the data of one folder in the other, and the other way round."""
    between = other / ".between"
    between.mkdir()
    names = [*DATA, *TRUST, *_FILES]
    for source, target in ((folder, between), (other, folder), (between, other)):
        for name in names:
            if (source / name).exists():
                (source / name).rename(target / name)
    between.rmdir()


def _manifest() -> dict[str, Any]:
    return {"format": _FORMAT, "version": __version__, "schema": head_revision()}


def _check(packed: zipfile.ZipFile) -> None:
    """Refuse an archive before anything of it is written. Raises: `SnapshotError`, `SnapshotVersionError`."""
    entries = packed.infolist()
    if len(entries) > _ENTRIES_MAX or sum(one.file_size for one in entries) > _UNPACKED_MAX_BYTES:
        raise SnapshotError("the archive is too large")
    names = [one.filename for one in entries]
    if len(set(names)) != len(names):
        raise SnapshotError("the archive has two entries of one name")
    for one in entries:
        _check_entry(one)
    if not {_MANIFEST, *_FILES, DATABASE[0]} <= set(names):
        raise SnapshotError("the archive lacks what belongs to a world")
    said = json.loads(packed.read(_MANIFEST))
    wanted = _manifest()
    if said != wanted:
        theirs = said.get("version", "?") if isinstance(said, dict) else "?"
        raise SnapshotVersionError(
            f"taken by version {str(theirs)[:40]}, with another schema or format than {wanted['version']} has"
        )


def _check_entry(one: zipfile.ZipInfo) -> None:
    path = PurePosixPath(one.filename)
    kind = one.external_attr >> 28
    is_plain = kind in {0, 0o10}  # not said, or a regular file: no link, no folder
    is_safe = not path.is_absolute() and ".." not in path.parts and "\\" not in one.filename
    if not (is_plain and is_safe and path.as_posix() == one.filename and not one.flag_bits & 1):
        raise SnapshotError("the archive has an entry that is no plain file of a world")
    if one.filename != _MANIFEST and path.parts[0] not in _KEPT:
        raise SnapshotError("the archive has an entry that no world has")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a world beside its database."""
    for name in (*_FILES, *DATA, *TRUST):
        path = folder / name
        if path.is_file() and name not in DATABASE:
            yield path
        elif path.is_dir():
            yield from (one for one in sorted(path.rglob("*")) if one.is_file() and not one.is_symlink())


def _keep_to_owner(folder: Path) -> None:
    """Have what was unpacked read by its owner alone: keys are among it."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o700)
        for name in files:
            Path(root, name).chmod(0o600)


def _check_files(world: World) -> None:
    if world.is_of_a_server:
        raise NotHereError("the data of this world lie in a database of their own server")
