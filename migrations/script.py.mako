"""${message}.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
So what this step does must not disturb that release:
* add, do not change: a new column is nullable or has a server default, a new table is simply unused;
* rename or remove in two releases: first add and write both, then, when nothing reads the old one, drop it;
* fill big tables in portions, outside the migration; on PostgreSQL build an index on one CONCURRENTLY;
* never touch the bytes of receipts and stored requests: they are evidence.
`downgrade` takes exactly this step back. Write for SQLite too: change a table with `op.batch_alter_table`.

Revision: ${up_revision}, after ${down_revision or "nothing"} (${create_date.date()})
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the step back."""
    ${downgrades if downgrades else "pass"}
