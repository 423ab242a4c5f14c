"""What a repository keeps beside the rows it is filled with: written here, where triggers do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import literal, text
from sqlalchemy.dialects.postgresql import insert

from notigateway.repository.engine import writing
from notigateway.repository.kept import ALL, boxes_missing
from notigateway.repository.pool import wait_as_long_as_it_takes
from notigateway.repository.red_inbox import RedBox

if TYPE_CHECKING:
    from sqlalchemy import Engine

# The portion of the codes that is all of them.
_WHOLE: Final = {"after": 0, "until": 2**62}


def derive(engine: Engine) -> None:
    """Write what follows from the rows there are, and is not there yet.

    Filling PostgreSQL runs no triggers (see `bulk.py`); SQLite runs them as it is filled.
    """
    if engine.dialect.name == "sqlite":
        return
    boxes = boxes_missing().add_columns(literal(1).label("edition"))
    for table, query in ((RedBox, boxes), *((kept.table, kept.expected) for kept in ALL)):
        with writing(engine) as session:
            # A million rows take longer than a request may.
            wait_as_long_as_it_takes(session.connection())
            session.execute(text("SET LOCAL statement_timeout = 0"))
            # What triggers would add here is written by the next of these statements.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            names = [str(column.key) for column in query.selected_columns]
            written = insert(table).from_select(names, query).on_conflict_do_nothing()
            session.connection().execute(written, {} if table is RedBox else _WHOLE)
            session.execute(text(f"ANALYZE {table.__tablename__}"))  # as autovacuum would in time
