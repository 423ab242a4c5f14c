"""Contacts, the outbox of notices, and the messages that tell them.

The deployment rule stands in `script.py.mako`. All tables begin empty; a worker of the release before knows
none of them: what it puts at disposal meanwhile is told to nobody.

Revision: 0040, after 0039 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_CODE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Build the tables."""
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("addresses", sa.Text, nullable=False),
        sa.Column("language", sa.String(24), nullable=False),
        sa.Column("delivery", sa.String(24), nullable=False),
        sa.Column("deadline_days", sa.Integer, nullable=False),
        sa.Column("set_at", _INSTANT, nullable=False),
        sa.Column("set_by", sa.String(9), nullable=False),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.Column("replaced_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
    )
    stands = sa.text("replaced_at IS NULL")
    op.create_index(
        "uq_contacts_standing",
        "contacts",
        ["party"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
    op.create_index("ix_contacts_replaced_at", "contacts", ["replaced_at"])
    _create_notices()
    _create_mails()


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _CODE, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("notification_code", _CODE, nullable=True),
        sa.Column("title_id", sa.Uuid, nullable=True),
        sa.Column("queued_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("deadline", _INSTANT, nullable=True),
        sa.Column("name", sa.String(255), nullable=True),
        sa.Column("mailing", sa.Uuid, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint(
            "notification_code", "party", "kind", name="uq_notices_notification_code_party_kind"
        ),
        sa.UniqueConstraint("title_id", "party", "kind", name="uq_notices_title_id_party_kind"),
        sqlite_autoincrement=True,
    )
    waits = sa.text("mailing IS NULL")
    op.create_index("ix_notices_waiting", "notices", ["due_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_notices_mailing", "notices", ["mailing"])


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("mailing", sa.Uuid, nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("contact_id", sa.Uuid, nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("queued_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("trouble", sa.String(250), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
    )
    op.create_index("ix_mails_mailing", "mails", ["mailing"])
    waits, failed = sa.text("due_at IS NOT NULL"), sa.text("outcome = 'failed'")
    op.create_index("ix_mails_due", "mails", ["due_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_mails_failed", "mails", ["ended_at"], sqlite_where=failed, postgresql_where=failed)
    op.create_index("ix_mails_ended_at", "mails", ["ended_at"])


def downgrade() -> None:
    """Drop them: whoever was told stays told."""
    for name in ("mails", "notices", "contacts"):
        op.drop_table(name)
