"""Who was the first to call with a key.

The deployment rule stands in `script.py.mako`. A worker of the release before this one remembers nobody:
whoever calls it first with a key is remembered when it calls one of this release.

Revision: 0021, after 0020 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "key_holders",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("holder", sa.String(29), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_key_holders"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("key_holders")
