"""RED as windows: in which time what is put at disposal is also for whom; opt-outs that stand.

The deployment rule stands in `script.py.mako`. A window is made of every assignment that gives something
today. A worker of the release before this one writes none: `notigateway red plan`, once the last one has
stopped, takes up what it wrote. An addressee that took its notifications away, and for whom nobody has been
assigned since, has opted out until it says otherwise.

Revision: 0017, after 0016 (2026-11-26)
"""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NIF = sa.String(9)
SHA256_HEX = sa.String(64)


def upgrade() -> None:
    """Build the tables, and fill them from the assignments."""
    op.add_column("red_assignments", sa.Column("gives_from", INSTANT))
    op.add_column("red_assignments", sa.Column("gives_until", INSTANT))
    op.add_column("rights_changes", sa.Column("ground", sa.Text))
    create_windows()
    create_opt_outs()
    # Each window has the identifier of its assignment: who follows changes sees no difference.
    op.execute(
        """
        INSERT INTO red_windows
            (id, addressee_id, assignment_id, red_party, authorisation, opens_at, closes_at)
        SELECT red_assignments.id, red_assignments.addressee_id, red_assignments.id, red_party, authorisation,
            starts_at, ends_at
        FROM red_assignments JOIN addressees ON addressees.id = red_assignments.addressee_id
        WHERE account = coalesce(addressees.ccc, addressees.naf) AND (ends_at IS NULL OR ends_at > starts_at)
        """
    )
    take_over_opt_outs()


def create_windows() -> None:
    """Build the windows."""
    op.create_table(
        "red_windows",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("assignment_id", sa.Uuid, nullable=False),
        sa.Column("red_party", NIF, nullable=False),
        sa.Column("authorisation", sa.String(16), nullable=False),
        sa.Column("opens_at", INSTANT, nullable=False),
        sa.Column("closes_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_red_windows"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_red_windows_addressee_id"),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["red_assignments.id"], name="fk_red_windows_assignment_id"
        ),
        sa.CheckConstraint(
            "closes_at IS NULL OR closes_at > opens_at", name=op.f("ck_red_windows_closes_after_opening")
        ),
    )
    op.create_index(
        "ix_red_windows_red_party_addressee_id_opens_at_closes_at",
        "red_windows",
        ["red_party", "addressee_id", "opens_at", "closes_at"],
    )
    op.create_index("ix_red_windows_addressee_id", "red_windows", ["addressee_id"])


def create_opt_outs() -> None:
    """Build the opt-outs."""
    op.create_table(
        "red_opt_outs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("withheld_from", INSTANT, nullable=False),
        sa.Column("withheld_until", INSTANT),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.Column("chosen_by", NIF, nullable=False),
        sa.Column("request_sha256", SHA256_HEX, nullable=False),
        sa.Column("withdrawn_at", INSTANT),
        sa.Column("withdrawn_by", NIF),
        sa.Column("withdrawal_sha256", SHA256_HEX),
        sa.PrimaryKeyConstraint("id", name="pk_red_opt_outs"),
        sa.ForeignKeyConstraint(["addressee_id"], ["addressees.id"], name="fk_red_opt_outs_addressee_id"),
    )
    op.create_index("ix_red_opt_outs_addressee_id", "red_opt_outs", ["addressee_id"])


def take_over_opt_outs() -> None:
    """Let the last word of an addressee stand, where it took its notifications away."""
    connection = op.get_bind()
    said = connection.execute(
        sa.text(
            """
            SELECT red_assignments.addressee_id, change, at, rights_changes.signer, request_sha256
            FROM rights_changes JOIN red_assignments ON red_assignments.id = red_assignment_id
            WHERE red_assignment_id IS NOT NULL ORDER BY at, rights_changes.id
            """
        ).columns(at=INSTANT)
    )
    last = {row.addressee_id: row for row in said}
    opt_outs = sa.table(
        "red_opt_outs",
        sa.column("id", sa.Uuid),
        *(sa.column(name) for name in ("addressee_id", "chosen_by", "request_sha256")),
        *(sa.column(name, INSTANT) for name in ("withheld_from", "chosen_at")),
    )
    taken = [
        {
            "id": uuid4(),
            "addressee_id": row.addressee_id,
            "withheld_from": row.at,
            "chosen_at": row.at,
            "chosen_by": row.signer,
            "request_sha256": row.request_sha256,
        }
        for row in last.values()
        if row.change == "unassigned"
    ]
    if taken:
        connection.execute(opt_outs.insert(), taken)


def downgrade() -> None:
    """Forget windows and opt-outs; the assignments say what they said."""
    op.drop_table("red_opt_outs")
    op.drop_table("red_windows")
    with op.batch_alter_table("rights_changes") as changes:
        changes.drop_column("ground")
    with op.batch_alter_table("red_assignments") as assignments:
        assignments.drop_column("gives_until")
        assignments.drop_column("gives_from")
