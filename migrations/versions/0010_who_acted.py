"""Who acted, in full: the title by which it was done, and whether a secondary user did.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release:
* add, do not change: a new column is nullable or has a server default, a new table is simply unused;
* rename or remove in two releases: first add and write both, then, when nothing reads the old one, drop it;
* fill big tables in portions, outside the migration; on PostgreSQL build an index on one CONCURRENTLY;
* never touch the bytes of receipts and stored requests: they are evidence.
`downgrade` takes exactly this step back. Write for SQLite too: change a table with `op.batch_alter_table`.

Events of before keep no title: their receipts name it.

Revision: 0010, after 0009 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("events", sa.Column("title", sa.String(64)))
    op.add_column(
        "events", sa.Column("by_secondary_user", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take the step back."""
    with op.batch_alter_table("events") as events:
        events.drop_column("by_secondary_user")
        events.drop_column("title")
