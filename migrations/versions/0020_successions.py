"""Successions: who has taken whose place, and which notifications have gone to a successor.

The deployment rule stands in `script.py.mako`. A worker of the release before this one shows a successor
nothing of its predecessor, and goes on addressing acts to whom they name.

Revision: 0020, after 0019 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table, and the columns of who was named."""
    op.create_table(
        "successions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("predecessor_id", sa.Integer, nullable=False),
        sa.Column("successor", sa.String(9), nullable=False),
        sa.Column("cause", sa.String(24), nullable=False),
        sa.Column("fact_at", INSTANT, nullable=False),
        sa.Column("communicated_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("issuing_body_id", sa.Integer),
        sa.Column("procedures", sa.Text, nullable=False),
        sa.Column("account", sa.String(11)),
        sa.Column("document", sa.String(255), nullable=False),
        sa.Column("request_sha256", sa.String(64)),
        sa.Column("passed_on_by", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_successions"),
        sa.ForeignKeyConstraint(["predecessor_id"], ["addressees.id"], name="fk_successions_predecessor_id"),
        sa.ForeignKeyConstraint(
            ["issuing_body_id"], ["issuing_bodies.id"], name="fk_successions_issuing_body_id"
        ),
        sa.ForeignKeyConstraint(["passed_on_by"], ["successions.id"], name="fk_successions_passed_on_by"),
    )
    op.create_index("ix_successions_predecessor_id", "successions", ["predecessor_id"])
    op.create_index("ix_successions_successor", "successions", ["successor"])
    op.add_column("notifications", sa.Column("predecessor", sa.String(9)))
    op.add_column("notifications", sa.Column("predecessor_name", sa.String(255)))


def downgrade() -> None:
    """Forget successions."""
    op.drop_column("notifications", "predecessor_name")
    op.drop_column("notifications", "predecessor")
    op.drop_table("successions")
