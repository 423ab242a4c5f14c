"""By which means an event was brought about, and how sure that was.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release:
* add, do not change: a new column is nullable or has a server default, a new table is simply unused;
* rename or remove in two releases: first add and write both, then, when nothing reads the old one, drop it;
* fill big tables in portions, outside the migration; on PostgreSQL build an index on one CONCURRENTLY;
* never touch the bytes of receipts and stored requests: they are evidence.
`downgrade` takes exactly this step back. Write for SQLite too: change a table with `op.batch_alter_table`.

Events of before say nothing: all of them were signed requests.

Revision: 0018, after 0017 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = ("means", "level")


def upgrade() -> None:
    """Take the step."""
    for name in COLUMNS:
        op.add_column("events", sa.Column(name, sa.String(24)))


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("events") as events:
        for name in reversed(COLUMNS):
            events.drop_column(name)
