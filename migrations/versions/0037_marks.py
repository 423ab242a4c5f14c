"""Marks of a party on notifications: downloaded, archived, assigned, labels.

The deployment rule stands in `script.py.mako`. The table begins empty; a worker of the release before knows
nothing of it. A notification that is taken out of the database takes its marks along.

Revision: 0037, after 0036 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CODE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Build the table."""
    op.create_table(
        "marks",
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("code", CODE, autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(24), nullable=False),
        sa.Column("words", sa.String(64), nullable=False),
        sa.Column("set_by", sa.String(9), nullable=False),
        sa.Column("set_by_name", sa.String(255), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("party", "code", "mark", "words", name="pk_marks"),
        sa.ForeignKeyConstraint(["code"], ["notifications.code"], name="fk_marks_code", ondelete="CASCADE"),
    )
    op.create_index("ix_marks_of_party", "marks", ["party", "mark", "words", "code"])
    op.create_index("ix_marks_code", "marks", ["code"])


def downgrade() -> None:
    """Drop the table with all marks."""
    op.drop_table("marks")
