"""A legal person as attorney states that it may represent others; a power tells how to reach both sides.

The deployment rule stands in `script.py.mako`. Powers that stand need no statement: the column's default says
so. The release before takes a power of a legal person for effective once it is accepted.

Revision: 0015, after 0014 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
COLUMNS = ("needs_statement", "stated_at", "grantor_contact", "attorney_contact")


def upgrade() -> None:
    """Build the table and add the columns."""
    op.create_table(
        "responsible_statements",
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("signer", sa.String(9), nullable=False),
        sa.Column("signer_name", sa.String(255), nullable=False),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("party", name="pk_responsible_statements"),
    )
    op.add_column(
        "powers", sa.Column("needs_statement", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("powers", sa.Column("stated_at", INSTANT))
    op.add_column("powers", sa.Column("grantor_contact", sa.String(255)))
    op.add_column("powers", sa.Column("attorney_contact", sa.String(255)))


def downgrade() -> None:
    """Forget the statements and how to reach the sides."""
    with op.batch_alter_table("powers") as powers:
        for name in COLUMNS:
            powers.drop_column(name)
    op.drop_table("responsible_statements")
