"""Trust: revocation data by digest, the certificates to ask about, trusted lists seen.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release: new tables are simply unused by it.

Revision: 0003, after 0002 (2026-11-25)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SHA256_HEX = sa.String(64)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "revocation_data",
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("source", sa.String(24), nullable=False),
        sa.Column("scope", SHA256_HEX, nullable=False),
        sa.Column("this_update", INSTANT, nullable=False),
        sa.Column("fresh_until", INSTANT, nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.Column("replaced_at", INSTANT),
        sa.Column("is_evidence", sa.Boolean, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_revocation_data"),
    )
    op.create_index("ix_revocation_data_scope_replaced_at", "revocation_data", ["scope", "replaced_at"])
    op.create_table(
        "watched_certificates",
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_watched_certificates"),
    )
    op.create_index("ix_watched_certificates_seen_at", "watched_certificates", ["seen_at"])
    op.create_table(
        "trusted_lists",
        sa.Column("scheme", sa.String(255), nullable=False),
        sa.Column("sequence_number", sa.BigInteger, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("scheme", name="pk_trusted_lists"),
    )
    op.create_table(
        "request_counts",
        sa.Column("caller", sa.String(19), nullable=False),
        sa.Column("minute", INSTANT, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("caller", name="pk_request_counts"),
    )


def downgrade() -> None:
    """Take the step back: what is known of revocation is lost, and receipts keep only its digests."""
    for table in ("request_counts", "trusted_lists", "watched_certificates", "revocation_data"):
        op.drop_table(table)
