"""What an issuing body says of an act besides, and what of a list row is looked through for words.

The deployment rule stands in `script.py.mako`. Both columns begin empty: acts of before say nothing besides,
and what a row is searched by is made of its act until `notigateway red plan` has written its text anew. A
worker of the release before writes neither, and reads no text of the new form.

Revision: 0036, after 0035 (2026-11-28)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

NAME = "row_text_of_changed_metadata"
ENDS = "DELETE FROM row_texts WHERE code IN (SELECT code FROM notifications WHERE act_id = NEW.id);"


def upgrade() -> None:
    """Add the columns, and have the database delete the text that says other metadata than its act."""
    op.add_column("acts", sa.Column("public_metadata", sa.Text))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    begins = (
        f"CREATE TRIGGER {NAME} AFTER UPDATE OF public_metadata ON acts FOR EACH ROW "
        f"WHEN (OLD.public_metadata {differs} NEW.public_metadata)"
    )
    if is_sqlite:
        op.execute(f"{begins} BEGIN {ENDS} END")
    else:
        op.execute(
            f"CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {ENDS} RETURN NULL; END $$"
        )
        op.execute(f"{begins} EXECUTE FUNCTION {NAME}()")
    op.add_column("row_texts", sa.Column("searched", sa.Text))


def downgrade() -> None:
    """Drop the trigger and the columns; what acts said besides is lost but in their receipts."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    # Not by `batch_alter_table`, which loses the other triggers.
    op.execute("ALTER TABLE row_texts DROP COLUMN searched")
    op.execute(f"DROP TRIGGER {NAME} ON acts" if is_postgresql else f"DROP TRIGGER {NAME}")
    if is_postgresql:
        op.execute(f"DROP FUNCTION {NAME}()")
    op.execute("ALTER TABLE acts DROP COLUMN public_metadata")
