"""Subscriptions to changes, and what is still to be delivered to each.

The deployment rule stands in `script.py.mako`. Two tables of their own: a worker of the release before knows
neither, and nothing that it reads or writes has changed.

Revision: 0038, after 0037 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_STANDING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Build both tables."""
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("url", sa.String(2_000), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.String(9), nullable=False),
        sa.Column("cursor", sa.String(255), nullable=False),
        sa.Column("challenge", sa.String(64), nullable=False),
        sa.Column("confirmed_at", _INSTANT, nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_why", sa.String(24), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("trouble", sa.String(24), nullable=True),
        sa.Column("trouble_status", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
    )
    op.create_index("ix_subscriptions_party", "subscriptions", ["party"])
    op.create_index(
        "uq_subscriptions_standing",
        "subscriptions",
        ["party", "kind", "url"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("notification_code", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(24), nullable=True),
        sa.Column("nature", sa.String(24), nullable=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("queued_at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("dead_at", _INSTANT, nullable=True),
        sa.Column("trouble", sa.String(24), nullable=True),
        sa.Column("trouble_status", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name="fk_deliveries_subscription_id_subscriptions"
        ),
    )
    op.create_index("ix_deliveries_order", "deliveries", ["subscription_id", "notification_code", "position"])
    op.create_index("ix_deliveries_due", "deliveries", ["subscription_id", "due_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("deliveries")
    op.drop_table("subscriptions")
