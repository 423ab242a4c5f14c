"""Events that have no place among the changes yet: on PostgreSQL they get it after their commit.

The deployment rule stands in `script.py.mako`. A worker of the release before gives places before the commit,
under the same lock, and reads what has one: it shows what a worker of this release has committed once that is
placed (by whoever asks one for changes, and by each sweep). Before going back to that release, when no worker
of this one is left, `notigateway sweep` of this one places the rest; taking this step back does too.

While workers of both serve, one of the release before that decides what has an unplaced event may wait for
whoever places it, who waits for that one: PostgreSQL ends one of them, and it is repeated. Such a worker may
also place its own event before that one.

Revision: 0028, after 0027 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unplaced_changes",
        sa.Column(
            "turn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("turn", name="pk_unplaced_changes"),
    )


def downgrade() -> None:
    """Place what waits, in the order of its turns, and forget the table."""
    op.execute(
        "INSERT INTO changes (event_id, notification_code)"
        " SELECT events.id, events.notification_code FROM unplaced_changes"
        " JOIN events ON events.id = unplaced_changes.event_id ORDER BY unplaced_changes.turn"
    )
    op.drop_table("unplaced_changes")
