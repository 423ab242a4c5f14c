"""Pages of notifications and changes as text, straight from the columns of their rows.

They are what the contract's writer would write of the same notifications, in less time: nothing is made
of a row only to be written. Tests compare both, and the canonicaliser's form.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from notigateway.contract.versions import Version
from notigateway.instants import duration_text, instant_text
from notigateway.law.information import HELD_BACK, information_until
from notigateway.law.lifecycle import UNDECIDED, Standing, State, effective_state
from notigateway.wss.canonical import canonical_text
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from notigateway.addressee.following import ChangesPage
    from notigateway.addressee.mailbox import Page
    from notigateway.law.lifecycle import Kind

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

    # Deadlines are midnights: a page holds thousands of rows and a handful of deadlines, hardly any of them
    # decided at the same instant.
    @cache
    def stands(
        kind: Kind, state: State, deadline: datetime | None, since: datetime | None, *, has_arrived: bool
    ) -> tuple[State, str]:
        """Return the state at `as_of`, and what is said of a deadline; that it arrived is all of when."""
        available_at = as_of if has_arrived else as_of + timedelta(milliseconds=1)
        shown = effective_state(Standing(kind, state, available_at, deadline, since), as_of)
        if deadline is None:
            return shown, ""
        text = f"<deadline>{instant_text(deadline)}</deadline>"
        if shown not in UNDECIDED:
            return shown, text
        # Nothing is left, and nothing lapses, of a deadline that an outage is about to move.
        return shown, f"{text}<timeLeft>{duration_text(max(deadline - as_of, timedelta(0)))}</timeLeft>"

    is_later = version >= Version.V1_1
    for row in rows:
        has_arrived = row.available_at <= as_of
        state, due = stands(row.kind, row.state, row.deadline, row.outage_since, has_arrived=has_arrived)
        later = _since_1_1(row, _until(row, state, information_years)) if is_later else ""
        yield f"<notification>{_since_1_0(row, state, due)}{later}</notification>"


def _until(row: Any, state: State, years: int) -> datetime | None:  # noqa: ANN401  (a row of many columns)
    """Return until when a row that stands so may be read for information."""
    if state not in HELD_BACK:
        return None
    standing = Standing(row.kind, state, row.available_at, row.deadline, None, row.decided_at)
    return information_until(standing, row.available_at, years=years)


def _since_1_0(row: Any, state: State, deadline: str) -> str:  # noqa: ANN401  (as above)
    """Return what every version says of a notification."""
    return (
        f"<code>{row.code}</code><id>{row.id}</id><kind>{row.kind}</kind>"
        f"<subject>{canonical_text(row.subject)}</subject>{_body(row.dir3, row.acronym, row.name)}"
        f"{_concerning(row.procedure, row.matter)}{_named('addressee', row.identifier, row.addressee_name)}"
        f"<role>{row.role}</role><state>{state}</state>"
        f"<availableAt>{instant_text(row.available_at)}</availableAt>{deadline}"
        f"{_documents(row.document_sizes, is_special=row.special_category)}"
    )


# Of the pieces that repeat from row to row, each is written once while it is among those used last: they
# say nothing but what they are made of.
_REMEMBERED = 4096


@lru_cache(maxsize=_REMEMBERED)
def _body(dir3: str, acronym: str, name: str) -> str:
    return (
        f"<issuingBody><issuerId>{dir3}</issuerId><acronym>{canonical_text(acronym)}</acronym>"
        f"<name>{canonical_text(name)}</name></issuingBody>"
    )


@lru_cache(maxsize=_REMEMBERED)
def _concerning(procedure: str, matter: str) -> str:
    return f"<procedure>{canonical_text(procedure)}</procedure><matter>{canonical_text(matter)}</matter>"


@lru_cache(maxsize=_REMEMBERED)
def _named(element: str, identifier: str, name: str) -> str:
    return f"<{element}><identifier>{identifier}</identifier><name>{canonical_text(name)}</name></{element}>"


@lru_cache(maxsize=_REMEMBERED)
def _documents(sizes: str, *, is_special: bool) -> str:
    found = sizes.split()
    return (
        f"<specialCategory>{FLAG[is_special]}</specialCategory><documentCount>{len(found)}</documentCount>"
        f"{''.join(f'<documentSize>{size}</documentSize>' for size in found)}"
    )


def _since_1_1(row: Any, until: datetime | None) -> str:  # noqa: ANN401  (as above)
    """Return what contract 1.1 says beyond it."""
    ground = "" if row.ground is None else f"<obligationGround>{row.ground}</obligationGround>"
    paper = "" if row.paper is None else f"<paper>{row.paper}</paper>"
    readable = "" if until is None else f"<informationUntil>{instant_text(until)}</informationUntil>"
    ccc = "" if row.ccc is None else f"<ccc>{row.ccc}</ccc>"
    naf = "" if row.naf is None else f"<naf>{row.naf}</naf>"
    # Whom the act names, where its addressee has taken that place.
    named = "" if row.predecessor is None else _named("predecessor", row.predecessor, row.predecessor_name)
    return f"<reference>{canonical_text(row.reference)}</reference>{ground}{paper}{readable}{ccc}{naf}{named}"
