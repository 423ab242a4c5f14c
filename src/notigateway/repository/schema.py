"""Brings the database's schema to a revision, by the migrations of this version."""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import column, inspect, select, table

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.published import published_folder
from notigateway.repository.engine import in_our_words, reading
from notigateway.repository.file_connections import make_database

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine


# Where alembic keeps which step was the last.
_VERSION: Final = table("alembic_version", column("version_num"))
_STEP: Final = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)
# Steps of before the first release, which the first step of this version holds all in one.
_MERGED_STEPS: Final = frozenset({"0001", "0002", "0003", "0004", "0005"})


def upgrade(engine: Engine) -> None:
    """Bring the schema up to this version; nothing happens where it already is.

    In one transaction, but on PostgreSQL, where others go on, in one for each step: what a step locks at its
    end would otherwise stay locked while the next ones fill their tables. One that fails leaves what those
    before it have made, with which the version before goes on too.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    from alembic import command  # noqa: PLC0415  (only who migrates waits for it)

    make_database(engine)
    current = current_revision(engine)
    _check_not_merged(current)
    targets = ["head"]
    if current in _steps() and engine.dialect.name == "postgresql":
        targets = _steps_after(current)
    with in_our_words(), engine.connect() as connection:
        for target in targets:
            command.upgrade(configuration(connection), target)


def head_revision() -> str:
    """Return the newest revision that this version brings."""
    followed = set(_steps().values())
    (head,) = (revision for revision in _steps() if revision not in followed)
    return head


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is at; None before the first migration.

    It is the first that is asked of a database, so one that is none was never right, and is not waited for.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    try:
        with reading(engine) as session:
            connection = session.connection()
            if not inspect(connection).has_table(_VERSION.name):
                return None
            return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()
    except TemporarilyUnavailableError as trouble:
        if isinstance(trouble.__cause__, ConfigurationError):
            raise trouble.__cause__ from None
        raise


def check_revision(engine: Engine) -> None:
    """Check that the schema is not behind this version.

    A newer one is welcome: migrations run before the new version starts, while this one still serves.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    current, head = current_revision(engine), head_revision()
    _check_not_merged(current)
    if current is None or (current in _steps() and current != head):
        raise ConfigurationError(
            f"the database is at revision {current or 'none'}, this version needs {head}: "
            "run `notigateway migrate`"
        )


def _check_not_merged(current: str | None) -> None:
    """Check that no step of before the first release is the last that the database took.

    Alembic knows them no more, so that a database there would look like one that is ahead.

    Raises: `ConfigurationError`.
    """
    if current in _MERGED_STEPS:
        raise ConfigurationError(
            f"the database is at revision {current}, of before the first release: bring it to 0006 with the "
            "version that docs/operations.md names, then run `notigateway migrate` of this one"
        )


def configuration(connection: Connection | None = None) -> Config:
    """Return alembic's configuration for the published migrations; `migrations/env.py` reads it."""
    from alembic.config import Config  # noqa: PLC0415  (only who migrates waits for it)

    # By default it would write to what was standard output when alembic was first loaded.
    config = Config(stdout=sys.stdout, attributes={"connection": connection})
    # ConfigParser interpolates percent signs.
    config.set_main_option("script_location", str(published_folder("migrations")).replace("%", "%%"))
    return config


def _steps_after(current: str) -> list[str]:
    """Return the revisions that follow one, in their order."""
    following = {before: revision for revision, before in _steps().items()}
    found = []
    while current in following:
        current = following[current]
        found.append(current)
    return found


@cache
def _steps() -> dict[str, str]:
    """Return the revisions that this version brings, each with the one before; "" before the first.

    Read from the text of the migrations, whose names are written in one way: every start asks for them, and
    nobody who does not migrate has to load what migrates.
    """
    steps = {}
    for file in published_folder("migrations").joinpath("versions").glob("*.py"):
        said = dict(_STEP.findall(file.read_text("utf-8")))
        steps[said["revision"]] = said.get("down_revision", "")
    return steps
