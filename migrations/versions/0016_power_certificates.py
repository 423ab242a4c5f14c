"""Certificates of powers, as they were issued.

The deployment rule stands in `script.py.mako`. The table is new, and unused by the release before.

Revision: 0016, after 0015 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the table."""
    op.create_table(
        "power_certificates",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("power_id", sa.Uuid, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_power_certificates"),
        sa.ForeignKeyConstraint(["power_id"], ["powers.id"], name="fk_power_certificates_power_id"),
    )
    op.create_index("ix_power_certificates_power_id", "power_certificates", ["power_id"])


def downgrade() -> None:
    """Drop the table: what was issued can no longer be compared."""
    op.drop_table("power_certificates")
