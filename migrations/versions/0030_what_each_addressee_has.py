"""What each addressee has, with all that a page or a count asks of it: kept ready by the database itself.

The deployment rule stands in `script.py.mako`. Triggers write the table, so that a worker of the release
before fills it too. It is filled here, once, by a statement that on PostgreSQL holds up no writer: only
then are the triggers made, for which writers wait, and what came meanwhile is taken up. SQLite, which has
one writer, takes 25 s for a million notifications.

Changes that move nothing are no longer kept for anybody; the release before looks for none of them either.
On PostgreSQL `own_changes.code` of what has its place already stays null, and is looked up.

A step that rewrites `notifications`, `changes`, `red_inbox` or `red_windows` on SQLite
(`batch_alter_table`) loses their triggers and makes them anew.

Revision: 0030, after 0029 (2026-11-27)
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

FILL = """
    INSERT INTO own_inbox (addressee_id, code, state, available_at, deadline, decided_at, issuing_body_id,
        special_category, procedure, matter)
    SELECT notifications.addressee_id, notifications.code, notifications.state, notifications.available_at,
        notifications.deadline, notifications.decided_at, acts.issuing_body_id, acts.special_category,
        acts.procedure, acts.matter
    FROM notifications JOIN acts ON acts.id = notifications.act_id
"""
KEEP = """
    UPDATE own_inbox SET addressee_id = NEW.addressee_id, state = NEW.state, available_at = NEW.available_at,
        deadline = NEW.deadline, decided_at = NEW.decided_at
    WHERE addressee_id = OLD.addressee_id AND code = OLD.code;
"""
# `law/lifecycle.MOVING_NOTHING`, as it is now.
MOVES = "(events.nature IS NULL OR events.nature NOT IN ('absent', 'deceased', 'information'))"
BOXES_OF = """
    SELECT red_boxes.id FROM red_windows JOIN red_boxes
    ON red_boxes.red_party = red_windows.red_party AND red_boxes.authorisation = red_windows.authorisation
    WHERE red_windows.addressee_id =
"""

# Name, table, event, condition, what is done.
Trigger = tuple[str, str, str, str | None, str]
NEW_TRIGGERS: list[Trigger] = [
    (
        "own_inbox_of_new_notification",
        "notifications",
        "INSERT",
        None,
        f"{FILL} WHERE notifications.code = NEW.code ON CONFLICT DO NOTHING;",
    ),
    (
        "own_inbox_of_changed_notification",
        "notifications",
        "UPDATE OF addressee_id, state, available_at, deadline, decided_at",
        None,
        KEEP,
    ),
]
# Those that are there, as they are from here on.
CHANGED_TRIGGERS: list[Trigger] = [
    (
        "followed_by_new_change",
        "changes",
        "INSERT",
        None,
        f"""
        INSERT INTO own_changes (addressee_id, position, code)
        SELECT addressee_id, NEW.position, code FROM notifications
        WHERE code = NEW.notification_code
            AND EXISTS (SELECT 1 FROM events WHERE events.id = NEW.event_id AND {MOVES});
        INSERT INTO red_changes (box_id, position, code)
        SELECT box_id, NEW.position, code FROM red_inbox
        WHERE code = NEW.notification_code AND box_id IN (
            {BOXES_OF} (SELECT addressee_id FROM notifications WHERE code = NEW.notification_code)
        ) AND EXISTS (SELECT 1 FROM events WHERE events.id = NEW.event_id AND {MOVES});
        """,
    ),
    (
        "own_changes_of_moved_notification",
        "notifications",
        "UPDATE OF addressee_id",
        "OLD.addressee_id <> NEW.addressee_id",
        f"""
        DELETE FROM own_changes WHERE addressee_id = OLD.addressee_id
            AND position IN (SELECT position FROM changes WHERE notification_code = NEW.code);
        INSERT INTO own_changes (addressee_id, position, code)
        SELECT NEW.addressee_id, changes.position, NEW.code
        FROM changes JOIN events ON events.id = changes.event_id
        WHERE changes.notification_code = NEW.code AND {MOVES};
        """,
    ),
    (
        "red_changes_of_new_item",
        "red_inbox",
        "INSERT",
        None,
        f"""
        INSERT INTO red_changes (box_id, position, code)
        SELECT NEW.box_id, changes.position, NEW.code
        FROM changes JOIN events ON events.id = changes.event_id
        WHERE changes.notification_code = NEW.code AND {MOVES};
        """,
    ),
]
# The same, as 0029 has made them.
TRIGGERS_BEFORE: list[Trigger] = [
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
        "red_changes_of_new_item",
        "red_inbox",
        "INSERT",
        None,
        """
        INSERT INTO red_changes (box_id, position, code)
        SELECT NEW.box_id, position, NEW.code FROM changes WHERE notification_code = NEW.code;
        """,
    ),
]


def upgrade() -> None:
    """Build the table, fill it, and have the database keep it; leave out what moves nothing."""
    op.create_table(
        "own_inbox",
        sa.Column("addressee_id", sa.Integer, nullable=False),
        sa.Column("code", BIG, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("available_at", INSTANT, nullable=False),
        sa.Column("deadline", INSTANT),
        sa.Column("decided_at", INSTANT),
        sa.Column("issuing_body_id", sa.Integer, nullable=False),
        sa.Column("special_category", sa.Boolean, nullable=False),
        sa.Column("procedure", sa.String(16), nullable=False),
        sa.Column("matter", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("addressee_id", "code", name="pk_own_inbox"),
        sqlite_with_rowid=False,
    )
    code, position = last("notifications", "code"), last("changes", "position")
    # Grantor by grantor, so that a page lies together on PostgreSQL too.
    op.execute(f"{FILL} ORDER BY notifications.addressee_id, notifications.code")
    leave_out_what_moves_nothing(0)
    # From here on every writer waits, for as long as it takes to take up what came meanwhile.
    if op.get_bind().dialect.name == "postgresql":
        # In the order in which writers come to them.
        op.execute("LOCK TABLE notifications, red_inbox, changes IN SHARE ROW EXCLUSIVE MODE")
    op.add_column("own_changes", sa.Column("code", BIG))
    for trigger in NEW_TRIGGERS:
        create_trigger(trigger)
    for trigger in CHANGED_TRIGGERS:
        replace_trigger(trigger)
    take_up(code, position)


def take_up(code: int, position: int) -> None:
    """Take up what others have committed while the table was filled: published, decided, found anew."""
    leave_out_what_moves_nothing(position)
    if op.get_bind().dialect.name == "sqlite":
        # Nobody else has written meanwhile.
        op.execute(
            """
            UPDATE own_changes SET code = (
                SELECT notification_code FROM changes WHERE changes.position = own_changes.position
            )
            """
        )
        return
    # What was published for later may have been found anew, and a deadline moved, which are no changes to
    # anybody; clocks differ by minutes, and no transaction lasts as long.
    fresh = f"""
        SELECT code FROM notifications WHERE code > {code} OR state = 'scheduled'
        UNION SELECT notification_code FROM changes WHERE position > {position}
        UNION SELECT notification_code FROM events JOIN unplaced_changes ON event_id = events.id
        UNION SELECT notification_code FROM deadline_changes WHERE at > now() - INTERVAL '1 hour'
    """
    op.execute(f"DELETE FROM own_inbox WHERE code IN ({fresh})")
    op.execute(f"{FILL} WHERE notifications.code IN ({fresh})")


def leave_out_what_moves_nothing(after: int) -> None:
    """Delete the places of changes that move nothing, of those that follow one."""
    which = f"""
        SELECT changes.position FROM events JOIN changes ON changes.event_id = events.id
        WHERE NOT {MOVES} AND changes.position > {after}
    """
    op.execute(f"DELETE FROM own_changes WHERE position IN ({which})")
    op.execute(f"DELETE FROM red_changes WHERE position IN ({which})")


def create_trigger(trigger: Trigger) -> None:
    """Have the database keep what follows from a table."""
    name, table, event, condition, statements = trigger
    when = "" if condition is None else f"WHEN ({condition})"
    begins = f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when}"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"{begins} BEGIN {statements} END")
        return
    write_function(name, statements)
    op.execute(f"{begins} EXECUTE FUNCTION {name}()")


def replace_trigger(trigger: Trigger) -> None:
    """Have it keep something else from now on."""
    name, *_, statements = trigger
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {name}")
        create_trigger(trigger)
    else:
        write_function(name, statements)


def write_function(name: str, statements: str) -> None:
    """Write what a trigger of PostgreSQL does."""
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {statements} RETURN NULL; END $$"
    )


def last(table: str, column: str) -> int:
    """Return the greatest number that a table has given; 0 for an empty one."""
    found: int | None = op.get_bind().scalar(sa.text(f"SELECT max({column}) FROM {table}"))
    return found or 0


def downgrade() -> None:
    """Drop the table and what keeps it; what moves nothing stays left out, since nobody looks for it."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for trigger in TRIGGERS_BEFORE:
        replace_trigger(trigger)
    for name, table, *_ in NEW_TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}" if is_postgresql else f"DROP TRIGGER {name}")
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    # Not by `batch_alter_table`, which knows nothing of WITHOUT ROWID.
    op.execute("ALTER TABLE own_changes DROP COLUMN code")
    op.drop_table("own_inbox")
