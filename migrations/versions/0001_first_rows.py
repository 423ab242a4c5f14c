"""The first rows: issuing bodies, addressees, acts, documents, notifications, events, receipts.

The deployment rule stands in `script.py.mako` and with it at the head of every later step; this one
starts from an empty database.

Revision: 0001, after nothing (2026-11-23)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SHA256_HEX = sa.String(64)
WORD = sa.String(24)


def upgrade() -> None:
    """Build the tables, those first that others refer to."""
    op.create_table(
        "issuing_bodies",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("dir3", sa.String(9), nullable=False),
        sa.Column("acronym", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("nif", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_issuing_bodies"),
        sa.UniqueConstraint("dir3", name="uq_issuing_bodies_dir3"),
    )
    op.create_table(
        "addressees",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("identifier", sa.String(9), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ccc", sa.String(15)),
        sa.Column("naf", sa.String(12)),
        sa.PrimaryKeyConstraint("id", name="pk_addressees"),
        sa.UniqueConstraint("identifier", name="uq_addressees_identifier"),
    )
    create_acts()
    create_notifications()
    create_evidence()
    op.create_table(
        "replay_keys",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_replay_keys"),
    )
    op.create_index("ix_replay_keys_expires_at", "replay_keys", ["expires_at"])


def create_acts() -> None:
    """Build what issuing bodies submit: immutable acts and the index of their documents."""
    op.create_table(
        "acts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("procedure", sa.String(16), nullable=False),
        sa.Column("matter", sa.String(64), nullable=False),
        sa.Column("special_category", sa.Boolean, nullable=False),
        sa.Column("submission_sha256", SHA256_HEX, nullable=False),
        sa.Column("document_sizes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
        sa.UniqueConstraint("issuing_body_id", "reference", name="uq_acts_issuing_body_id_reference"),
        sa.ForeignKeyConstraint(["issuing_body_id"], ["issuing_bodies.id"], name="fk_acts_issuing_body_id"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("act_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(127), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("act_id", "position", name="uq_documents_act_id_position"),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name="fk_documents_act_id"),
    )


def create_notifications() -> None:
    """Build acts at the disposal of addressees, and what happened to them."""
    op.create_table(
        "notifications",
        sa.Column("code", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("act_id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("available_at", INSTANT, nullable=False),
        sa.Column("deadline", INSTANT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_notifications"),
        sa.UniqueConstraint("id", name="uq_notifications_id"),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name="fk_notifications_act_id"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_notifications_addressee_id"),
        sa.CheckConstraint(
            "kind = 'notification' OR deadline IS NULL",
            name=op.f("ck_notifications_communication_never_lapses"),
        ),
        sa.CheckConstraint(
            "deadline IS NULL OR deadline > available_at",
            name=op.f("ck_notifications_deadline_after_available"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notifications_act_id", "notifications", ["act_id"])
    op.create_index("ix_notifications_addressee_id_code", "notifications", ["addressee_id", "code"])
    op.create_index(
        "ix_notifications_addressee_id_state_code", "notifications", ["addressee_id", "state", "code"]
    )
    op.create_index("ix_notifications_state_deadline", "notifications", ["state", "deadline"])
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("notification_code", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("decisive", sa.Boolean, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("channel", WORD),
        sa.Column("role", WORD),
        sa.Column("party", sa.String(9)),
        sa.Column("party_name", sa.String(255)),
        sa.Column("signer", sa.String(9)),
        sa.Column("signer_name", sa.String(255)),
        sa.Column("reason", sa.Text),
        sa.Column("correlation_id", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("notification_code", "position", name="uq_events_notification_code_position"),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_events_notification_code"
        ),
    )
    # At most one decision per notification, whatever the programs above do.
    op.create_index(
        "uq_events_decisive",
        "events",
        ["notification_code"],
        unique=True,
        sqlite_where=sa.text("decisive"),
        postgresql_where=sa.text("decisive"),
    )


def create_evidence() -> None:
    """Build what is kept as bytes, never re-written: receipts and the signed requests behind them."""
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("notification_code", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("event_time", INSTANT, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("event_id", name="uq_receipts_event_id"),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_receipts_notification_code"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_receipts_event_id"),
    )
    op.create_index("ix_receipts_notification_code", "receipts", ["notification_code"])
    op.create_table(
        "request_envelopes",
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_request_envelopes"),
    )


def downgrade() -> None:
    """Drop the tables, those first that refer to others."""
    for table in (
        "replay_keys",
        "request_envelopes",
        "receipts",
        "events",
        "notifications",
        "documents",
        "acts",
        "addressees",
        "issuing_bodies",
    ):
        op.drop_table(table)
