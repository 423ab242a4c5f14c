"""A power names several matters, procedures and groups, each with an end of its own; their catalogue.

The deployment rule stands in `script.py.mako`. The tables are new: a power of the release before has no rows
in them and names what its own row says. That release shows a power of several items to nobody.

Revision: 0012, after 0011 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WORD = sa.String(24)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Build the tables."""
    op.create_table(
        "power_items",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("power_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("end_cause", WORD),
        sa.PrimaryKeyConstraint("id", name="pk_power_items"),
        sa.UniqueConstraint("power_id", "position", name="uq_power_items_power_id_position"),
        sa.ForeignKeyConstraint(["power_id"], ["powers.id"], name="fk_power_items_power_id"),
    )
    op.create_table(
        "power_item_procedures",
        sa.Column("item_id", sa.Uuid, nullable=False),
        sa.Column("procedure", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "procedure", name="pk_power_item_procedures"),
        sa.ForeignKeyConstraint(["item_id"], ["power_items.id"], name="fk_power_item_procedures_item_id"),
    )
    op.create_table(
        "catalogue_entries",
        sa.Column("kind", WORD, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("matter", sa.String(64)),
        sa.Column("group_code", sa.String(64)),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT),
        sa.PrimaryKeyConstraint("kind", "code", name="pk_catalogue_entries"),
    )


def downgrade() -> None:
    """Drop the tables: powers of several items give nothing any more."""
    for table in ("catalogue_entries", "power_item_procedures", "power_items"):
        op.drop_table(table)
