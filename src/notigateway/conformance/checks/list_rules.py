"""Lists: every notification once, page by page, and nothing happens by looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.client.errors import GatewayFaultError
from notigateway.client.values import Filter
from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import Need, check
from notigateway.conformance.verdict import FailedError, SkippedError

if TYPE_CHECKING:
    from notigateway.client.values import Notification
    from notigateway.conformance.target import Target

_PAGES: Final = "docs/integration.md, Pulling everything; wsdl/notigateway-v1.xsd, ListNotifications"
_WALKED_AT_MOST: Final = 60


@check("LIST-01", "pages hold every notification of the list, each once, in the order of the code", _PAGES)
def _paging(target: Target) -> None:
    whole, small = _whole(target), max(1, len(_whole(target)) // 3)
    found: list[Notification] = []
    client, page = target.client(), target.client().list_page(page_size=small)
    for _ in range(_WALKED_AT_MOST):
        found += page.notifications
        expect(len(page.notifications) <= small, f"a page of {small} holds {len(page.notifications)}")
        if not page.has_more or len(found) > 2 * len(whole):
            break
        page = client.list_page(cursor=page.next_cursor, page_size=small)
    codes = [one.code for one in found][: len(whole) + 1]
    same(len(codes), len(set(codes)), "how many notifications pages hold that are given once")
    same(codes, [one.code for one in whole], "the codes that pages give")


@check("LIST-02", "the last page says that there is no more, and a page before it that there is", _PAGES)
def _has_more(target: Target) -> None:
    whole = _whole(target)
    first = target.client().list_page(page_size=len(whole) - 1)
    expect(first.has_more, f"a page of {len(whole) - 1} of {len(whole)} says that there is no more")
    last = target.client().list_page(cursor=first.next_cursor, page_size=len(whole))
    expect(not last.has_more, "the last page says that there is more")
    same(len(first.notifications) + len(last.notifications), len(whole), "how many both pages hold")


@check("LIST-03", "a filter gives what matches it, and all of that", _PAGES)
def _filters(target: Target) -> None:
    whole = _whole(target)
    for where in (
        Filter(states=("available",)),
        Filter(states=("accepted", "rejected")),
        Filter(kind="notification"),
        Filter(role="own"),
        Filter(addressee_id=whole[0].addressee.identifier),
        Filter(issuer_id=whole[0].issuing_body.issuer_id),
        Filter(available_from=whole[len(whole) // 2].available_at),
    ):
        found = [one.code for one in target.client().list_notifications(where)]
        wanted = [one.code for one in whole if where.matches(one)]
        said = {name: value for name in ("states", "kind", "role") if (value := getattr(where, name))}
        same(found, wanted, f"what the filter {said or 'of addressee, body or time'} gives")


@check("LIST-04", "a cursor counts for the filter for which it was given", "docs/errors.md, INVALID_CURSOR")
def _cursor(target: Target) -> None:
    page = target.client().list_page(page_size=len(_whole(target)) - 1)
    for cursor, where in ((page.next_cursor, Filter(states=("cancelled",))), ("bm9uZQ", Filter())):
        try:
            target.client().list_page(where, cursor=cursor)
        except GatewayFaultError as fault:
            expect(
                fault.code in {"INVALID_CURSOR", "INVALID_REQUEST"},
                f"the cursor is refused with {fault.code}",
            )
        else:
            raise FailedError("a cursor of another list is taken")


@check(
    "LIST-05", "a list and its metadata have no effect", "docs/lifecycle.md, States; Ley 39/2015 art. 43.1"
)
def _no_effect(target: Target) -> None:
    item = target.supply.untouched()
    client = target.client()
    before = client.history(item.id)
    list(client.list_notifications(Filter(states=("available",))))
    list(client.retrieve([item.id]))
    after = client.history(item.id)
    same(after.notification.state, before.notification.state, "the state after looking")
    same(len(after.events), len(before.events), "the number of events after looking")


@check("LIST-06", "a summary counts what the list gives", "wsdl/notigateway-v1.xsd, GetSummary")
def _summary(target: Target) -> None:
    whole, summary = _whole(target), target.client().summary()
    same(summary.total, len(whole), "the total of the summary")
    states: dict[str, int] = {}
    for one in whole:
        states[one.state] = states.get(one.state, 0) + 1
    same({state: count for state, count in summary.by_state.items() if count}, states, "the count by state")


@check(
    "LIST-07",
    "a mark is told where it is asked for, and decides nothing",
    "docs/integration.md, Following changes: Marks",
    Need.EFFECT,
)
def _marks(target: Target) -> None:
    item, client = target.supply.untouched(), target.client()
    (marked,) = client.mark([item.id], labels=["conformance"])
    expect(marked.problem is None, "a label is refused")
    found = next(
        (
            one
            for one in client.list_notifications(Filter(label="conformance"), with_marks=True)
            if one.id == item.id
        ),
        None,
    )
    if found is None or found.marks is None:
        raise FailedError("the mark is not told")
    same(found.state, "available", "the state after marking")
    client.mark([item.id], remove_labels=["conformance"])


def _whole(target: Target) -> list[Notification]:
    """Return the whole list, of at least three. Raises: `SkippedError`."""
    key = "the list"
    if key not in target.stories:
        if target.given.steering is not None:
            target.supply.several(3)
        target.stories[key] = True
    page = target.client().list_page()
    if page.has_more:
        raise SkippedError("the caller has more than 1,000 notifications")
    if len(page.notifications) < 3:  # noqa: PLR2004  (two pages and a remainder)
        raise SkippedError("the caller has fewer than three notifications")
    return list(page.notifications)
