"""What has changed since, counts of what there is, and the history of one notification.

Changes are given: every one of what the caller may see, in the order of commit. What a cursor has given
is a rectangle: changes up to a position, of notifications at disposal up to an instant. A page
enlarges it and gives exactly what was added: changes committed since, and those of notifications
that were published for later and whose time has come since. So there is neither gap nor repetition,
and nothing depends on a job having run in time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.addressee.rights_followed import RightsPage, Told, compare_titles, follow_titles
from notigateway.cursors import read_place_and, write_place
from notigateway.errors import InvalidCursorError, NotificationUnknownError
from notigateway.law.deadlines import MADRID
from notigateway.law.information import INFORMATION_YEARS
from notigateway.law.lifecycle import UNDECIDED, Standing, State, effective_state
from notigateway.receipts.asking import Looking
from notigateway.repository.counting import count_groups
from notigateway.repository.following import (
    find_head,
    find_hold,
    list_changes_after,
    list_changes_arrived,
    list_deadline_changes,
)
from notigateway.repository.mails import list_told
from notigateway.repository.marks import find_marks
from notigateway.repository.notifications import find_visible
from notigateway.repository.reached import find_reach
from notigateway.repository.rights_seen import find_titles
from notigateway.repository.sources import Places
from notigateway.repository.users import find_registrations
from notigateway.sketches import SKETCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from notigateway.law.representation import RightsPolicy, Role
    from notigateway.receipts.asking import Asking
    from notigateway.repository.mails import ToldNotice
    from notigateway.repository.marks import Marks
    from notigateway.repository.model import Event, Notification
    from notigateway.repository.outages import DeadlineChange
    from notigateway.repository.reached import Reach
    from notigateway.repository.rights_told import RightTold
    from notigateway.repository.session import Session

    Rows = Sequence[Row[*tuple[object, ...]]]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# How far the clocks of two workers may differ; a cursor further ahead is from another time.
_CLOCKS_DIFFER_AT_MOST: Final = timedelta(minutes=5)
_NUMBERS: Final = 5


@dataclass(frozen=True)
class Place:
    """How far a caller has come: changes up to `position`, of what was at disposal by `reached`.

    While `aim` is later than `reached`, the changes of what came to be at disposal in between are
    being given, page by page; those up to `arrived` have been.
    """

    position: int = 0
    reached: datetime = _EPOCH
    aim: datetime = _EPOCH
    arrived: int = 0


@dataclass(frozen=True)
class ChangesPage:
    """A page of changes; `next_cursor` is always usable, now or in a month.

    `rights_changed` says that the caller represents others than when its cursor was given: what it
    gained by that is not among the changes, a list shows it. Where it asked for that, `rights` tells it by
    addressee instead, and `rights_changed` only that it is too much to be told so.
    """

    rows: Rows
    as_of: datetime
    has_more: bool
    next_cursor: str
    rights_changed: bool
    information_years: int = INFORMATION_YEARS
    rights: Sequence[RightTold] = ()
    # The party's marks by code, where they are asked for.
    marks: Mapping[int, Marks] = field(default_factory=dict)


@dataclass(frozen=True)
class Following:
    """What a party follows, by the rights that the operator's policy gives."""

    rights: RightsPolicy
    information_years: int = INFORMATION_YEARS

    def list_changes(
        self,
        session: Session,
        asking: Asking | Looking,
        *,
        cursor: str | None,
        page_size: int,
        from_now: bool = False,
        with_rights: bool = False,
        with_marks: bool = False,
    ) -> ChangesPage:
        """Return the next page of changes; with `from_now` none, only the cursor of what comes from now on.

        What the caller may see is evaluated now; what became of its titles is told first, `with_rights` one
        by one. No legal effect.

        Raises: `InvalidCursorError`; also for a cursor of changes that have gone back, as after a restore.
        """
        party, now = asking.party, asking.now
        reach, rights = _reach_of(session, asking), asking.rights(self.rights)
        titles = find_titles(session, reach)
        place, told = (Place(), None) if cursor is None else _read(cursor, party)
        head = find_head(session)
        if place.position > head or place.aim - now > _CLOCKS_DIFFER_AT_MOST:
            raise InvalidCursorError("lies ahead of the last change")
        # What another process has just committed may be at disposal only some milliseconds from this
        # request's `now`: the place stays before it, or it would come after what was committed later.
        hold = find_hold(session, reach, until=now + _CLOCKS_DIFFER_AT_MOST, rights=rights)
        head = head if hold is None else max(hold - 1, place.position)
        # Else another worker's clock was ahead: going back would repeat changes.
        is_on_time = from_now or now >= place.aim
        if not with_rights:
            news = compare_titles(titles, told)
        elif told is not None and not is_on_time:
            news = RightsPage(told)
        else:
            known = None if from_now else told
            caller = None if isinstance(asking, Looking) else asking.caller
            news = follow_titles(session, reach, titles, known, most=page_size, caller=caller)
        rows: Rows = ()
        has_more = news.has_more
        room = page_size - len(news.rows)
        if from_now:
            place = Place(head, now, now)
        elif is_on_time and room:
            rows, place, is_left = _Reader(session, reach, room, rights).advance(place, head)
            has_more = has_more or is_left
        elif is_on_time:
            has_more = True
        return ChangesPage(
            rows,
            now,
            has_more,
            _write(place, news.told, party),
            news.has_changed,
            self.information_years,
            news.rows,
            find_marks(session, reach.sharing, {row.code for row in rows}) if with_marks else {},
        )

    def get_summary(self, session: Session, asking: Asking, *, role: Role | None) -> Summary:
        """Count what the caller may see, in one capacity or in all. No legal effect."""
        summary = Summary(asking.now)
        reach = _reach_of(session, asking)
        for row in count_groups(session, reach, role=role, rights=asking.rights(self.rights)):
            summary.add(row)
        return summary

    def get_history(self, session: Session, asking: Asking, notification_id: UUID) -> History:
        """Return the events of a notification that the caller may see. No legal effect.

        Raises: `NotificationUnknownError`.
        """
        wanted = [notification_id]
        rights = asking.rights(self.rights)
        registrations = find_registrations(session, asking.caller, asking.now)
        found = find_visible(
            session, wanted, party=asking.party, now=asking.now, rights=rights, registrations=registrations
        )
        notification = found.get(notification_id)
        if notification is None:
            raise NotificationUnknownError
        changes = list_deadline_changes(session, notification)
        told = list_told(session, notification.code, asking.party)
        return History(notification, notification.events, changes, self.information_years, told)


def _reach_of(session: Session, asking: Asking | Looking) -> Reach:
    # Who works for an entity shows that by its certificate: without a request nobody does.
    if isinstance(asking, Looking):
        return find_reach(session, asking.party, asking.now)
    registrations = find_registrations(session, asking.caller, asking.now)
    return find_reach(session, asking.party, asking.now, registrations)


@dataclass(frozen=True)
class _Reader:
    """One request's way through the changes, in one snapshot of the database."""

    session: Session
    reach: Reach
    page_size: int
    rights: RightsPolicy

    def advance(self, place: Place, head: int) -> tuple[Rows, Place, bool]:
        """Return the next changes, the place after them, and whether there are more."""
        now = self.reach.now
        aim = place.aim if place.aim > place.reached else now
        # One row more than there is room for tells whether others follow.
        arrived = list_changes_arrived(
            self.session,
            self.reach,
            Places(place.arrived, place.position),
            between=(place.reached, aim),
            limit=self.page_size + 1,
            rights=self.rights,
        )
        if len(arrived) > self.page_size:
            shown = arrived[: self.page_size]
            return shown, replace(place, aim=aim, arrived=shown[-1].position), True
        if aim < now:  # the round that an earlier request began is complete
            return arrived, Place(place.position, aim, aim), True
        room = self.page_size - len(arrived)
        fresh: Rows = (
            ()
            if head <= place.position
            else list_changes_after(
                self.session,
                self.reach,
                Places(place.position, head),
                limit=room + 1,
                rights=self.rights,
            )
        )
        shown, has_more = fresh[:room], len(fresh) > room
        last = shown[-1].position if shown else place.position
        # At the end the place moves past what the caller may not see, so that nobody looks at it again.
        return [*arrived, *shown], Place(last if has_more else head, now, now), has_more


def _read(cursor: str, party: str) -> tuple[Place, Told]:
    """Return the place that a cursor names, and what its caller was told of its titles."""
    numbers, sketch = read_place_and(cursor, count=_NUMBERS, size=SKETCH_BYTES, belongs_to=_belongs_to(party))
    position, reached, aim, arrived, rights = numbers
    try:
        return Place(position, _instant(reached), _instant(aim), arrived), Told(rights, sketch)
    except OverflowError as error:
        raise InvalidCursorError("out of time") from error


def _write(place: Place, told: Told, party: str) -> str:
    """Return the cursor that names a place."""
    instants = _milliseconds(place.reached), _milliseconds(place.aim)
    numbers = (place.position, *instants, place.arrived, told.fingerprint)
    return write_place(numbers, belongs_to=_belongs_to(party), beside=told.sketch)


def _belongs_to(party: str) -> tuple[str, str]:
    return ("changes", party)


def _milliseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


# --- counts -------------------------------------------------------------------------------------------


@dataclass
class BodyCount:
    """How many notifications of one issuing body there are, and how many of them are undecided."""

    dir3: str
    acronym: str
    name: str
    total: int = 0
    undecided: int = 0


@dataclass
class Summary:
    """Counts as of one instant; `by_days_left` holds the undecided ones, None for those without deadline.

    Days are those that remain after today, in Madrid: 0 means that today is the last one.
    """

    as_of: datetime
    total: int = 0
    by_state: Counter[State] = field(default_factory=Counter)
    by_issuing_body: dict[str, BodyCount] = field(default_factory=dict)
    by_days_left: Counter[int | None] = field(default_factory=Counter)

    def add(self, row: Row[*tuple[object, ...]]) -> None:
        """Count a group of notifications that have kind, state, deadline and issuing body in common."""
        # All of them are at disposal: the query has left out the others.
        standing = Standing(row.kind, row.state, self.as_of, row.deadline, row.outage_since)
        state = effective_state(standing, self.as_of)
        body = self.by_issuing_body.setdefault(row.dir3, BodyCount(row.dir3, row.acronym, row.name))
        self.total += row.count_
        self.by_state[state] += row.count_
        body.total += row.count_
        if state in UNDECIDED:
            body.undecided += row.count_
            self.by_days_left[_days_left(row.deadline, self.as_of)] += row.count_


def _days_left(deadline: datetime | None, now: datetime) -> int | None:
    """Return how many days in Madrid follow today until the last one of the term."""
    if deadline is None:
        return None
    # The term ends with its last day: the instant before the deadline is in it.
    last = (deadline - timedelta(microseconds=1)).astimezone(MADRID).date()
    # A deadline that an outage is about to move may have passed.
    return max((last - now.astimezone(MADRID).date()).days, 0)


# --- history ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """What happened to a notification, in the order in which it was recorded."""

    notification: Notification
    events: Sequence[Event]
    deadline_changes: Sequence[DeadlineChange]
    information_years: int = INFORMATION_YEARS
    # Of the caller's own: what others were told is theirs.
    notices: Sequence[ToldNotice] = ()
