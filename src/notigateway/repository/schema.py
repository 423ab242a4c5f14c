"""Brings the database's schema to a revision, by the migrations of this version."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.published import published_folder
from notigateway.repository.engine import in_our_words, make_database, reading

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


# Steps of before the first release, which the first step of this version holds all in one.
_MERGED_STEPS: Final = frozenset({"0001", "0002", "0003", "0004", "0005"})


def upgrade(engine: Engine) -> None:
    """Bring the schema up to this version, in one transaction; nothing happens where it already is.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    make_database(engine)
    _check_not_merged(current_revision(engine))
    with in_our_words(), engine.connect() as connection:
        command.upgrade(configuration(connection), "head")


def head_revision() -> str:
    """Return the newest revision that this version brings."""
    (head,) = _scripts().get_heads()
    return head


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is at; None before the first migration.

    It is the first that is asked of a database, so one that is none was never right, and is not waited for.

    Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
    """
    try:
        with reading(engine) as session:
            return MigrationContext.configure(session.connection()).get_current_revision()
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
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is None or (current in known and current != head):
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
    config = Config(attributes={"connection": connection})
    # ConfigParser interpolates percent signs.
    config.set_main_option("script_location", str(published_folder("migrations")).replace("%", "%%"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    """Return the folder of migrations as alembic reads it."""
    return ScriptDirectory.from_config(configuration())
