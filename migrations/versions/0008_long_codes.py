"""Public codes of 64 bits: 2,147,483,647 notifications are few for a register that never gives one twice.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release:
* add, do not change: a new column is nullable or has a server default, a new table is simply unused;
* rename or remove in two releases: first add and write both, then, when nothing reads the old one, drop it;
* fill big tables in portions, outside the migration; on PostgreSQL build an index on one CONCURRENTLY;
* never touch the bytes of receipts and stored requests: they are evidence.
`downgrade` takes exactly this step back. Write for SQLite too: change a table with `op.batch_alter_table`.

A wider number is read and written by the release before as it was. PostgreSQL writes the five tables anew for
it; SQLite's INTEGER has 64 bits already, so there is nothing to do.

Revision: 0008, after 0007 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = (
    ("notifications", "code"),
    ("events", "notification_code"),
    ("changes", "notification_code"),
    ("deadline_changes", "notification_code"),
    ("receipts", "notification_code"),
)


def upgrade() -> None:
    """Take the step."""
    change_type(sa.BigInteger())


def downgrade() -> None:
    """Take the step back."""
    change_type(sa.Integer())


def change_type(wanted: sa.types.TypeEngine[int]) -> None:
    """Change the type of every column that holds a public code."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in COLUMNS:
        op.alter_column(table, column, type_=wanted, existing_nullable=False)
