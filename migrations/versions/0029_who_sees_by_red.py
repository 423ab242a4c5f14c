"""What each RED authorisation sees, and the changes of each addressee: kept ready by the database itself.

The deployment rule stands in `script.py.mako`. Triggers write these tables, so that a worker of the release
before fills them too, and no writer can forget one: what they say follows from the windows and the
notifications, as `law/representation.red_covers` has it. They are filled here, once, by three statements
that on PostgreSQL hold up nobody but who assigns: only then are the triggers made, for which writers wait,
and what came meanwhile is taken up. Readers wait for the last statement alone, which drops an index. SQLite,
which has one writer, takes 20 s for a million notifications.

A step that rewrites `notifications`, `changes` or `red_windows` on SQLite (`batch_alter_table`) loses their
triggers and makes them anew.

Revision: 0029, after 0028 (2026-11-26)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

COLUMNS = "(box_id, code, state, available_at, issuing_body_id, special_category)"
OF_THE_BOX = (
    "red_boxes.red_party = red_windows.red_party AND red_boxes.authorisation = red_windows.authorisation"
)
WAS_OPEN = """
    red_windows.opens_at <= notifications.available_at
    AND (red_windows.closes_at IS NULL OR notifications.available_at < red_windows.closes_at)
"""
OF_RED_GROUND = (
    "(notifications.ground IN ('a', 'b') OR (notifications.ground IS NULL AND notifications.is_obliged))"
)
FILL = f"""
    INSERT INTO red_inbox {COLUMNS}
    SELECT DISTINCT red_boxes.id, notifications.code, notifications.state, notifications.available_at,
        acts.issuing_body_id, acts.special_category
    FROM red_windows
    JOIN red_boxes ON {OF_THE_BOX}
    JOIN notifications ON notifications.addressee_id = red_windows.addressee_id
    JOIN acts ON acts.id = notifications.act_id
    WHERE {WAS_OPEN} AND {OF_RED_GROUND}
"""
BOXES_OF = (
    f"SELECT red_boxes.id FROM red_windows JOIN red_boxes ON {OF_THE_BOX} WHERE red_windows.addressee_id ="
)
FILL_OF_ONE = f"{FILL} AND notifications.code = NEW.code ON CONFLICT DO NOTHING;"
EDITION = {"sqlite": "random()", "postgresql": "CAST(floor(random() * 9e15) AS BIGINT)"}
NEW_EDITION = """
    UPDATE red_boxes SET edition = {edition}
    WHERE red_party = {row}.red_party AND authorisation = {row}.authorisation;
"""
NOT_COVERED = f"""
    DELETE FROM red_inbox
    WHERE box_id = (
        SELECT id FROM red_boxes WHERE red_party = OLD.red_party AND authorisation = OLD.authorisation
    ) AND code IN (
        SELECT code FROM notifications
        WHERE addressee_id = OLD.addressee_id AND available_at >= OLD.opens_at
            AND (OLD.closes_at IS NULL OR available_at < OLD.closes_at) AND {{moved}}
            AND NOT EXISTS (
                SELECT 1 FROM red_windows
                WHERE red_windows.addressee_id = OLD.addressee_id AND red_windows.red_party = OLD.red_party
                    AND red_windows.authorisation = OLD.authorisation AND {WAS_OPEN}
            )
    );
"""

# Name, table, event, condition, what is done. `{edition}` is any number that is never given again.
TRIGGERS = [
    (
        "red_box_of_new_window",
        "red_windows",
        "INSERT",
        None,
        f"""
        INSERT INTO red_boxes (red_party, authorisation, edition)
        VALUES (NEW.red_party, NEW.authorisation, {{edition}})
        ON CONFLICT (red_party, authorisation) DO UPDATE SET edition = {{edition}};
        {FILL} AND red_windows.id = NEW.id ON CONFLICT DO NOTHING;
        """,
    ),
    (
        "red_inbox_of_moved_window",
        "red_windows",
        "UPDATE OF opens_at, closes_at",
        None,
        NOT_COVERED.format(moved="(available_at < NEW.opens_at OR available_at >= NEW.closes_at)")
        + f"""
        {FILL} AND red_windows.id = NEW.id
            AND (notifications.available_at < OLD.opens_at OR notifications.available_at >= OLD.closes_at)
        ON CONFLICT DO NOTHING;
        """,
    ),
    (
        "red_box_of_reopened_window",
        "red_windows",
        "UPDATE OF opens_at",
        "OLD.opens_at <> NEW.opens_at",
        NEW_EDITION.replace("{row}", "NEW"),
    ),
    (
        "red_inbox_of_deleted_window",
        "red_windows",
        "DELETE",
        None,
        NOT_COVERED.format(moved="1 = 1") + NEW_EDITION.replace("{row}", "OLD"),
    ),
    (
        "red_changes_of_new_item",
        "red_inbox",
        "INSERT",
        None,
        """
        INSERT INTO red_changes (box_id, position, code)
        SELECT NEW.box_id, position, NEW.code FROM changes WHERE notification_code = NEW.code;
        """,
    ),
    (
        "red_changes_of_deleted_item",
        "red_inbox",
        "DELETE",
        None,
        """
        DELETE FROM red_changes WHERE box_id = OLD.box_id
            AND position IN (SELECT position FROM changes WHERE notification_code = OLD.code);
        """,
    ),
    ("red_inbox_of_new_notification", "notifications", "INSERT", None, FILL_OF_ONE),
    (
        "red_inbox_of_decided_notification",
        "notifications",
        "UPDATE OF state",
        "OLD.state <> NEW.state",
        f"""
        UPDATE red_inbox SET state = NEW.state
        WHERE code = NEW.code AND box_id IN ({BOXES_OF} NEW.addressee_id);
        """,
    ),
    (
        "red_inbox_of_moved_notification",
        "notifications",
        "UPDATE OF addressee_id, ground, is_obliged, available_at",
        None,
        f"""
        DELETE FROM red_inbox WHERE code = OLD.code AND box_id IN ({BOXES_OF} OLD.addressee_id);
        {FILL_OF_ONE}
        """,
    ),
    (
        "own_changes_of_moved_notification",
        "notifications",
        "UPDATE OF addressee_id",
        "OLD.addressee_id <> NEW.addressee_id",
        """
        DELETE FROM own_changes WHERE addressee_id = OLD.addressee_id
            AND position IN (SELECT position FROM changes WHERE notification_code = NEW.code);
        INSERT INTO own_changes (addressee_id, position)
        SELECT NEW.addressee_id, position FROM changes WHERE notification_code = NEW.code;
        """,
    ),
    (
        "followed_by_new_change",
        "changes",
        "INSERT",
        None,
        f"""
        INSERT INTO own_changes (addressee_id, position)
        SELECT addressee_id, NEW.position FROM notifications WHERE code = NEW.notification_code;
        INSERT INTO red_changes (box_id, position, code)
        SELECT box_id, NEW.position, code FROM red_inbox
        WHERE code = NEW.notification_code AND box_id IN (
            {BOXES_OF} (SELECT addressee_id FROM notifications WHERE code = NEW.notification_code)
        );
        """,
    ),
]


def upgrade() -> None:
    """Build the tables and their indexes, fill them, and have the database keep them."""
    create_tables()
    create_indexes()
    # From here on assignments wait.
    create_triggers("red_windows")
    edition = EDITION[op.get_bind().dialect.name]
    op.execute(
        f"""
        INSERT INTO red_boxes (red_party, authorisation, edition)
        SELECT red_party, authorisation, {edition} FROM red_windows GROUP BY red_party, authorisation
        """
    )
    code, position = last("notifications", "code"), last("changes", "position")
    op.execute(FILL)
    fill_changes(position)
    # From here on every writer waits, for as long as it takes to take up what came meanwhile.
    create_triggers("red_inbox")
    create_triggers("notifications")
    create_triggers("changes")
    if op.get_bind().dialect.name == "postgresql":
        take_up(code, position)
    # Last: who drops an index lets nobody read its table until the end.
    op.create_index("ix_powers_attorney_grantor_id", "powers", ["attorney", "grantor_id"])
    op.drop_index("ix_powers_attorney", "powers")


def create_tables() -> None:
    """Build the tables."""
    op.create_table(
        "red_boxes",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("red_party", sa.String(9), nullable=False),
        sa.Column("authorisation", sa.String(16), nullable=False),
        sa.Column("edition", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_red_boxes"),
        sa.UniqueConstraint("red_party", "authorisation", name="uq_red_boxes_red_party_authorisation"),
    )
    op.create_table(
        "red_inbox",
        sa.Column("box_id", sa.Integer, nullable=False),
        sa.Column("code", BIG, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("available_at", INSTANT, nullable=False),
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("special_category", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("box_id", "code", name="pk_red_inbox"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "red_changes",
        sa.Column("box_id", sa.Integer, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("code", BIG, nullable=False),
        sa.PrimaryKeyConstraint("box_id", "position", name="pk_red_changes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "own_changes",
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.PrimaryKeyConstraint("addressee_id", "position", name="pk_own_changes"),
        sqlite_with_rowid=False,
    )


def create_indexes() -> None:
    """Build the indexes of what is asked of them, and of windows."""
    op.create_index(
        "ix_red_inbox_state",
        "red_inbox",
        ["box_id", "state", "code", "available_at", "special_category"],
    )
    op.create_index(
        "ix_red_inbox_counted",
        "red_inbox",
        ["box_id", "state", "issuing_body_id", "special_category", "available_at"],
    )
    op.create_index("ix_red_inbox_available_at", "red_inbox", ["box_id", "available_at", "code"])
    op.create_index(
        "ix_red_windows_red_party_authorisation_opens_at",
        "red_windows",
        ["red_party", "authorisation", "opens_at"],
    )


def create_triggers(table: str) -> None:
    """Have the database keep what follows from a table."""
    dialect = op.get_bind().dialect.name
    for name, of_table, event, condition, body in TRIGGERS:
        if of_table != table:
            continue
        statements = body.replace("{edition}", EDITION[dialect])
        when = "" if condition is None else f"WHEN ({condition})"
        begins = f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when}"
        if dialect == "sqlite":
            op.execute(f"{begins} BEGIN {statements} END")
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {statements} RETURN NULL; END $$"
        )
        op.execute(f"{begins} EXECUTE FUNCTION {name}()")


def fill_changes(position: int) -> None:
    """Write whose each change up to that place is."""
    of_addressees = """
        INSERT INTO own_changes (addressee_id, position)
        SELECT addressee_id, changes.position FROM changes
        JOIN notifications ON notifications.code = changes.notification_code
        WHERE changes.position <= :position
    """
    of_boxes = """
        INSERT INTO red_changes (box_id, position, code)
        SELECT box_id, changes.position, code FROM changes
        JOIN red_inbox ON red_inbox.code = changes.notification_code WHERE changes.position <= :position
    """
    for statement in (of_addressees, of_boxes):
        op.get_bind().execute(sa.text(statement), {"position": position})


def take_up(code: int, position: int) -> None:
    """Take up what others have committed while the tables were filled: published, decided, found anew.

    Each of these has left an event since, that has its place or waits for it, or will arrive yet. All that
    is kept of such a notification is written anew; of its items the triggers write the changes.
    """
    fresh = f"""
        SELECT code FROM notifications WHERE code > {code} OR state = 'scheduled'
        UNION SELECT notification_code FROM changes WHERE position > {position}
        UNION SELECT notification_code FROM events JOIN unplaced_changes ON event_id = events.id
    """
    op.execute(f"DELETE FROM red_inbox WHERE code IN ({fresh})")
    op.execute(f"{FILL} AND notifications.code IN ({fresh})")
    # By whomever it was addressed to before.
    op.execute(
        f"""
        DELETE FROM own_changes
        WHERE position IN (SELECT position FROM changes WHERE notification_code IN ({fresh}))
        """
    )
    op.execute(
        f"""
        INSERT INTO own_changes (addressee_id, position)
        SELECT addressee_id, changes.position FROM changes
        JOIN notifications ON notifications.code = changes.notification_code
        WHERE changes.notification_code IN ({fresh})
        """
    )


def last(table: str, column: str) -> int:
    """Return the greatest number that a table has given; 0 for an empty one."""
    found: int | None = op.get_bind().scalar(sa.text(f"SELECT max({column}) FROM {table}"))
    return found or 0


def downgrade() -> None:
    """Drop the triggers and what they have written."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.create_index("ix_powers_attorney", "powers", ["attorney"])
    op.drop_index("ix_powers_attorney_grantor_id", "powers")
    op.drop_index("ix_red_windows_red_party_authorisation_opens_at", "red_windows")
    for table in ("own_changes", "red_changes", "red_inbox", "red_boxes"):
        op.drop_table(table)
