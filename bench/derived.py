"""What a repository keeps beside the rows it is filled with: written here, where triggers do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from notigateway.repository.changes import Change
from notigateway.repository.engine import writing
from notigateway.repository.model import Act, Notification
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.pool import wait_as_long_as_it_takes
from notigateway.repository.red_inbox import RedBox, RedChange, RedItem
from notigateway.repository.windows import RedWindow, is_of_red_ground

if TYPE_CHECKING:
    from sqlalchemy import Engine, Select


def derive(engine: Engine) -> None:
    """Write what follows from rows that came since the last time.

    Filling PostgreSQL runs no triggers (see `bulk.py`); SQLite runs them as it is filled.
    """
    if engine.dialect.name == "sqlite":
        return
    for table, query in (
        (RedBox, _boxes()),
        (RedItem, _items()),
        (OwnItem, _own_items()),
        (OwnChange, _own_changes()),
        (RedChange, _red_changes()),
    ):
        with writing(engine) as session:
            # A million rows take longer than a request may.
            wait_as_long_as_it_takes(session.connection())
            session.execute(text("SET LOCAL statement_timeout = 0"))
            # What triggers would add here each of the next statements would take for what came before.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            columns = [str(column.key) for column in query.selected_columns]
            session.connection().execute(insert(table).from_select(columns, query).on_conflict_do_nothing())
            session.execute(text(f"ANALYZE {table.__tablename__}"))  # as autovacuum would in time


def _boxes() -> Select[*tuple[object, ...]]:
    """Return an authorisation for each that a window names."""
    return select(RedWindow.red_party, RedWindow.authorisation, literal(1).label("edition")).distinct()


def _items() -> Select[*tuple[object, ...]]:
    """Return what is for each authorisation."""
    known = select(func.coalesce(func.max(RedItem.code), 0)).scalar_subquery()
    was_open = and_(
        RedWindow.opens_at <= Notification.available_at,
        or_(RedWindow.closes_at.is_(None), Notification.available_at < RedWindow.closes_at),
    )
    return (
        select(
            RedBox.id.label("box_id"),
            Notification.code,
            Notification.state,
            Notification.available_at,
            Act.issuing_body_id,
            Act.special_category,
        )
        .distinct()
        .select_from(Notification)
        .join(Act, Act.id == Notification.act_id)
        .join(RedWindow, RedWindow.addressee_id == Notification.addressee_id)
        .join(
            RedBox,
            and_(RedBox.red_party == RedWindow.red_party, RedBox.authorisation == RedWindow.authorisation),
        )
        .where(was_open, is_of_red_ground(), Notification.code > known)
    )


def _own_items() -> Select[*tuple[object, ...]]:
    """Return what each addressee has."""
    known = select(func.coalesce(func.max(OwnItem.code), 0)).scalar_subquery()
    named = {**Notification.__table__.columns, **Act.__table__.columns}
    names = [column.key for column in OwnItem.__table__.columns]
    return (
        select(*(named[name] for name in names))
        .select_from(Notification)
        .join(Act, Act.id == Notification.act_id)
        .where(Notification.code > known)
    )


def _own_changes() -> Select[*tuple[object, ...]]:
    """Return whose each change is."""
    known = select(func.coalesce(func.max(OwnChange.position), 0)).scalar_subquery()
    of_it = Notification.code == Change.notification_code
    return (
        select(Notification.addressee_id, Change.position, Notification.code)
        .join(Notification, of_it)
        .where(Change.position > known)
    )


def _red_changes() -> Select[*tuple[object, ...]]:
    """Return for which authorisation each change is."""
    known = select(func.coalesce(func.max(RedChange.position), 0)).scalar_subquery()
    of_it = RedItem.code == Change.notification_code
    return (
        select(RedItem.box_id, Change.position, RedItem.code)
        .select_from(Change)
        .join(RedItem, of_it)
        .where(Change.position > known)
    )
