"""The text of each list row, kept beside its notification since it was published.

The deployment rule stands in `script.py.mako`. The table begins empty: what was published before, or by a
worker of the release before, is written from its columns whenever it is listed. Triggers delete a text as
soon as a column that it says becomes another, by whichever release; a text says what the columns say, or
there is none. An issuing body's acronym is compared by who reads, since a million texts may say it.

A step that rewrites `notifications` or `acts` on SQLite (`batch_alter_table`) loses their triggers and makes
them anew.

Revision: 0031, after 0030 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OF_ACTS = (
    "issuing_body_id, reference, subject, procedure, matter, special_category, document_sizes, "
    "addressee_name, issuing_body_name, ccc, naf, paper"
)
# Name, table, columns, which texts end: in the order in which who publishes writes these tables, so that on
# PostgreSQL this step and a publication never wait for each other.
TRIGGERS = [
    (
        "row_text_of_changed_addressee",
        "addressees",
        "identifier",
        "code IN (SELECT code FROM notifications WHERE addressee_id = NEW.id)",
    ),
    ("row_text_of_changed_body", "issuing_bodies", "dir3", "issuing_body_id = NEW.id"),
    (
        "row_text_of_changed_act",
        "acts",
        OF_ACTS,
        "code IN (SELECT code FROM notifications WHERE act_id = NEW.id)",
    ),
    (
        "row_text_of_changed_notification",
        "notifications",
        "id, act_id, addressee_id, kind, available_at, ground, predecessor, predecessor_name",
        "code = NEW.code",
    ),
]


def upgrade() -> None:
    """Have the database delete what ends, and build the table."""
    for name, table, columns, which in TRIGGERS:
        is_sqlite = op.get_bind().dialect.name == "sqlite"
        differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
        changed = " OR ".join(f"OLD.{one} {differs} NEW.{one}" for one in columns.split(", "))
        begins = f"CREATE TRIGGER {name} AFTER UPDATE OF {columns} ON {table} FOR EACH ROW WHEN ({changed})"
        end_of_text = f"DELETE FROM row_texts WHERE {which};"
        if is_sqlite:
            op.execute(f"{begins} BEGIN {end_of_text} END")
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {end_of_text} RETURN NULL; END $$"
        )
        op.execute(f"{begins} EXECUTE FUNCTION {name}()")
    # Last, since it locks `notifications`; nobody else meets a trigger before this transaction ends.
    op.create_table(
        "row_texts",
        sa.Column(
            "code", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("form", sa.Integer, nullable=False),
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("acronym", sa.String(16), nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["code"], ["notifications.code"], name="fk_row_texts_code", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code", name="pk_row_texts"),
    )


def downgrade() -> None:
    """Drop the triggers and what was kept."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("row_texts")
