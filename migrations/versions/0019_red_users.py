"""Secondary users of RED authorisations: who works under whose, and when.

The deployment rule stands in `script.py.mako`.

Revision: 0019, after 0018 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NIF = sa.String(9)


def upgrade() -> None:
    """Build the register."""
    op.create_table(
        "red_users",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("holder", NIF, nullable=False),
        sa.Column("authorisation", sa.String(16), nullable=False),
        sa.Column("person", NIF, nullable=False),
        sa.Column("person_name", sa.String(255), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_red_users"),
        sa.CheckConstraint(
            "ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_red_users_ends_after_start")
        ),
    )
    op.create_index("ix_red_users_person", "red_users", ["person"])
    op.create_index("ix_red_users_holder_authorisation", "red_users", ["holder", "authorisation"])


def downgrade() -> None:
    """Forget the register."""
    op.drop_table("red_users")
