"""Who signed a request and claimed a key, as it was read when that happened.

The deployment rule stands in `script.py.mako`. A worker of the release before this one leaves the columns
null, as they are in its rows: what stands in them is then read as that release reads it.

Revision: 0023, after 0022 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("request_envelopes", sa.Column("certificate", sa.LargeBinary))
    op.add_column("request_envelopes", sa.Column("party", sa.String(9)))
    op.add_column("key_holders", sa.Column("certificate", sa.LargeBinary(32)))


def downgrade() -> None:
    """Forget them."""
    op.drop_column("key_holders", "certificate")
    op.drop_column("request_envelopes", "party")
    op.drop_column("request_envelopes", "certificate")
