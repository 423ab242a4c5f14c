"""Accepting and rejecting through the whole stack: what a caller sees, on both databases."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from notigateway.evidence.xades import verify_receipt
from notigateway.law.deadlines import deadline
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind
from pki import COMPANY_NIF, NOW, PERSON_NIF, REPRESENTATIVE_NIF, pki
from stack import NG, text, texts

if TYPE_CHECKING:
    from lxml.etree import _Element

    from stack import Stack


def receipt_bytes(item: _Element) -> bytes:
    return b64decode(text(item, "receipt/xml") or "")


def test_accepting_releases_the_content_and_gives_a_sealed_receipt(stack: Stack) -> None:
    wanted = stack.publish(documents=(b"%PDF-1.7 uno", b"%PDF-1.7 dos"))

    (item,) = stack.accept(wanted)

    assert text(item, "outcome") == "decided"
    assert text(item, "decision/state") == "accepted"
    assert text(item, "decision/channel") == "web_service"
    assert text(item, "decision/party/identifier") == COMPANY_NIF
    facts = verify_receipt(receipt_bytes(item), seal_certificates=[pki().seal.certificate])
    assert facts.notification_id == wanted
    assert facts.event_time == NOW
    assert hashlib.sha256(receipt_bytes(item)).hexdigest() == text(item, "receipt/sha256")
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    contents = [b64decode(one or "") for one in texts(answer.tree, "item/document/content")]
    assert contents == [b"%PDF-1.7 uno", b"%PDF-1.7 dos"]


def test_content_is_not_delivered_before_acceptance(stack: Stack) -> None:
    wanted = stack.publish()
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    assert text(answer.tree, "item/problem/code") == "NOT_ACCEPTED"
    assert text(answer.tree, "item/notification/state") == "available"
    assert answer.tree.find("ng:item/ng:document", namespaces=NG) is None


def test_content_is_not_delivered_after_rejection(stack: Stack) -> None:
    wanted = stack.publish()
    (item,) = stack.reject(wanted, reason="No procede")
    assert text(item, "decision/state") == "rejected"
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>")
    # This contract has one word for all that holds content back; the state is in the metadata.
    assert text(answer.tree, "item/problem/code") == "NOT_ACCEPTED"
    assert b"No procede" in receipt_bytes(item)


def test_repeating_a_decision_gives_the_same_receipt(stack: Stack) -> None:
    wanted = stack.publish()
    (first,) = stack.accept(wanted)
    before = stack.rows()
    stack.pass_time(seconds=2)
    (again,) = stack.accept(wanted)
    assert text(again, "outcome") == "already_decided_by_you"
    assert receipt_bytes(again) == receipt_bytes(first)
    after = stack.rows()  # access records and leaves are not among them
    assert after.pop("replay_keys") == before.pop("replay_keys") + 1
    assert after == before


def test_the_first_decision_stands_and_the_second_caller_learns_who_decided(stack: Stack) -> None:
    wanted = stack.publish()
    stack.accept(wanted, holder=pki().representative)
    stack.pass_time(minutes=5)
    (item,) = stack.reject(wanted)
    assert text(item, "outcome") == "already_decided"
    assert text(item, "problem/code") == "ALREADY_DECIDED"
    assert text(item, "decision/state") == "accepted"
    assert text(item, "decision/signer/identifier") == REPRESENTATIVE_NIF
    assert text(item, "decision/at") == "2026-06-01T12:00:00.000Z"


def test_accept_after_deadline_is_refused(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = deadline(NOW)
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "lapsed"
    assert text(item, "problem/code") == "NOTIFICATION_LAPSED"
    assert item.find("ng:receipt", namespaces=NG) is None


def test_accept_in_the_last_millisecond_is_in_time(stack: Stack) -> None:
    wanted = stack.publish()
    stack.now = deadline(NOW) - timedelta(milliseconds=1)
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "decided"


def test_one_bad_item_never_fails_its_neighbours(stack: Stack) -> None:
    foreign = stack.publish("C", addressee=PERSON_NIF)
    absent = uuid4()
    lapsed = stack.publish("D")
    stack.now = deadline(NOW)
    good, other = stack.publish("A"), stack.publish("B")
    items = stack.accept(good, absent, foreign, good, other, lapsed)
    assert [text(item, "outcome") for item in items] == [
        "decided",
        "unknown",
        "unknown",
        "already_decided_by_you",
        "decided",
        "lapsed",
    ]


def test_somebody_elses_notification_is_answered_like_an_unknown_one(stack: Stack) -> None:
    foreign = stack.publish(addressee=PERSON_NIF)
    stack.publish("B")
    absent = uuid4()
    for operation in (
        "AcceptNotifications",
        "RejectNotifications",
        "RetrieveNotifications",
        "RetrieveReceipts",
    ):
        answers = [
            stack.ask(operation, f"<id>{one}</id>").tree.find("ng:item", namespaces=NG)
            for one in (foreign, absent)
        ]
        shapes = [
            [(child.tag, "".join(child.itertext())) for child in item if not str(child.tag).endswith("}id")]
            for item in answers
            if item is not None
        ]
        assert len(shapes) == 2
        assert shapes[0] == shapes[1]


def test_a_communication_is_read_and_cannot_be_rejected(stack: Stack) -> None:
    wanted = stack.publish(kind=Kind.COMMUNICATION)
    (refused,) = stack.reject(wanted)
    assert text(refused, "outcome") == "refused"
    assert text(refused, "problem/code") == "NOT_REJECTABLE"
    (read,) = stack.accept(wanted)
    assert text(read, "decision/state") == "read"


def test_a_voluntary_addressee_never_lapses(stack: Stack) -> None:
    wanted = stack.publish(paper=Paper.FIRST_EX_OFFICIO)
    stack.pass_time(days=400)
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "decided"


def test_what_is_scheduled_does_not_exist_before_its_time(stack: Stack) -> None:
    wanted = stack.publish(available_at=NOW + timedelta(days=1))
    stack.publish("B")
    assert [text(item, "outcome") for item in stack.accept(wanted)] == ["unknown"]
    stack.pass_time(days=1)
    assert [text(item, "outcome") for item in stack.accept(wanted)] == ["decided"]


def test_receipts_can_be_had_again_at_any_time(stack: Stack) -> None:
    wanted = stack.publish()
    (item,) = stack.accept(wanted)
    stack.pass_time(days=300)
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>")
    assert texts(answer.tree, "item/receipt/state") == ["available", "accepted"]
    assert b64decode(texts(answer.tree, "item/receipt/xml")[-1] or "") == receipt_bytes(item)


def test_the_signed_request_is_kept_as_proof_and_named_in_the_receipt(stack: Stack) -> None:
    wanted = stack.publish()
    (item,) = stack.accept(wanted)
    assert stack.rows()["request_envelopes"] == 1
    assert b"RequestEvidence" in receipt_bytes(item)
