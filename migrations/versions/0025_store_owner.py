"""Whose document store it is.

The deployment rule stands in `script.py.mako`. The table is empty until `notigateway store mark` has marked
the store; a worker of the release before knows neither, and stores as it did.

Revision: 0025, after 0024 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "store_owner",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_store_owner_one_owner"),
        sa.PrimaryKeyConstraint("id", name="pk_store_owner"),
    )


def downgrade() -> None:
    """Forget it; the store keeps its marker, by which it is known again."""
    op.drop_table("store_owner")
