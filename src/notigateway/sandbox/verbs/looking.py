"""How things stand: what the operator of a world knows of it, and what a holder sees."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.evidence.statement import parse_receipt
from notigateway.law.deadlines import MADRID
from notigateway.sandbox.calling.messages import ask
from notigateway.sandbox.outbox import messages_of
from notigateway.sandbox.refusals import RefusedError
from notigateway.sandbox.showing import find, tell_one
from notigateway.sandbox.verbs.deciding import AS, who
from notigateway.sandbox.verbs.verb import verb
from notigateway.wss.ns import DS

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_NOTIFICATION: Final = "its id"
# For who may not know of a notification, or is nobody here, there is none.
_UNSEEN: Final = frozenset({"NOTIFICATION_UNKNOWN", "CALLER_UNKNOWN"})


@verb("look", {"notification": _NOTIFICATION})
def look(world: World, wanted: Given) -> dict[str, Any]:
    """Tell how a notification stands, whoever it is for: state, term in days, kinds of receipts."""
    identifier = wanted.need("notification")
    one, said = find(world, identifier), tell_one(world, identifier)
    term = None
    if one.deadline is not None:
        days = one.deadline.astimezone(MADRID).date() - one.available_at.astimezone(MADRID).date()
        term = days.days
    return said | {"term_days": term, "receipts": [receipt["kind"] for receipt in said["receipts"]]}


@verb("see", {"notification": _NOTIFICATION, "as": AS})
def see(world: World, wanted: Given) -> dict[str, Any]:
    """Tell whether a holder sees a notification, in which capacity, and what has happened to it."""
    identifier = wanted.need("notification")
    try:
        said = ask(world, who(world, wanted), "GetHistory", id=identifier).said
    except RefusedError as refusal:
        if refusal.gateway_code not in _UNSEEN:
            raise
        return {"seen": False}
    shown = said["notification"]
    return {
        "seen": True,
        "role": shown["role"],
        "state": shown["state"],
        "ground": shown.get("obligationGround"),
        "events": [one.get("nature") or one["state"] for one in said["event"]],
        "causes": [one["cause"] for one in said.get("deadlineChange", ())],
    }


@verb("list", {"as": AS, "state": "only these states", "role": "only in this capacity"})
def list_all(world: World, wanted: Given) -> dict[str, Any]:
    """List what a holder sees."""
    states, role = wanted.texts("state"), wanted.text("role")
    filtered = {"state": states, "role": role} if states or role else None
    holder, cursor, rows = who(world, wanted), None, []
    has_more = True
    while has_more:
        asked = {"filter": filtered, "cursor": cursor, "pageSize": 1_000}
        said = ask(world, holder, "ListNotifications", **asked).said
        rows += said.get("notification", [])
        cursor, has_more = said.get("nextCursor"), said["hasMore"]
    return {"count": len(rows), "ids": [one["id"] for one in rows], "notifications": rows}


@verb("receipts", {"notification": _NOTIFICATION, "as": AS})
def receipts(world: World, wanted: Given) -> dict[str, Any]:
    """Tell what the receipts of a notification say; `last` is the latest one."""
    identifier = wanted.need("notification")
    said = ask(world, who(world, wanted), "RetrieveReceipts", id=identifier, level=None).said
    kept = said["item"][0].get("receipt", [])
    told = [_told(one) for one in kept]
    return {"count": len(told), "kinds": [one["kind"] for one in told], "last": told[-1] if told else None}


@verb("notices", {"to": "only those to this address"})
def notices(world: World, wanted: Given) -> dict[str, Any]:
    """Tell which notices were sent by e-mail."""
    to = wanted.text("to")
    sent = [one for one in messages_of(world.folder / "notices") if to in {None, one["to"]}]
    return {"count": len(sent), "subjects": [one["subject"] for one in sent]}


def _told(receipt: dict[str, Any]) -> dict[str, Any]:
    statement = parse_receipt(base64.b64decode(receipt["xml"]))
    kind = receipt.get("nature") or receipt["state"]
    return {"kind": kind, "id": receipt["receiptId"], "at": receipt["eventTime"], "says": _said(statement)}


def _said(element: _Element) -> Any:  # noqa: ANN401
    """Return what an element says: its text, or its children by their names; no signature."""
    children = [one for one in element if isinstance(one.tag, str) and not one.tag.startswith(f"{{{DS}}}")]
    if not children:
        return element.text or ""
    said: dict[str, Any] = {}
    for child in children:
        name = etree.QName(child).localname
        value = _said(child)
        said[name] = [*_several(said[name]), value] if name in said else value
    return said


def _several(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]
