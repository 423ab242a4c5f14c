"""What waits to be told to each party, found however much waits for the others.

The deployment rule stands in `script.py.mako`. One index, of what is in no message yet.

Revision: 0041, after 0040 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index."""
    waits = sa.text("mailing IS NULL")
    op.create_index(
        "ix_notices_party_waiting",
        "notices",
        ["party", "due_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )


def downgrade() -> None:
    """Take the index away."""
    op.drop_index("ix_notices_party_waiting", "notices")
