"""The forms of receipts for people: which stored document is a receipt's sealed PDF.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release: the new table is unused by it.

Revision: 0006, after 0005 (2026-11-25)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; a form is made when it is first asked for."""
    op.create_table(
        "receipt_forms",
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipt_forms"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_receipt_forms_receipt_id"),
    )


def downgrade() -> None:
    """Drop the table; the forms can be made again."""
    op.drop_table("receipt_forms")
