"""The employees whom issuing bodies have authorised to act for them.

The deployment rule stands in `script.py.mako`. A new table, which the release before this one does not use.

Revision: 0011, after 0010 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Build the table."""
    op.create_table(
        "issuing_employees",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("nif", sa.String(9), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ground", sa.String(255), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("withdrawn_ground", sa.String(255)),
        sa.Column("withdrawn_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_issuing_employees"),
        sa.ForeignKeyConstraint(
            ["issuing_body_id"], ["issuing_bodies.id"], name="fk_issuing_employees_issuing_body_id"
        ),
        sa.CheckConstraint(
            "ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_issuing_employees_ends_after_start")
        ),
    )
    op.create_index(
        "ix_issuing_employees_nif_issuing_body_id", "issuing_employees", ["nif", "issuing_body_id"]
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("issuing_employees")
