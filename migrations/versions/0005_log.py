"""The log: access records, a leaf for every receipt and access record, tiles of their tree, checkpoints.

The deployment rule: `notigateway migrate` runs first, while the release before this one still serves.
Here with one exception, as for the feed: a receipt that the older release writes after this step has no
leaf, and `notigateway log verify` says so. Stop the older release before this step.

Revision: 0005, after 0004 (2026-11-25)
"""

from __future__ import annotations

import hmac
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
_AT_ONCE = 1_000


def upgrade() -> None:
    """Create the tables, and a leaf without position for every receipt there is."""
    op.create_table(
        "access_records",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("party", sa.String(9), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_records"),
    )
    leaves = op.create_table(
        "log_leaves",
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False),
        sa.Column("salt", sa.LargeBinary(32)),
        sa.Column("position", sa.BigInteger),
        sa.PrimaryKeyConstraint("subject", name="pk_log_leaves"),
        sa.UniqueConstraint("position", name="uq_log_leaves_position"),
    )
    op.create_index(
        "ix_log_leaves_unplaced",
        "log_leaves",
        ["subject"],
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("place", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_log_tiles"),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("seal_sha256", sa.String(64), nullable=False),
        sa.Column("token", sa.LargeBinary),
        sa.PrimaryKeyConstraint("size", name="pk_log_checkpoints"),
    )
    op.create_index(
        "ix_log_checkpoints_unstamped",
        "log_checkpoints",
        ["size"],
        sqlite_where=sa.text("token IS NULL"),
        postgresql_where=sa.text("token IS NULL"),
    )
    log_receipts(leaves)


def log_receipts(leaves: sa.Table) -> None:
    """Insert the leaves of the receipts that an older release has written."""
    receipts = sa.table("receipts", sa.column("id", sa.Uuid), sa.column("xml", sa.LargeBinary))
    connection = op.get_bind()
    page = sa.select(receipts.c.id, receipts.c.xml).order_by(receipts.c.id).limit(_AT_ONCE)
    rows = connection.execute(page).all()
    while rows:
        connection.execute(sa.insert(leaves), [leaf_of(*row) for row in rows])
        rows = connection.execute(page.where(receipts.c.id > rows[-1].id)).all()


def leaf_of(subject: object, record: bytes) -> dict[str, object]:
    """Return the row of a receipt's leaf."""
    salt = secrets.token_bytes(32)
    commitment = hmac.digest(salt, record, "sha256")
    return {"subject": subject, "kind": "receipt", "commitment": commitment, "salt": salt}


def downgrade() -> None:
    """Drop the log and the access records: what they prove is lost."""
    for name in ("log_checkpoints", "log_tiles", "log_leaves", "access_records"):
        op.drop_table(name)
