"""Renewed heads of the log, and its second tree.

The deployment rule stands in `script.py.mako`. All tables begin empty. The record of a renewal has a leaf of
its own kind, which a worker of the release before does not know: no head is renewed until all are of this
one.

Revision: 0034, after 0033 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables."""
    op.create_table(
        "log_renewals",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_renewals"),
        sa.UniqueConstraint("id", name="uq_log_renewals_id"),
        sa.UniqueConstraint("size", name="uq_log_renewals_size"),
    )
    op.create_table(
        "log_second_tiles",
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_log_second_tiles"),
    )
    op.create_table(
        "log_second_roots",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("renewal", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_second_roots"),
    )


def downgrade() -> None:
    """Drop them; leaves of renewals stay in the log."""
    for name in ("log_second_roots", "log_second_tiles", "log_renewals"):
        op.drop_table(name)
