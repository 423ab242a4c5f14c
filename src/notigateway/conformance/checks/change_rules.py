"""Changes: everything that happens, in the order of its commit, without gap or repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.client.errors import GatewayFaultError
from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import Need, check
from notigateway.conformance.verdict import FailedError, SkippedError
from notigateway.errors import GatewayError
from notigateway.tlog.merkle import is_consistent
from notigateway.tlog.note import read_note, verify_note

if TYPE_CHECKING:
    from notigateway.client.values import Change
    from notigateway.conformance.target import Target
    from notigateway.tlog.checkpoint import Checkpoint

_SOURCE: Final = "docs/integration.md, Following changes"
_WALKED_AT_MOST: Final = 60


@check("CHG-01", "from now on gives a cursor and no changes", _SOURCE)
def _from_now(target: Target) -> None:
    page = target.client().changes_page(from_now=True)
    expect(not page.changes, "changes from now on hold something that was before")
    expect(page.next_cursor, "there is no cursor")
    expect(not page.has_more, "from now on there is more already")


@check(
    "CHG-02",
    "what is put at disposal and then accepted are two changes, in this order, each once",
    _SOURCE,
    Need.PUBLISHING,
)
def _story(target: Target) -> None:
    found, wanted = _told(target)
    same([(one.notification.id, one.state) for one in found], wanted, "the changes since the cursor")


@check("CHG-03", "page by page they are the same", _SOURCE, Need.PUBLISHING)
def _paging(target: Target) -> None:
    whole, _ = _told(target)
    cursor, found = str(target.stories["changes since"]), list[str]()
    for _ in range(_WALKED_AT_MOST):
        page = target.client().changes_page(cursor, page_size=1)
        expect(len(page.changes) <= 1, "a page of one holds more")
        found += [one.event_id for one in page.changes]
        cursor = page.next_cursor
        if not page.has_more:
            break
    same(found, [one.event_id for one in whole], "the events that pages of one give")


@check(
    "CHG-04",
    "a cursor of before gives the same again, and those of the end nothing",
    _SOURCE,
    Need.PUBLISHING,
)
def _again(target: Target) -> None:
    whole, _ = _told(target)
    page = target.client().changes_page(str(target.stories["changes since"]))
    same([one.event_id for one in page.changes], [one.event_id for one in whole], "the same changes again")
    rest = target.client().changes_page(page.next_cursor)
    same(len(rest.changes), 0, "how many changes there are after the last one")


@check("CHG-05", "a cursor that nobody was given is refused", "docs/errors.md, INVALID_CURSOR")
def _cursor(target: Target) -> None:
    try:
        target.client().changes_page("bm9uZQ")
    except GatewayFaultError as fault:
        expect(fault.code in {"INVALID_CURSOR", "INVALID_REQUEST"}, f"it is refused with {fault.code}")
    else:
        raise FailedError("a cursor that is none is taken")


@check(
    "CHG-06",
    "the history of what was accepted tells of both events, in their order",
    "wsdl/notigateway-v1.xsd, GetHistory",
)
def _history(target: Target) -> None:
    history = target.client().history(target.supply.accepted_id())
    states = [one.state for one in history.events]
    expect("available" in states, "the history does not tell that it was put at disposal")
    expect("accepted" in states, "the history does not tell that it was accepted")
    expect(states.index("available") < states.index("accepted"), "the history tells it the other way round")
    same([one.state for one in history.events if one.decisive][-1:], ["accepted"], "what is decisive")


@check(
    "CHG-07",
    "the log's head is signed by the seal, and a later one goes on from it",
    "docs/evidence.md, The log",
    Need.SEAL,
)
def _log(target: Target) -> None:
    client = target.client()
    first = client.log_head()
    if first is None:
        raise SkippedError("no head of the log is signed yet")
    old, new = (_head(target, note) for note in (first, client.log_head() or first))
    proof = client.prove_consistency(old.size, new.size)
    holds = is_consistent(old.size, new.size, older_root=old.root, newer_root=new.root, proof=proof)
    expect(holds, "the later head does not go on from the earlier one")


def _head(target: Target, note: bytes) -> Checkpoint:
    """Return what a head of the log says. Raises: `FailedError` where no pinned seal has signed it."""
    try:
        return verify_note(read_note(note), seal_certificates=target.given.seals).checkpoint
    except GatewayError as error:
        raise FailedError(f"the head of the log is not sealed: {error}") from error


def _told(target: Target) -> tuple[list[Change], list[tuple[str, str]]]:
    """Return the changes of a story that is told once, and what happened in it."""
    if "changes" not in target.stories:
        client = target.client()
        since = client.changes_page(from_now=True).next_cursor
        first, second = target.supply.undecided(), target.supply.undecided()
        client.accept([second.id])
        client.reject([first.id])
        wanted = [
            (first.id, "available"),
            (second.id, "available"),
            (second.id, "accepted"),
            (first.id, "rejected"),
        ]
        target.stories["changes since"] = since
        target.stories["changes"] = list(client.list_changes(since)), wanted
    found, wanted = target.stories["changes"]
    return found, wanted
