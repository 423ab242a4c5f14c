"""The empty database of a new sandbox or world: migrated once, and copied from then on."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from notigateway.published import published_folder
from notigateway.repository.condition import database_file
from notigateway.repository.engine import create_database
from notigateway.repository.file_copies import copy_database
from notigateway.repository.schema import head_revision, upgrade
from notigateway.sandbox.cache import digest_of, write_new_file

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.sandbox.cache import Cache

_NAME: Final = "empty.db"
# What SQLite keeps beside a database: that of one which is gone must not be taken for the new one's.
_BESIDE: Final = ("-wal", "-shm", "-journal")


def lay_schema(url: str, cache: Cache, *, now: datetime) -> bool:
    """Put an empty database of this version where there is none; tell whether that was done.

    A server's database, and one that is there, are left to the migrations.

    Raises: `OSError`.
    """
    file = database_file(url)
    if file is None or file.exists() or not file.parent.is_dir():
        return False
    migrations = sorted(published_folder("migrations").rglob("*.py"))
    name = f"schema-{head_revision()}-{digest_of(*migrations)}"
    data = (cache.files(name, _migrate, now=now) or {}).get(_NAME)
    if data is None:
        return False
    for suffix in _BESIDE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    making = file.with_name(f".{file.name}.making")
    making.unlink(missing_ok=True)
    write_new_file(making, data)
    making.rename(file)
    return True


def _migrate(folder: Path) -> None:
    with TemporaryDirectory(dir=folder) as name:
        url = f"sqlite:///{Path(name, _NAME)}"
        engine = create_database(url)
        try:
            upgrade(engine)
        finally:
            engine.dispose()
        copy_database(url, folder / _NAME)
