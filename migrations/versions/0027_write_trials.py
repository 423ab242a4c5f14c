"""A row by which it is tried whether the database takes writes.

The deployment rule stands in `script.py.mako`. The table is empty until somebody asks `/readyz`; a worker of
the release before does not know it.

Revision: 0027, after 0026 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "write_trials",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filler", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("id = 1", name="ck_write_trials_one_trial"),
        sa.PrimaryKeyConstraint("id", name="pk_write_trials"),
    )


def downgrade() -> None:
    """Forget it: nothing depends on it."""
    op.drop_table("write_trials")
