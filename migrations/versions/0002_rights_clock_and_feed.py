"""Rights, clock and feed: RED assignments, powers, delivery choices, outages, deadline changes, changes.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release: new columns have defaults, new tables are unused.

Revision: 0002, after 0001 (2026-11-23)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(24)


def upgrade() -> None:
    """Add the columns and tables, and place what already happened into the feed."""
    with op.batch_alter_table("notifications") as table:
        table.add_column(sa.Column("is_obliged", sa.Boolean, server_default=sa.true(), nullable=False))
        table.add_column(sa.Column("decided_at", INSTANT))
    with op.batch_alter_table("events") as table:
        table.add_column(sa.Column("reported_by", sa.String(9)))
        table.add_column(sa.Column("reported_at", INSTANT))
        table.add_column(sa.Column("reported_reference", sa.String(255)))
    op.execute(
        "UPDATE notifications SET is_obliged = (deadline IS NOT NULL OR kind = 'communication'),"
        " decided_at = (SELECT at FROM events WHERE decisive AND notification_code = notifications.code)"
    )
    create_rights()
    create_clock()
    op.create_table(
        "uploads",
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("uploaded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("issuing_body_id", "sha256", name="pk_uploads"),
        sa.ForeignKeyConstraint(
            ["issuing_body_id"], ["issuing_bodies.id"], name="fk_uploads_issuing_body_id"
        ),
    )
    op.create_table(
        "changes",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("notification_code", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_changes"),
        sa.UniqueConstraint("event_id", name="uq_changes_event_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_changes_event_id"),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_changes_notification_code"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_notification_code", "changes", ["notification_code"])
    op.create_index(
        "ix_notifications_addressee_id_available_at", "notifications", ["addressee_id", "available_at"]
    )
    op.execute(
        "INSERT INTO changes (event_id, notification_code)"
        " SELECT id, notification_code FROM events ORDER BY at, notification_code, position"
    )


def create_rights() -> None:
    """Build who may act for whom."""
    op.create_table(
        "red_assignments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("account", sa.String(15), nullable=False),
        sa.Column("red_party", sa.String(9), nullable=False),
        sa.Column("red_name", sa.String(255), nullable=False),
        sa.Column("authorisation", sa.String(16), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_red_assignments"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_red_assignments_addressee_id"),
        sa.CheckConstraint(
            "ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_red_assignments_ends_after_start")
        ),
    )
    op.create_index("ix_red_assignments_addressee_id", "red_assignments", ["addressee_id"])
    op.create_index("ix_red_assignments_red_party", "red_assignments", ["red_party"])
    op.create_table(
        "powers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("grantor_id", sa.Integer, nullable=False),
        sa.Column("attorney", sa.String(9), nullable=False),
        sa.Column("attorney_name", sa.String(255), nullable=False),
        sa.Column("scope", WORD, nullable=False),
        sa.Column("value", sa.String(64)),
        sa.Column("special_category", sa.Boolean, nullable=False),
        sa.Column("is_void", sa.Boolean, nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("accepted_at", INSTANT),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("end_cause", WORD),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_powers"),
        sa.ForeignKeyConstraint(["grantor_id"], ["addressees.id"], name="fk_powers_grantor_id"),
    )
    op.create_index("ix_powers_grantor_id", "powers", ["grantor_id"])
    op.create_index("ix_powers_attorney", "powers", ["attorney"])
    create_rights_changes()
    op.create_table(
        "delivery_choices",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.Column("chosen_by", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_choices"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_delivery_choices_addressee_id"),
    )
    op.create_index(
        "ix_delivery_choices_addressee_id_chosen_at", "delivery_choices", ["addressee_id", "chosen_at"]
    )


def create_rights_changes() -> None:
    """Build the record of who changed which right."""
    op.create_table(
        "rights_changes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("power_id", sa.Uuid),
        sa.Column("red_assignment_id", sa.Uuid),
        sa.Column("change", WORD, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("party", sa.String(9)),
        sa.Column("signer", sa.String(9)),
        sa.Column("request_sha256", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_rights_changes"),
        sa.ForeignKeyConstraint(["power_id"], ["powers.id"], name="fk_rights_changes_power_id"),
        sa.ForeignKeyConstraint(
            ["red_assignment_id"], ["red_assignments.id"], name="fk_rights_changes_red_assignment_id"
        ),
    )
    op.create_index("ix_rights_changes_power_id", "rights_changes", ["power_id"])
    op.create_index("ix_rights_changes_red_assignment_id", "rights_changes", ["red_assignment_id"])


def create_clock() -> None:
    """Build what moves deadlines."""
    op.create_table(
        "outages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.Column("declared_by", sa.String(9), nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("recomputed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_outages"),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_outages_ends_after_start")
        ),
    )
    op.create_table(
        "deadline_changes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("notification_code", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("previous", INSTANT, nullable=False),
        sa.Column("deadline", INSTANT, nullable=False),
        sa.Column("cause", WORD, nullable=False),
        sa.Column("outage_id", sa.Uuid),
        sa.Column("by", sa.String(9), nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_deadline_changes"),
        sa.UniqueConstraint(
            "notification_code", "position", name="uq_deadline_changes_notification_code_position"
        ),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_deadline_changes_notification_code"
        ),
        sa.ForeignKeyConstraint(["outage_id"], ["outages.id"], name="fk_deadline_changes_outage_id"),
    )


def downgrade() -> None:
    """Take the step back: rights, outages and the feed are lost, decisions and receipts are not."""
    for table in (
        "changes",
        "uploads",
        "deadline_changes",
        "outages",
        "delivery_choices",
        "rights_changes",
        "powers",
        "red_assignments",
    ):
        op.drop_table(table)
    with op.batch_alter_table("events") as events:
        events.drop_column("reported_reference")
        events.drop_column("reported_at")
        events.drop_column("reported_by")
    op.drop_index("ix_notifications_addressee_id_available_at", "notifications")
    with op.batch_alter_table("notifications") as notifications:
        notifications.drop_column("decided_at")
        notifications.drop_column("is_obliged")
