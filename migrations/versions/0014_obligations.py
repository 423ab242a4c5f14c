"""Who is obliged, on which ground and since when: a register; acts and notifications keep what was found.

The deployment rule stands in `script.py.mako`. The columns are nullable: the release before this one
writes none of them and goes on reading `is_obliged`, which is still written. What is there already takes
its ground from what is known: an entity's NIF, or else the account by which a person was obliged.

Revision: 0014, after 0013 (2026-11-26)
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(24)
NAF_DIGITS = 12
PORTION = 1000
MAINS = sa.table(
    "main_accounts",
    sa.column("id", sa.Uuid),
    sa.column("addressee_id", sa.Integer),
    sa.column("position", sa.Integer),
    sa.column("number", sa.String),
    sa.column("starts_at", INSTANT),
    sa.column("gives_from", INSTANT),
    sa.column("recorded_at", INSTANT),
)
ASSIGNMENTS = sa.table("red_assignments", sa.column("addressee_id", sa.Integer))


def upgrade() -> None:
    """Make the register, and fill the ground of what is at disposal."""
    op.create_table(
        "obligations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("ground", WORD, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("matters", sa.Text, nullable=False),
        sa.Column("procedures", sa.Text, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("until_recorded_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_obligations"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_obligations_addressee_id"),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_obligations_until_after_since")),
    )
    op.create_index("ix_obligations_addressee_id", "obligations", ["addressee_id"])
    op.add_column("acts", sa.Column("named_ground", WORD))
    op.add_column("acts", sa.Column("paper", WORD))
    op.add_column("notifications", sa.Column("ground", WORD))
    op.execute(
        """
        UPDATE notifications SET ground = (
            SELECT CASE WHEN substr(identifier, 1, 1) IN
                ('A','B','C','D','E','F','G','H','J','N','P','Q','R','S','U','V','W') THEN 'a' ELSE 'b' END
            FROM addressees WHERE addressees.id = notifications.addressee_id
        ) WHERE is_obliged
        """
    )
    # What has not arrived is looked at again when something changes: then the body's word counts as it did.
    take_back_mere_numbers()
    op.execute(
        """
        UPDATE acts SET named_ground = 'b' WHERE id IN (
            SELECT act_id FROM notifications WHERE state = 'scheduled' AND ground = 'b'
        )
        """
    )


def take_back_mere_numbers() -> None:
    """Let no affiliation number be a main account from now on that only acts have quoted.

    Everybody who works has one. As a main account it says that somebody is self-employed and so a member
    of the RED system, which nothing shows of whom no RED person was ever assigned to.
    """
    connection, now = op.get_bind(), datetime.now(UTC)
    managed = sa.select(ASSIGNMENTS.c.addressee_id)
    found = connection.scalars(
        sa.select(MAINS.c.addressee_id).where(
            sa.func.length(MAINS.c.number) == NAF_DIGITS, MAINS.c.addressee_id.not_in(managed)
        )
    ).all()
    for start in range(0, len(found), PORTION):
        # The first entry is what 0009 has taken over.
        said = {"position": 2, "starts_at": now, "gives_from": now, "recorded_at": now}
        entries = [{"id": uuid4(), "addressee_id": one, **said} for one in found[start : start + PORTION]]
        connection.execute(MAINS.insert(), entries)


def downgrade() -> None:
    """Forget grounds and the register."""
    op.drop_column("notifications", "ground")
    op.drop_column("acts", "paper")
    op.drop_column("acts", "named_ground")
    op.drop_table("obligations")
