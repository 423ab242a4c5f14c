"""The first schema: parties, acts, notifications, rights, deadlines, evidence, trust, the log, requests.

The deployment rule stands in `script.py.mako` and with it at the head of every later step; this one
starts from an empty database.

Its number is 0006 because the steps 0001 to 0006 of before the first release are one now: a database
that took all of them is at this revision already, and `repository/schema.py` refuses one that took some.

Revision: 0006, after nothing (2026-11-25)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SHA256_HEX = sa.String(64)
WORD = sa.String(24)
NIF = sa.String(9)


def upgrade() -> None:
    """Build the tables, those first that others refer to."""
    create_parties()
    create_acts()
    create_notifications()
    create_events()
    create_rights()
    create_rights_changes()
    create_deadlines()
    create_receipts()
    create_requests()
    create_trust()
    create_log()
    op.create_table(
        "replay_keys",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_replay_keys"),
    )
    op.create_index("ix_replay_keys_expires_at", "replay_keys", ["expires_at"])


def create_parties() -> None:
    """Build who issues and who is addressed."""
    op.create_table(
        "issuing_bodies",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("dir3", sa.String(9), nullable=False),
        sa.Column("acronym", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("nif", NIF, nullable=False),
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


def create_acts() -> None:
    """Build what issuing bodies submit: acts, the index of their documents, uploads before an act."""
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
    op.create_table(
        "uploads",
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("uploaded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("issuing_body_id", "sha256", name="pk_uploads"),
        sa.ForeignKeyConstraint(
            ["issuing_body_id"], ["issuing_bodies.id"], name="fk_uploads_issuing_body_id"
        ),
    )


def create_notifications() -> None:
    """Build acts at the disposal of addressees."""
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
        sa.Column("is_obliged", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("decided_at", INSTANT),
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
        # A code is never given twice, not even after its row is gone: it is printed on receipts.
        sqlite_autoincrement=True,
    )
    for columns in (
        ["act_id"],
        ["addressee_id", "code"],
        ["addressee_id", "state", "code"],
        ["state", "deadline"],
        ["addressee_id", "available_at"],
    ):
        op.create_index(f"ix_notifications_{'_'.join(columns)}", "notifications", columns)


def create_events() -> None:
    """Build what happened to notifications, and its places in the order of commits."""
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
        sa.Column("party", NIF),
        sa.Column("party_name", sa.String(255)),
        sa.Column("signer", NIF),
        sa.Column("signer_name", sa.String(255)),
        sa.Column("reason", sa.Text),
        sa.Column("correlation_id", sa.Uuid),
        sa.Column("reported_by", NIF),
        sa.Column("reported_at", INSTANT),
        sa.Column("reported_reference", sa.String(255)),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("notification_code", "position", name="uq_events_notification_code_position"),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_events_notification_code"
        ),
    )
    # At most one decision per notification, whatever the programs above do.
    decisive = sa.text("decisive")
    op.create_index(
        "uq_events_decisive",
        "events",
        ["notification_code"],
        unique=True,
        sqlite_where=decisive,
        postgresql_where=decisive,
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


def create_rights() -> None:
    """Build who may act for whom."""
    op.create_table(
        "red_assignments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("account", sa.String(15), nullable=False),
        sa.Column("red_party", NIF, nullable=False),
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
        sa.Column("attorney", NIF, nullable=False),
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
    op.create_table(
        "delivery_choices",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.Column("chosen_by", NIF, nullable=False),
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
        sa.Column("party", NIF),
        sa.Column("signer", NIF),
        sa.Column("request_sha256", SHA256_HEX),
        sa.PrimaryKeyConstraint("id", name="pk_rights_changes"),
        sa.ForeignKeyConstraint(["power_id"], ["powers.id"], name="fk_rights_changes_power_id"),
        sa.ForeignKeyConstraint(
            ["red_assignment_id"], ["red_assignments.id"], name="fk_rights_changes_red_assignment_id"
        ),
    )
    op.create_index("ix_rights_changes_power_id", "rights_changes", ["power_id"])
    op.create_index("ix_rights_changes_red_assignment_id", "rights_changes", ["red_assignment_id"])


def create_deadlines() -> None:
    """Build what moves deadlines, and how they were moved."""
    op.create_table(
        "outages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.Column("declared_by", NIF, nullable=False),
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
        sa.Column("by", NIF, nullable=False),
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


def create_receipts() -> None:
    """Build what is kept as bytes, never re-written: receipts, time-stamped ones, their forms for people."""
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("notification_code", sa.Integer, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("event_time", INSTANT, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.Column("position", sa.Integer),
        sa.Column("csv_code", sa.String(32)),
        sa.Column("timestamp_due_at", INSTANT),
        sa.Column("timestamp_attempts", sa.Integer, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("event_id", "state", name="uq_receipts_event_id_state"),
        sa.UniqueConstraint("csv_code", name="uq_receipts_csv_code"),
        sa.UniqueConstraint("notification_code", "position", name="uq_receipts_notification_code_position"),
        sa.ForeignKeyConstraint(
            ["notification_code"], ["notifications.code"], name="fk_receipts_notification_code"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_receipts_event_id"),
    )
    op.create_index("ix_receipts_timestamp_due_at", "receipts", ["timestamp_due_at"])
    op.create_table(
        "receipt_timestamps",
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipt_timestamps"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_receipt_timestamps_receipt_id"),
    )
    op.create_table(
        "receipt_forms",
        sa.Column("receipt_id", sa.Uuid, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name="pk_receipt_forms"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_receipt_forms_receipt_id"),
    )


def create_requests() -> None:
    """Build what is kept of requests: those behind receipts, who asked for what, how many a minute."""
    op.create_table(
        "request_envelopes",
        sa.Column("sha256", SHA256_HEX, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_request_envelopes"),
    )
    op.create_table(
        "access_records",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("party", NIF, nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_records"),
    )
    op.create_table(
        "request_counts",
        sa.Column("caller", sa.String(19), nullable=False),
        sa.Column("minute", INSTANT, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("caller", name="pk_request_counts"),
    )


def create_trust() -> None:
    """Build what is known of revocation and of trusted lists."""
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


def create_log() -> None:
    """Build the log: a leaf for every receipt and access record, tiles of their tree, checkpoints."""
    op.create_table(
        "log_leaves",
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False),
        sa.Column("salt", sa.LargeBinary(32)),
        sa.Column("position", sa.BigInteger),
        sa.PrimaryKeyConstraint("subject", name="pk_log_leaves"),
        sa.UniqueConstraint("position", name="uq_log_leaves_position"),
    )
    op.create_index(
        "ix_log_leaves_unplaced",
        "log_leaves",
        ["subject"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("place", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_log_tiles"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("seal_sha256", SHA256_HEX, nullable=False),
        sa.Column("token", sa.LargeBinary),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoints"),
    )
    op.create_index(
        "ix_log_checkpoints_unstamped",
        "log_checkpoints",
        ["size"],
        sqlite_where=sa.text("token IS NULL"),
        postgresql_where=sa.text("token IS NULL"),
    )


def downgrade() -> None:
    """Drop the tables, those first that refer to others: everything is lost."""
    for table in (
        "replay_keys",
        "log_checkpoints",
        "log_tiles",
        "log_leaves",
        "trusted_lists",
        "watched_certificates",
        "revocation_data",
        "request_counts",
        "access_records",
        "request_envelopes",
        "receipt_forms",
        "receipt_timestamps",
        "receipts",
        "deadline_changes",
        "outages",
        "rights_changes",
        "delivery_choices",
        "powers",
        "red_assignments",
        "changes",
        "events",
        "notifications",
        "uploads",
        "documents",
        "acts",
        "addressees",
        "issuing_bodies",
    ):
        op.drop_table(table)
