"""Pages of notifications and changes as text, straight from the columns of their rows.

They are what the contract's writer would write of the same notifications, in less time: nothing is made
of a row only to be written. Tests compare both, and the canonicaliser's form.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from notigateway.contract.versions import Version
from notigateway.instants import duration_text, instant_text
from notigateway.law.information import information_until
from notigateway.law.lifecycle import UNDECIDED, Standing, State, effective_state
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from notigateway.addressee.following import ChangesPage
    from notigateway.addressee.mailbox import Page

FLAG = {True: "true", False: "false"}


def render_page(page: Page, version: Version) -> bytes:
    """Return the element `ListNotificationsResponse` of a page as canonical bytes."""
    return "".join(_pieces(page, version)).encode()


def _pieces(page: Page, version: Version) -> Iterator[str]:
    """Yield the answer's text in order."""
    has_more = FLAG[page.next_cursor is not None]
    yield f'<ListNotificationsResponse xmlns="{NOTIGATEWAY_V1}">'
    yield f"<asOf>{instant_text(page.as_of)}</asOf><hasMore>{has_more}</hasMore>"
    if page.next_cursor is not None:
        yield f"<nextCursor>{page.next_cursor}</nextCursor>"

    yield from _notifications(page.rows, page.as_of, version, page.information_years)
    yield "</ListNotificationsResponse>"


def render_changes(page: ChangesPage, version: Version) -> bytes:
    """Return the element `ListChangesResponse` of a page as canonical bytes."""
    return "".join(_change_pieces(page, version)).encode()


def _change_pieces(page: ChangesPage, version: Version) -> Iterator[str]:
    """Yield the answer's text in order."""
    yield f'<ListChangesResponse xmlns="{NOTIGATEWAY_V1}"><asOf>{instant_text(page.as_of)}</asOf>'
    yield f"<hasMore>{FLAG[page.has_more]}</hasMore><nextCursor>{page.next_cursor}</nextCursor>"
    yield f"<rightsChanged>{FLAG[page.rights_changed]}</rightsChanged>"
    notifications = _notifications(page.rows, page.as_of, version, page.information_years)
    for row, notification in zip(page.rows, notifications, strict=True):
        state, at = shown_event(row.event_state, row.at, row.available_at)
        yield f"<change><eventId>{row.event_id}</eventId><state>{state}</state><at>{instant_text(at)}</at>"
        if row.channel is not None:
            yield f"<channel>{row.channel}</channel>"
        if row.reported_at is not None:
            yield f"<reportedAt>{instant_text(row.reported_at)}</reportedAt>"
        yield notification
        if row.nature is not None and version >= Version.V1_1:
            yield f"<nature>{row.nature}</nature>"
        yield "</change>"
    yield "</ListChangesResponse>"


def shown_event(state: State, at: datetime, available_at: datetime) -> tuple[State, datetime]:
    """Return state and instant of an event as callers see it: before its time nothing exists for them."""
    return (State.AVAILABLE, available_at) if state is State.SCHEDULED else (state, at)


def _notifications(
    rows: Iterable[Any], as_of: datetime, version: Version, information_years: int
) -> Iterator[str]:
    """Yield an element `notification` for each row, as it stands at `as_of`."""

    # Deadlines are midnights: a page holds thousands of rows and a handful of deadlines.
    @cache
    def deadline_text(deadline: datetime, *, is_open: bool) -> str:
        text = f"<deadline>{instant_text(deadline)}</deadline>"
        if not is_open:
            return text
        # Nothing is left, and nothing lapses, of a deadline that an outage is about to move.
        return f"{text}<timeLeft>{duration_text(max(deadline - as_of, timedelta(0)))}</timeLeft>"

    for row in rows:
        standing = Standing(
            row.kind, row.state, row.available_at, row.deadline, row.outage_since, row.decided_at
        )
        state = effective_state(standing, as_of)
        due = "" if row.deadline is None else deadline_text(row.deadline, is_open=state in UNDECIDED)
        later = ""
        if version >= Version.V1_1:
            later = _since_1_1(row, information_until(standing, as_of, years=information_years))
        yield f"<notification>{_since_1_0(row, state, due)}{later}</notification>"


def _since_1_0(row: Any, state: State, deadline: str) -> str:  # noqa: ANN401  (a row of many columns)
    """Return what every version says of a notification."""
    sizes = row.document_sizes.split()
    return (
        f"<code>{row.code}</code><id>{row.id}</id><kind>{row.kind}</kind>"
        f"<subject>{canonical_text(row.subject)}</subject>"
        f"<issuingBody><issuerId>{row.dir3}</issuerId><acronym>{canonical_text(row.acronym)}</acronym>"
        f"<name>{canonical_text(row.name)}</name></issuingBody>"
        f"<procedure>{canonical_text(row.procedure)}</procedure><matter>{canonical_text(row.matter)}</matter>"
        f"<addressee><identifier>{row.identifier}</identifier>"
        f"<name>{canonical_text(row.addressee_name)}</name></addressee>"
        f"<role>{row.role}</role><state>{state}</state>"
        f"<availableAt>{instant_text(row.available_at)}</availableAt>{deadline}"
        f"<specialCategory>{FLAG[row.special_category]}</specialCategory>"
        f"<documentCount>{len(sizes)}</documentCount>"
        f"{''.join(f'<documentSize>{size}</documentSize>' for size in sizes)}"
    )


def _since_1_1(row: Any, until: datetime | None) -> str:  # noqa: ANN401  (as above)
    """Return what contract 1.1 says beyond it."""
    ground = "" if row.ground is None else f"<obligationGround>{row.ground}</obligationGround>"
    paper = "" if row.paper is None else f"<paper>{row.paper}</paper>"
    readable = "" if until is None else f"<informationUntil>{instant_text(until)}</informationUntil>"
    accounts = "".join(
        f"<{name}>{account}</{name}>"
        for name, account in (("ccc", row.ccc), ("naf", row.naf))
        if account is not None
    )
    named = f"<reference>{canonical_text(row.reference)}</reference>"
    return f"{named}{ground}{paper}{readable}{accounts}{_predecessor(row)}"


def _predecessor(row: Any) -> str:  # noqa: ANN401  (as above)
    """Return whom the act names, where its addressee has taken that place."""
    if row.predecessor is None:
        return ""
    name = canonical_text(row.predecessor_name)
    return f"<predecessor><identifier>{row.predecessor}</identifier><name>{name}</name></predecessor>"
