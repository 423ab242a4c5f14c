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
from notigateway.repository.file_copies import copy_database
from notigateway.repository.schema import head_revision
from notigateway.sandbox import replacing
from notigateway.sandbox.folder import DATA, DATABASE, FILES, SNAPSHOT_MAX_BYTES, TRUST, Plan
from notigateway.sandbox.holders import Pki
from notigateway.sandbox.refusals import SandboxError, SnapshotError, SnapshotSizeError, SnapshotVersionError
from notigateway.sandbox.remaking import bring_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.sandbox.world import World
    from notigateway.sandbox.worlds import Worlds

_UNPACKED_MAX_BYTES: Final = 8 * 1024**3
_ENTRIES_MAX: Final = 200_000
_FORMAT: Final = 1
_MANIFEST: Final = "snapshot.json"
_READ: Final = frozenset({_MANIFEST, *FILES})
_SMALL: Final = 64 * 1024
_NEEDED: Final = _READ | {
    DATABASE[0],
    *(f"pki/{stem}.cert.pem" for stem in ("root", "issuing", "service", "seal", "tsa")),
    *(f"pki/{stem}.key.pem" for stem in ("issuing", "service", "seal", "tsa")),
}
_FOLDERS: Final = frozenset({*DATA, *TRUST}) - set(DATABASE)


def snapshot(worlds: Worlds, world: World) -> bytes:
    """Return everything in a world as an archive.

    Raises: `SnapshotSizeError` for one that no sandbox would take back, `BusyError`, `NotHereError`.
    """
    worlds.check_own_database(world)
    target = io.BytesIO()
    with (
        world.alone(),
        tempfile.TemporaryDirectory(prefix="snapshot-") as name,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        copied = Path(name) / DATABASE[0]
        copy_database(world.settings.database_url, copied)
        packed.writestr(_MANIFEST, json.dumps(_manifest()))
        packed.write(copied, DATABASE[0])
        for file in _files(world.folder):
            packed.write(file, file.relative_to(world.folder).as_posix())
            if target.tell() > SNAPSHOT_MAX_BYTES:
                break
    if target.tell() > SNAPSHOT_MAX_BYTES:
        raise SnapshotSizeError(
            f"more than {SNAPSHOT_MAX_BYTES // 1024**2} MiB: stop the sandbox and copy the world's folder"
        )
    return target.getvalue()


def restore(worlds: Worlds, world: World, data: bytes) -> None:
    """Have in a world what an archive holds; nothing is changed where it cannot be.

    Raises: `SnapshotError`, `SnapshotVersionError`, `WorldExistsError`, `BusyError`, `NotHereError`.
    """
    worlds.check_own_database(world)
    with world.alone():
        making = replacing.begin(world.folder)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                _check(packed)
                packed.extractall(making)
            plan = Plan.of_a_stranger((making / "seeds.json").read_text("utf-8"))
            _keep_to_owner(making)
            worlds.check_told_apart(world, Pki(making / "pki"))
            bring_in(worlds, world, plan)
        except SandboxError:
            raise
        except Exception as error:
            # A stranger's archive may be wrong in any way, and whatever it is, the world is as it was.
            raise SnapshotError("not an archive of a world that can be served") from error
        finally:
            replacing.discard(world.folder)


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
    if not set(names) >= _NEEDED or any(one.file_size > _SMALL for one in entries if one.filename in _READ):
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
    is_file = one.filename in {_MANIFEST, DATABASE[0], *FILES}
    is_within = len(path.parts) > 1 and path.parts[0] in _FOLDERS
    if not (is_file or is_within):
        raise SnapshotError("the archive has an entry that no world has")


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a world beside its database."""
    for name in (*FILES, *DATA, *TRUST):
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
