"""What is somebody else's is answered exactly like what does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from lxml import etree

from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import Need, check
from notigateway.pki.identity import read_caller

if TYPE_CHECKING:
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/security.md, Who is trusted; docs/lifecycle.md, Who sees what"


@check("PRIV-01", "the metadata of somebody else's notification", _SOURCE, Need.SECOND)
def _retrieved(target: Target) -> None:
    _expect_unknown(target, "RetrieveNotifications")


@check("PRIV-02", "the receipts of somebody else's notification", _SOURCE, Need.SECOND)
def _receipts(target: Target) -> None:
    _expect_unknown(target, "RetrieveReceipts")


@check("PRIV-03", "the history of somebody else's notification", _SOURCE, Need.SECOND)
def _history(target: Target) -> None:
    _expect_unknown(target, "GetHistory")


@check("PRIV-04", "a document of somebody else's notification", _SOURCE, Need.SECOND)
def _document(target: Target) -> None:
    _expect_unknown(target, "RetrieveDocument", f"<documentId>{uuid4()}</documentId>")


@check("PRIV-05", "accepting somebody else's notification", _SOURCE, Need.SECOND, Need.EFFECT)
def _accept(target: Target) -> None:
    identifier = _expect_unknown(target, "AcceptNotifications")
    events = target.client().history(identifier).events
    by_others = [one for one in events if one.party is not None and one.party.identifier == _second(target)]
    expect(not by_others, "somebody else's notification was accepted")


@check("PRIV-06", "somebody else's notification stands in no list and no changes", _SOURCE, Need.SECOND)
def _listed(target: Target) -> None:
    identifier, second = _mine(target), target.given.second
    client = target.client(second)
    expect(all(one.id != identifier for one in client.list_page().notifications), "it stands in the list")
    changes = client.changes_page().changes
    expect(all(one.notification.id != identifier for one in changes), "it stands among the changes")


def _expect_unknown(target: Target, operation: str, more: str = "") -> str:
    """Expect that the second caller is told the same of the caller's as of none; return its id."""
    mine, none = _mine(target), str(uuid4())
    found = {}
    for identifier in (mine, none):
        content = f'<{operation} xmlns="{target.dialect.namespace}"><id>{identifier}</id>{more}</{operation}>'
        answer = target.ask(operation, content.encode(), signer=target.second)
        text = etree.tostring(answer.element, encoding="unicode").replace(identifier, "ID")
        correlation = answer.reply.headers.get("x-correlation-id", "none")
        found[identifier] = (answer.reply.status, answer.told, text.replace(correlation, "CORRELATION"))
    expect("NOTIFICATION_UNKNOWN" in found[none][2], f"what does not exist is answered with {found[none][1]}")
    same(found[mine][:2], found[none][:2], "the answer about somebody else's")
    expect(found[mine][2] == found[none][2], "somebody else's is told apart from what does not exist")
    return mine


def _second(target: Target) -> str:
    return read_caller(target.second.certificate).party


def _mine(target: Target) -> str:
    """Return a notification of the caller's, decided or not. Raises: `SkippedError`."""
    if "mine" not in target.stories:
        target.stories["mine"] = target.supply.any_one()
    return str(target.stories["mine"])
