"""Pages of notifications and changes as text, straight from the columns of their rows.

They are what the contract's writer would write of the same notifications, in less time: nothing is made
of a row only to be written. Tests compare both, and the canonicaliser's form.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.row_text import CUT, FLAG
from notigateway.contract.versions import Version
from notigateway.contract.writing import write_content
from notigateway.instants import duration_text, instant_text
from notigateway.law.information import HELD_BACK, information_until
from notigateway.law.lifecycle import UNDECIDED, Standing, State, effective_state
from notigateway.soap.notigateway_v1.marks_answers import marks_of
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from notigateway.addressee.following import ChangesPage
    from notigateway.addressee.mailbox import Page
    from notigateway.law.lifecycle import Kind
    from notigateway.repository.marks import Marks
    from notigateway.repository.rights_told import RightTold


def render_page(page: Page, version: Version) -> bytes:
    """Return the element `ListNotificationsResponse` of a page as canonical bytes."""
    return b"".join(_pieces(page, version))


def _pieces(page: Page, version: Version) -> Iterator[bytes]:
    """Yield the answer's text in order."""
    has_more = FLAG[page.next_cursor is not None]
    cursor = "" if page.next_cursor is None else f"<nextCursor>{page.next_cursor}</nextCursor>"
    yield (
        f'<ListNotificationsResponse xmlns="{NOTIGATEWAY_V1}"><asOf>{instant_text(page.as_of)}</asOf>'
        f"<hasMore>{has_more}</hasMore>{cursor}"
    ).encode()
    yield from _notifications(page, version)
    yield b"</ListNotificationsResponse>"


def render_changes(page: ChangesPage, version: Version) -> bytes:
    """Return the element `ListChangesResponse` of a page as canonical bytes."""
    return b"".join(_change_pieces(page, version))


def _change_pieces(page: ChangesPage, version: Version) -> Iterator[bytes]:
    """Yield the answer's text in order."""
    yield (
        f'<ListChangesResponse xmlns="{NOTIGATEWAY_V1}"><asOf>{instant_text(page.as_of)}</asOf>'
        f"<hasMore>{FLAG[page.has_more]}</hasMore><nextCursor>{page.next_cursor}</nextCursor>"
        f"<rightsChanged>{FLAG[page.rights_changed]}</rightsChanged>"
    ).encode()
    notifications = _notifications(page, version)
    for row, notification in zip(page.rows, notifications, strict=True):
        state, at = shown_event(row.event_state, row.at, row.available_at)
        channel = "" if row.channel is None else f"<channel>{row.channel}</channel>"
        reported = (
            "" if row.reported_at is None else f"<reportedAt>{instant_text(row.reported_at)}</reportedAt>"
        )
        yield (
            f"<change><eventId>{row.event_id}</eventId><state>{state}</state><at>{instant_text(at)}</at>"
            f"{channel}{reported}"
        ).encode()
        yield notification
        is_told = row.nature is not None and version >= Version.V1_1
        yield f"<nature>{row.nature}</nature></change>".encode() if is_told else b"</change>"
    for right in page.rights:  # nothing where they were not asked for
        yield _right(right)
    yield b"</ListChangesResponse>"


def _right(right: RightTold) -> bytes:
    """Return the element `rightsChange`."""
    kind = "gained" if right.is_gained else "lost"
    reference = "" if right.reference is None else f"<reference>{right.reference}</reference>"
    at = "" if right.at is None else f"<at>{instant_text(right.at)}</at>"
    return (
        f"<rightsChange><kind>{kind}</kind><addressee><identifier>{right.identifier}</identifier>"
        f"<name>{canonical_text(right.name)}</name></addressee><role>{right.role}</role>{reference}{at}"
        "</rightsChange>"
    ).encode()


def shown_event(state: State, at: datetime, available_at: datetime) -> tuple[State, datetime]:
    """Return state and instant of an event as callers see it: before its time nothing exists for them."""
    return (State.AVAILABLE, available_at) if state is State.SCHEDULED else (state, at)


def _notifications(page: Page | ChangesPage, version: Version) -> Iterator[bytes]:
    """Yield an element `notification` for each row, as it stands at the instant of the page."""
    rows: Iterable[Any] = page.rows
    as_of, information_years = page.as_of, page.information_years

    # A page holds thousands of rows that stand in a handful of ways. Of what is decided the deadline says
    # nothing more about how it stands, and in the mailbox of a year there is one for each day.
    @cache
    def stands(
        kind: Kind,
        state: State,
        deadline: datetime | None,
        since: datetime | None,
        *,
        role: str,
        has_arrived: bool,
    ) -> tuple[State, bytes, bytes]:
        """Return the state at `as_of`, and what is said of capacity and state, and of the time left.

        That it has arrived is all of when it did.
        """
        available_at = as_of if has_arrived else as_of + timedelta(milliseconds=1)
        shown = effective_state(Standing(kind, state, available_at, deadline, since), as_of)
        seen = f"{role}</role><state>{shown}".encode()
        if deadline is None or shown not in UNDECIDED:
            return shown, seen, b""
        # Nothing is left, and nothing lapses, of a deadline that an outage is about to move.
        left = duration_text(max(deadline - as_of, timedelta(0)))
        return shown, seen, f"<timeLeft>{left}</timeLeft>".encode()

    is_later = version >= Version.V1_1
    for row in rows:
        is_open = row.state in UNDECIDED
        state, seen, left = stands(
            row.kind,
            row.state,
            row.deadline if is_open else None,
            row.outage_since if is_open else None,
            role=row.role,
            has_arrived=row.available_at <= as_of,
        )
        due = _due(row.deadline)
        before, arrived, documents, later, last = row.text.split(CUT)
        if is_later:
            until = _until(row, state, information_years)
            marks = _marks(page.marks.get(row.code))
            yield b"".join((before, seen, arrived, due, left, documents, later, until, last, marks, _END))
        else:
            yield b"".join((before, seen, arrived, due, left, documents, _END))


_END: Final = b"</notification>"


def _marks(found: Marks | None) -> bytes:
    """Return what the party has noted of a row; nothing where it has not, or nobody asks."""
    marks = marks_of(found)
    return b"" if marks is None else f"<marks>{write_content(marks)}</marks>".encode()


@lru_cache(maxsize=4096)
def _due(deadline: datetime | None) -> bytes:
    """Return what is said of a deadline: a midnight, of which ten years have less than that many."""
    return b"" if deadline is None else f"<deadline>{instant_text(deadline)}</deadline>".encode()


def _until(row: Any, state: State, years: int) -> bytes:  # noqa: ANN401  (a row of many columns)
    """Return until when a row that stands so may be read for information; nothing where it may not."""
    if state not in HELD_BACK:
        return b""
    standing = Standing(row.kind, state, row.available_at, row.deadline, None, row.decided_at)
    until = information_until(standing, row.available_at, years=years)
    return b"" if until is None else f"<informationUntil>{instant_text(until)}</informationUntil>".encode()
