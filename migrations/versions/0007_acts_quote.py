"""Acts keep what they quote: names of addressee and issuing body, account and affiliation number.

The deployment rule stands in `script.py.mako`. The columns are nullable: the release before this one
writes none of them. They are filled here, from what the registers say now: an act's row is never
changed by anybody, so that no request waits for it.

Revision: 0007, after 0006 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

QUOTED = {
    "addressee_name": sa.String(255),
    "ccc": sa.String(15),
    "naf": sa.String(12),
    "issuing_body_name": sa.String(255),
    "issuing_body_nif": sa.String(9),
}


def upgrade() -> None:
    """Add the columns and fill them."""
    for name, kind in QUOTED.items():
        op.add_column("acts", sa.Column(name, kind))
    op.execute(
        """
        UPDATE acts SET
            issuing_body_name = (SELECT name FROM issuing_bodies WHERE id = acts.issuing_body_id),
            issuing_body_nif = (SELECT nif FROM issuing_bodies WHERE id = acts.issuing_body_id)
        """
    )
    for column, source in (("addressee_name", "name"), ("ccc", "ccc"), ("naf", "naf")):
        op.execute(
            f"""
            UPDATE acts SET {column} = (
                SELECT max(addressees.{source}) FROM notifications
                JOIN addressees ON addressees.id = notifications.addressee_id
                WHERE notifications.act_id = acts.id
            )
            """
        )


def downgrade() -> None:
    """Forget what acts quote."""
    with op.batch_alter_table("acts") as acts:
        for name in QUOTED:
            acts.drop_column(name)
