"""Messages without a Timestamp that were let in before 0022 stay remembered.

The deployment rule stands in `script.py.mako`. Releases before 0022 remembered such a message for a day, in
`replay_keys`, and nothing tells it there from one that ages: so all that are there are kept for ten years,
when no certificate of today is valid. Dated ones are as many as came within minutes. What a worker of such a
release lets in afterwards is remembered for a day.

Revision: 0024, after 0023 (2026-11-26)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

KEYS = sa.table("replay_keys", sa.column("expires_at", sa.DateTime(timezone=True)))


def upgrade() -> None:
    """Prolong them."""
    op.execute(KEYS.update().values(expires_at=datetime.now(UTC) + timedelta(days=3653)))


def downgrade() -> None:
    """Leave them: remembering longer refuses nothing that was let in."""
