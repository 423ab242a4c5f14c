"""What seals and time-stamp authorities are validated by, kept; and receipts raised to the archival form.

The deployment rule stands in `script.py.mako`. All tables begin empty; a worker of the release before reads
none of them.

Revision: 0035, after 0034 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables."""
    op.create_table(
        "kept_certificates",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("issuer_sha256", sa.String(64), nullable=True),
        sa.Column("der", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_kept_certificates"),
    )
    op.create_table(
        "kept_statuses",
        sa.Column("certificate_sha256", sa.String(64), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("certificate_sha256", "this_update", name="pk_kept_statuses"),
    )
    op.create_table(
        "archive_timestamps",
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("validation", sa.Text, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", "number", name="pk_archive_timestamps"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_archive_timestamps_receipt_id"),
    )
    op.create_index("ix_archive_timestamps_due_at", "archive_timestamps", ["due_at"])


def downgrade() -> None:
    """Drop them: raised forms are made again when they are asked for, of what is kept from then on."""
    for name in ("archive_timestamps", "kept_statuses", "kept_certificates"):
        op.drop_table(name)
