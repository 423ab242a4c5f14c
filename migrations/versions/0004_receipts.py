"""Receipts: their place in the notification's chain, the code of their printed form, their time-stamp.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release: new columns have defaults, new tables are unused.

Revision: 0004, after 0003 (2026-11-25)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns; what was sealed before waits for its time-stamp too, since its event."""
    with op.batch_alter_table("receipts") as table:
        table.add_column(sa.Column("position", sa.Integer))
        table.add_column(sa.Column("csv_code", sa.String(32)))
        table.add_column(sa.Column("timestamp_due_at", INSTANT))
        table.add_column(sa.Column("timestamp_attempts", sa.Integer, server_default="0", nullable=False))
        table.drop_constraint("uq_receipts_event_id", type_="unique")
        table.create_unique_constraint("uq_receipts_event_id_state", ["event_id", "state"])
        table.create_unique_constraint("uq_receipts_csv_code", ["csv_code"])
        table.drop_index("ix_receipts_notification_code")
        table.create_unique_constraint(
            "uq_receipts_notification_code_position", ["notification_code", "position"]
        )
        table.create_index("ix_receipts_timestamp_due_at", ["timestamp_due_at"])
    op.execute(
        "UPDATE receipts SET timestamp_due_at = event_time, position = 1 + ("
        "SELECT count(*) FROM receipts AS earlier"
        " WHERE earlier.notification_code = receipts.notification_code AND earlier.id < receipts.id)"
    )
    op.create_table(
        "receipt_timestamps",
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipt_timestamps"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_receipt_timestamps_receipt_id"),
    )


def downgrade() -> None:
    """Remove them; receipts of content handed over are lost, and every time-stamp."""
    op.drop_table("receipt_timestamps")
    op.execute("DELETE FROM receipts WHERE state <> (SELECT state FROM events WHERE id = event_id)")
    with op.batch_alter_table("receipts") as table:
        table.drop_index("ix_receipts_timestamp_due_at")
        table.drop_constraint("uq_receipts_notification_code_position", type_="unique")
        table.create_index("ix_receipts_notification_code", ["notification_code"])
        table.drop_constraint("uq_receipts_csv_code", type_="unique")
        table.drop_constraint("uq_receipts_event_id_state", type_="unique")
        table.create_unique_constraint("uq_receipts_event_id", ["event_id"])
        table.drop_column("timestamp_attempts")
        table.drop_column("timestamp_due_at")
        table.drop_column("csv_code")
        table.drop_column("position")
