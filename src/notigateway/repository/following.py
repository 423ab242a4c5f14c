"""Named queries of those who follow: changes in the order of their commit, counts, and history."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from notigateway.law.lifecycle import State
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification
from notigateway.repository.notifications import row_columns, visible_to
from notigateway.repository.outages import DeadlineChange
from notigateway.repository.power_items import PowerItem
from notigateway.repository.red_users import windows_of_holders
from notigateway.repository.rights import Power, addressees_in_reach, is_in_force, role_of
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row, Select

    from notigateway.law.representation import RightsPolicy, Role
    from notigateway.repository.session import Session


def find_head(session: Session) -> int:
    """Return the last place that was taken; every place before it is taken for good."""
    return session.scalar(select(func.max(Change.position))) or 0


def find_hold(session: Session, party: str, *, now: datetime, until: datetime) -> int | None:
    """Return the first place of what was put at disposal at once, but by a clock that is ahead of `now`.

    Only clocks that differ by a little are meant: `until` is the latest instant looked at.
    """
    query = (
        select(func.min(Change.position))
        .join(Notification, Notification.code == Change.notification_code)
        .join(Event, Event.id == Change.event_id)
        .where(
            Notification.addressee_id.in_(addressees_in_reach(party, now)),
            Notification.available_at > now,
            Notification.available_at <= until,
            Event.state == State.AVAILABLE,
            Event.nature.is_(None),
        )
    )
    return session.scalar(query)


def list_changes_after(
    session: Session, places: tuple[int, int], *, party: str, limit: int, now: datetime, rights: RightsPolicy
) -> Sequence[Row[*tuple[object, ...]]]:
    """Return changes after one place and until another, of what the party may know of at `now`."""
    query = _visible_changes(party, now, rights).where(
        Change.position > places[0], Change.position <= places[1]
    )
    return session.execute(query.limit(limit)).all()


def list_changes_arrived(
    session: Session,
    *,
    between: tuple[datetime, datetime],
    places: tuple[int, int],
    party: str,
    limit: int,
    now: datetime,
    rights: RightsPolicy,
) -> Sequence[Row[*tuple[object, ...]]]:
    """Return changes of what came to be at disposal after one instant and until another.

    `places` are the place after which to begin and the last one.
    """
    query = _visible_changes(party, now, rights).where(
        Notification.available_at > between[0],
        Notification.available_at <= between[1],
        Change.position > places[0],
        Change.position <= places[1],
    )
    return session.execute(query.limit(limit)).all()


def _visible_changes(party: str, now: datetime, rights: RightsPolicy) -> Select[*tuple[object, ...]]:
    """Select changes with the list row of their notification, in the order of their places."""
    role = role_of(party, now, rights=rights)
    return (
        row_columns(role)
        .add_columns(
            Change.position,
            Event.id.label("event_id"),
            Event.state.label("event_state"),
            Event.at,
            Event.channel,
            Event.reported_at,
            Event.nature,
        )
        .join(Change, Change.notification_code == Notification.code)
        .join(Event, Event.id == Change.event_id)
        .where(visible_to(party, now, role=role), moves_something())
        .order_by(Change.position)
    )


def fingerprint_of_rights(session: Session, party: str, now: datetime) -> int:
    """Return a number (48 bits) that differs once the party represents others than before.

    A right that begins gives notifications whose changes lie far back in their order; one thing that a power
    names may end before the power does.
    """
    in_force = [Power.attorney == party, *is_in_force(Power, now)]
    powers = select(Power.id).where(*in_force)
    ended = select(PowerItem.id).join(Power, Power.id == PowerItem.power_id)
    ended = ended.where(*in_force, PowerItem.ended_at <= now)
    # What a RED person saw while a window was open stays visible after it has closed: that is no change.
    windows = select(RedWindow.id).where(RedWindow.red_party == party, RedWindow.opens_at <= now)
    successions = select(SuccessionRow.id).where(
        SuccessionRow.successor == party,
        SuccessionRow.communicated_at <= now,
        or_(SuccessionRow.ends_at.is_(None), SuccessionRow.ends_at > now),
    )
    of_holders = windows_of_holders(party, now).with_only_columns(RedWindow.id)
    of_holders = of_holders.where(RedWindow.opens_at <= now)
    queries = (powers, ended, windows, of_holders, successions)
    titles = sorted(one.bytes for query in queries for one in session.scalars(query))
    return int.from_bytes(hashlib.sha256(b"".join(titles)).digest()[:6]) if titles else 0


def count_groups(
    session: Session, *, party: str, role: Role | None, now: datetime, rights: RightsPolicy
) -> Sequence[Row[*tuple[object, ...]]]:
    """Count what the party may know of, by kind, stored state, deadline and issuing body."""
    columns = (
        Notification.kind,
        Notification.state,
        Notification.deadline,
        IssuingBody.dir3,
        IssuingBody.acronym,
        IssuingBody.name,
    )
    held = role_of(party, now, rights=rights)
    query = (
        select(*columns, Notification.outage_since, func.count().label("count_"))
        .select_from(Notification)
        .join(Act, Notification.act_id == Act.id)
        .join(IssuingBody, Act.issuing_body_id == IssuingBody.id)
        .join(Addressee, Notification.addressee_id == Addressee.id)
        .where(visible_to(party, now, role=held))
        .group_by(*columns)
        .order_by(IssuingBody.dir3, Notification.deadline)
    )
    if role is not None:
        query = query.where(held == str(role))
    return session.execute(query).all()


def list_deadline_changes(session: Session, notification: Notification) -> Sequence[DeadlineChange]:
    """Return every change of a notification's deadline, oldest first."""
    query = select(DeadlineChange).where(DeadlineChange.notification_code == notification.code)
    return session.scalars(query.order_by(DeadlineChange.position)).all()
