"""Who works for an entity, by its own word, beside the secondary users of RED authorisations.

The deployment rule stands in `script.py.mako`. A registration without authorisation is of the entity itself:
the release before matches none by it.

Revision: 0039, after 0038 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

NIF = sa.String(9)
SHA256 = sa.String(64)
USER = "red_users.id"


def upgrade() -> None:
    """Widen the register; nothing that stands in it changes."""
    for column in (
        sa.Column("holder_name", sa.String(255)),
        sa.Column("all_clients", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("all_matters", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("may_decide", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("granted_by", NIF),
        sa.Column("granted_sha256", SHA256),
        sa.Column("ended_by", NIF),
        sa.Column("ended_sha256", SHA256),
    ):
        op.add_column("red_users", column)
    for table, column in (("user_clients", ("client", NIF)), ("user_matters", ("matter", sa.String(64)))):
        op.create_table(
            table,
            sa.Column("user_id", sa.Uuid, nullable=False),
            sa.Column(*column, nullable=False),
            sa.PrimaryKeyConstraint("user_id", column[0], name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["user_id"], [USER], name=f"fk_{table}_user_id_red_users"),
            sqlite_with_rowid=False,
        )
    op.add_column("events", sa.Column("registration", sa.Uuid))


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("events", "registration")  # by itself: triggers stand on the table
    op.drop_table("user_matters")
    op.drop_table("user_clients")
    with op.batch_alter_table("red_users") as users:
        for name in (
            "ended_sha256",
            "ended_by",
            "granted_sha256",
            "granted_by",
            "may_decide",
            "all_matters",
            "all_clients",
            "holder_name",
        ):
            users.drop_column(name)
