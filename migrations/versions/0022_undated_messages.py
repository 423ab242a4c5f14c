"""Messages without a Timestamp, remembered until their certificates end.

The deployment rule stands in `script.py.mako`. A worker of the release before this one remembers them for a
day, in `replay_keys`; those of this release enter them there too, so that neither lets in what the other has.

Revision: 0022, after 0021 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "undated_periods",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("forgotten_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_undated_periods"),
        sa.UniqueConstraint("mark", name="uq_undated_periods_mark"),
    )
    op.create_index("ix_undated_periods_forgotten_at_until", "undated_periods", ["forgotten_at", "until"])
    op.create_table(
        "undated_messages",
        sa.Column("period_id", sa.Integer, nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("period_id", "key", name="pk_undated_messages"),
        sa.ForeignKeyConstraint(["period_id"], ["undated_periods.id"], name="fk_undated_messages_period_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("undated_messages")
    op.drop_table("undated_periods")
