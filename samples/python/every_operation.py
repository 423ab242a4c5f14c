"""Calls every operation of the contract and one that fails; prints a line of JSON for each.

    python every_operation.py MODE URL company attorney service.cert.pem

MODE is `binary` or `x509data`; company and attorney stand for NAME.key.pem and NAME.cert.pem; the
company's is its representative's. Accepting and rejecting have a legal effect: run it against a sandbox.
"""
# ruff: noqa: ANN401, INP001, T201, TID251  (a script for integrators; zeep has no types)

from __future__ import annotations

import hashlib
import json
import platform
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from zeep.exceptions import Fault
from zeep_client import SIGNATURES, connect, gateway_fault

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def show(operation: str, answer: Any, *, ok: bool) -> Any:
    """Print what became of a call; an answer that is not verified raises, so this one was."""
    print(json.dumps({"operation": operation, "ok": ok, "verified": True}), flush=True)
    return answer


def sha256(content: bytes) -> str:
    """Return the hash as the gateway writes it."""
    return hashlib.sha256(content).hexdigest()


def in_days(days: int) -> datetime:
    """Return an instant that many days from now."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def decide(service: Any, first: str, second: str) -> None:
    """Accept the one and reject the other; look at receipts and documents."""
    (item,) = service.AcceptNotifications([first])
    same = sha256(item.receipt.xml) == item.receipt.sha256
    show("AcceptNotifications", item, ok=item.outcome == "decided" and same)
    (item,) = service.RejectNotifications(id=[second], reason="No procede: <ver> & archivar")
    show("RejectNotifications", item, ok=item.outcome == "decided")
    items = service.RetrieveReceipts([first, second])
    show("RetrieveReceipts", items, ok=all(one.receipt for one in items))
    accepted, rejected = service.RetrieveNotifications([first, second])
    show("RetrieveNotifications", accepted, ok=rejected.problem.code == "NOT_ACCEPTED")
    document = accepted.document[0]
    whole = service.RetrieveDocument(id=first, documentId=document.documentId)
    show("RetrieveDocument", whole, ok=sha256(whole.content) == document.sha256)


def follow(service: Any, first: str, cursor: str) -> None:
    """See what was decided in the changes, the counts and the history."""
    answer = service.ListChanges(cursor=cursor)
    changes = {(one.notification.id, one.state) for one in answer.change}
    show("ListChanges", answer, ok=(first, "accepted") in changes)
    answer = service.GetSummary()
    show("GetSummary", answer, ok=sum(one["count"] for one in answer.byState) == answer.total)
    answer = service.GetHistory(first)
    show("GetHistory", answer, ok=[one.state for one in answer.event if one.decisive] == ["accepted"])
    (item,) = service.MarkNotifications(id=[first], downloaded=True, addLabel=["visto"])
    show("MarkNotifications", item, ok=[one.label for one in item.marks.label] == ["visto"])
    # A witness keeps the head, and asks the next time for the proof from its size to the new one's.
    head = service.GetLogHead()
    show("GetLogHead", head, ok=head is None or b"\n\n\xe2\x80\x94 " in head)
    proof = service.ProveConsistency(oldSize=0, newSize=0)
    show("ProveConsistency", proof, ok=proof.newSize == 0 and not proof.hash)


def represent(service: Any, attorney: Any) -> None:
    """Take an account from its RED person and give it back; grant a power and end it, in both ways."""
    titles = service.ListRepresentations()
    show("ListRepresentations", titles, ok=titles.representation[0].role == "own")
    assignment = titles.redAssignment[-1].assignmentId
    show("UnassignRed", None, ok=service.UnassignRed(assignment).endsAt is not None)
    show("ReassignRed", None, ok=service.ReassignRed(assignment).endsAt is None)

    matters = service.ListMatters().matter
    show("ListMatters", None, ok="9900101" in {one.code for each in matters for one in each.procedure})
    other = attorney.Ping().party
    terms = {
        "attorney": other.identifier, "attorneyName": other.name, "scope": "procedure", "value": "9900101",
        "specialCategory": False,
    }  # fmt: skip
    power = service.GrantPower(**terms, expiresAt=in_days(365)).powerId
    show("GrantPower", power, ok=power is not None)
    show("AcceptPower", power, ok=attorney.AcceptPower(power).acceptedAt is not None)
    longer = in_days(730)
    show("ExtendPower", power, ok=service.ExtendPower(power, longer).expiresAt == longer)
    found = [one.powerId for one in service.ListPowers(pageSize=1000).power]
    show("ListPowers", found, ok=power in found)
    worker = {"person": "00000014Z", "personName": "Celia Prueba", "allClients": True, "mayDecide": False}
    user = service.GrantUser(**worker).userId
    show("GrantUser", user, ok=user is not None)
    found = [one.userId for one in service.ListUsers().user]
    show("ListUsers", found, ok=user in found)
    show("EndUser", user, ok=service.EndUser(user).endsAt is not None)
    certificate = service.CertifyPower(power)
    show("CertifyPower", certificate, ok=sha256(certificate.xml) == certificate.sha256)
    show("RevokePower", power, ok=service.RevokePower(power).endedAt is not None)
    again = service.GrantPower(**terms, expiresAt=in_days(366)).powerId
    attorney.AcceptPower(again)
    show("RenouncePower", again, ok=attorney.RenouncePower(again).endedAt is not None)

    me = service.Ping().party
    mine = attorney.GrantPower(
        attorney=me.identifier, attorneyName=me.name, scope="general", expiresAt=in_days(365)
    ).powerId
    stated = service.MakeResponsibleStatement(mine, statutesAllowRepresentation=True)
    show("MakeResponsibleStatement", stated, ok=stated.state == "pending")
    service.RenouncePower(mine)


def fail(client: Any) -> None:
    """Ask for what does not exist and read the typed detail of the fault."""
    try:
        client.service.RetrieveDocument(id=UNKNOWN, documentId=UNKNOWN)
    except Fault as fault:
        detail = gateway_fault(client, fault)
        show("a fault", detail, ok=detail.code == "NOTIFICATION_UNKNOWN")


def subscribe(service: Any) -> None:
    """Have changes pushed, look how that stands, and end it."""
    hook = {"kind": "webhook", "url": "https://127.0.0.1:9443/hook"}
    one = service.Subscribe(**hook).subscriptionId
    show("Subscribe", one, ok=one is not None)
    found = [each.subscriptionId for each in service.ListSubscriptions().subscription]
    show("ListSubscriptions", found, ok=one in found)
    show("ListDeadDeliveries", one, ok=not service.ListDeadDeliveries(subscriptionId=one).delivery)
    show("ReplayDeliveries", one, ok=service.ReplayDeliveries(subscriptionId=one) == 0)
    show("Unsubscribe", one, ok=service.Unsubscribe(one).ended == "unsubscribed")


def main(mode: str, url: str, company: str, *others: str) -> None:
    """Call everything; the first answer that is not verified ends the program."""
    attorney, certificate = others
    names = {"zeep": "zeep", "xmlsec": "python-xmlsec"}
    versions = [f"{name} {version(package)}" for package, name in names.items()]
    print(json.dumps({"versions": ", ".join([*versions, f"Python {platform.python_version()}"])}))
    signature = SIGNATURES[mode]
    client, other = (
        connect(url, f"{stem}.key.pem", f"{stem}.cert.pem", certificate, signature=signature)
        for stem in (company, attorney)
    )
    service = client.service
    show("Ping", None, ok=service.Ping().known)
    page = service.ListNotifications(filter={"state": ["available"]}, pageSize=2)
    show("ListNotifications", page, ok=[one.state for one in page.notification] == ["available"] * 2)
    if not page.notification[1:]:
        sys.exit("fewer than two available notifications are left: take a fresh sandbox")
    first, second = (one.id for one in page.notification)
    cursor = service.ListChanges(fromNow=True).nextCursor
    decide(service, first, second)
    follow(service, first, cursor)
    represent(service, other.service)
    answer = service.GetDeliveryChannel()
    show("GetDeliveryChannel", answer, ok=answer.obliged is not None)
    show("SetDeliveryChannel", None, ok=service.SetDeliveryChannel("electronic").channel == "electronic")
    show("SetReceivingAlone", None, ok=not service.SetReceivingAlone(receivingAlone=False).receivingAlone)
    show(
        "SetContacts",
        None,
        ok=service.SetContacts(address=["avisos@example.org"]).address == ["avisos@example.org"],
    )
    show("GetContacts", None, ok=service.GetContacts().address == ["avisos@example.org"])
    subscribe(service)
    fail(client)


if __name__ == "__main__":
    main(*sys.argv[1:6])
