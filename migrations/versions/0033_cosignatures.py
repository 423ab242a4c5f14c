"""What witnesses have signed of the log's heads, and how it stands with each of them.

The deployment rule stands in `script.py.mako`. Two tables of their own: a worker of the release before knows
neither, and nothing that it reads or writes has changed.

Revision: 0033, after 0032 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_SIZE = sa.BigInteger()


def upgrade() -> None:
    """Build both tables."""
    op.create_table(
        "log_cosignatures",
        sa.Column("size", _SIZE, autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(200), nullable=False),
        sa.Column("key_id", sa.LargeBinary(4), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name="pk_log_cosignatures"),
    )
    op.create_table(
        "log_witnesses",
        sa.Column("witness", sa.String(200), nullable=False),
        sa.Column("size", _SIZE, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String(250), nullable=True),
        sa.PrimaryKeyConstraint("witness", name="pk_log_witnesses"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("log_witnesses")
    op.drop_table("log_cosignatures")
