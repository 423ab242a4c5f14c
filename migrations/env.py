"""What alembic runs: one transaction for all steps that it is asked for, on SQLite and on PostgreSQL.

`repository.schema.upgrade` asks for one at a time where others go on meanwhile.

`notigateway migrate` and the tests come with a connection. A developer's own `alembic` command (for
example `alembic revision`) has none: then the settings name the database.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import context
from sqlalchemy import text

from notigateway.repository import (  # noqa: F401  (their rows belong to the metadata)
    accesses,
    addressees,
    changes,
    employees,
    forms,
    issuer,
    jobs,
    key_holders,
    log,
    marks,
    outages,
    own_inbox,
    rates,
    receipts,
    red_inbox,
    replay,
    rights,
    row_texts,
    store_owner,
    subscriptions,
    timestamps,
    trust,
    undated,
    users,
    write_trials,
)
from notigateway.repository.columns import Row
from notigateway.repository.engine import create_database
from notigateway.repository.pool import wait_as_long_as_it_takes
from notigateway.settings import load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Any number, the same for ever: two migrations at the same time wait for each other.
ADVISORY_LOCK = 4_300_039_2015


def run() -> None:
    """Migrate on the given connection, or on one made from the settings."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        migrate(connection)
        return
    file = os.environ.get("NOTIGATEWAY_SETTINGS")
    settings = load_settings(Path(file) if file else None)
    engine = create_database(settings.database_url, timeout_seconds=settings.database_timeout_seconds)
    with engine.connect() as own_connection:
        migrate(own_connection)
    engine.dispose()


def migrate(connection: Connection) -> None:
    """Run the migrations in one transaction: all of them or none."""
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # SQLite changes a table by writing a new one and dropping the old one, which would delete the
        # rows that refer to it. Inside a transaction this pragma has no effect.
        pragma(connection, "foreign_keys=OFF")
    try:
        # Begun here: alembic alone would commit every step on SQLite, and others would come in between.
        with connection.begin():
            context.configure(
                connection=connection,
                target_metadata=Row.metadata,
                compare_type=True,
                # SQLite has no IDENTITY to compare with; PostgreSQL's comparison sees every default.
                compare_server_default=not is_sqlite,
                render_as_batch=is_sqlite,
            )
            if not is_sqlite:
                wait_for_turn(connection)
            context.run_migrations()
            if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise RuntimeError("the migration left rows that refer to nothing")
    finally:
        if is_sqlite:
            pragma(connection, "foreign_keys=ON")


def wait_for_turn(connection: Connection) -> None:
    """Let one migration run at a time, and let it take longer than a request may.

    The lock timeout stays: a migration that cannot get its table fails instead of stopping traffic.
    """
    wait_as_long_as_it_takes(connection)
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})


def pragma(connection: Connection, setting: str) -> None:
    """Set a pragma outside any transaction."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA {setting}")
    cursor.close()


if context.is_offline_mode():
    raise SystemExit("Migrations look at the database they change: the offline mode is not supported.")
run()
