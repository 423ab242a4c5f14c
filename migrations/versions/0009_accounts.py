"""The register of accounts: whose they are, which is the main one when, and former names of addressees.

The deployment rule stands in `script.py.mako`. What the register has of an addressee today is its main
account, since ever; the columns stay, and are written, for the release before this one.

Revision: 0009, after 0008 (2026-11-26)
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
CCC_DIGITS, NAF_DIGITS = 11, 12
PORTION = 1000
ADDRESSEES = sa.table("addressees", *(sa.column(name) for name in ("id", "ccc", "naf")))
ENTRY = ("number", "addressee_id")
ACCOUNTS = sa.table(
    "accounts",
    sa.column("id", sa.Uuid),
    *(sa.column(name) for name in (*ENTRY, "key")),
    *(sa.column(name, INSTANT) for name in ("starts_at", "recorded_at")),
)
MAINS = sa.table(
    "main_accounts",
    sa.column("id", sa.Uuid),
    *(sa.column(name) for name in (*ENTRY, "position")),
    *(sa.column(name, INSTANT) for name in ("starts_at", "gives_from", "recorded_at")),
)


def upgrade() -> None:
    """Build the tables and take over what the register has."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("number", sa.String(15), nullable=False),
        sa.Column("key", sa.String(12), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_accounts_addressee_id"),
        sa.CheckConstraint(
            "ends_at IS NULL OR ends_at >= starts_at", name=op.f("ck_accounts_ends_after_start")
        ),
    )
    op.create_index("ix_accounts_addressee_id", "accounts", ["addressee_id"])
    op.create_index("ix_accounts_key", "accounts", ["key"])
    op.create_table(
        "main_accounts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("number", sa.String(15)),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT),
        sa.Column("gives_from", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.String(9)),
        sa.Column("ground", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_main_accounts"),
        sa.UniqueConstraint("addressee_id", "position", name="uq_main_accounts_addressee_id_position"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_main_accounts_addressee_id"),
    )
    op.create_table(
        "former_names",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_former_names"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_former_names_addressee_id"),
    )
    op.create_index("ix_former_names_addressee_id", "former_names", ["addressee_id"])
    take_over_accounts()


def take_over_accounts() -> None:
    """Enter what stands at each addressee: the account by which RED follows it today is its main one."""
    connection, now = op.get_bind(), datetime.now(UTC)
    found = connection.execute(
        sa.select(ADDRESSEES.c.id, ADDRESSEES.c.ccc, ADDRESSEES.c.naf).where(
            sa.func.coalesce(ADDRESSEES.c.ccc, ADDRESSEES.c.naf).is_not(None)
        )
    ).all()
    for start in range(0, len(found), PORTION):
        portion = found[start : start + PORTION]
        connection.execute(ACCOUNTS.insert(), [account(one, now) for one in held(portion)])
        entries = [entry(row.id, row.ccc or row.naf, now) for row in portion]
        connection.execute(MAINS.insert(), entries)


def held(rows: list[sa.Row]) -> list[tuple[int, str]]:
    """Return every number with its addressee."""
    return [(row.id, number) for row in rows for number in (row.ccc, row.naf) if number is not None]


def account(one: tuple[int, str], now: datetime) -> dict[str, object]:
    """Return the row of an account."""
    addressee, number = one
    key = number if len(number) == NAF_DIGITS else number[-CCC_DIGITS:]
    return {
        "id": uuid4(),
        "addressee_id": addressee,
        "number": number,
        "key": key,
        "starts_at": EVER,
        "recorded_at": now,
    }


def entry(addressee: int, number: str, now: datetime) -> dict[str, object]:
    """Return the entry of a main account."""
    return {
        "id": uuid4(),
        "addressee_id": addressee,
        "number": number,
        "position": 1,
        "starts_at": EVER,
        "gives_from": EVER,
        "recorded_at": now,
    }


def downgrade() -> None:
    """Forget the register; the columns of addressees have what stands."""
    for name in ("former_names", "main_accounts", "accounts"):
        op.drop_table(name)
