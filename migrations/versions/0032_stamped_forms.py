"""The time-stamp of the seal on each receipt's PDF, kept beside the PDF that was made.

The deployment rule stands in `script.py.mako`. Forms that were made before, or by a worker of the release
before, have no room for a time-stamp: nothing is due for them, and they stay as they are.

Revision: 0032, after 0031 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLE = "receipt_forms"
DUE = "ix_receipt_forms_timestamp_due_at"


def upgrade() -> None:
    """Add the columns, all of them empty, and the index of the job."""
    op.add_column(TABLE, sa.Column("seal_sha256", sa.String(64)))
    op.add_column(TABLE, sa.Column("imprint", sa.String(64)))
    op.add_column(TABLE, sa.Column("token", sa.LargeBinary))
    op.add_column(TABLE, sa.Column("timestamped_at", sa.DateTime(timezone=True)))
    op.add_column(TABLE, sa.Column("timestamp_due_at", sa.DateTime(timezone=True)))
    op.add_column(TABLE, sa.Column("timestamp_attempts", sa.Integer, server_default="0", nullable=False))
    op.create_index(DUE, TABLE, ["timestamp_due_at"])


def downgrade() -> None:
    """Drop them; the forms themselves stay as they were made."""
    op.drop_index(DUE, TABLE)
    for name in (
        "timestamp_attempts",
        "timestamp_due_at",
        "timestamped_at",
        "token",
        "imprint",
        "seal_sha256",
    ):
        op.drop_column(TABLE, name)
