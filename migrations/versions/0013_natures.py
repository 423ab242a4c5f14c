"""Events and receipts say what they are where their state alone does not.

The deployment rule stands in `script.py.mako`. The columns are nullable, and null for all that is there:
its state says it all. No word of a column that an older worker reads is new.

Revision: 0013, after 0012 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("events", "receipts"):
        op.add_column(table, sa.Column("nature", sa.String(24)))
    op.add_column("events", sa.Column("first_attempt_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("events") as events:
        events.drop_column("first_attempt_at")
        events.drop_column("nature")
    with op.batch_alter_table("receipts") as receipts:
        receipts.drop_column("nature")
