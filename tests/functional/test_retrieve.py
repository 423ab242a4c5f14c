"""Retrieving through the whole stack: what travels inline, what by reference, and what is never delivered."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from lxml import etree

from pki import PERSON_NIF, pki
from refusals import assert_refusal, assert_still_answers
from stack import NG, Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from lxml.etree import _Element

    from stack import Answer

KILO = 1024


@pytest.fixture
def small(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway with limits that a test can reach."""
    stack = Stack(
        database_url,
        tmp_path,
        inline_document_max_bytes=4 * KILO,
        inline_response_max_bytes=10 * KILO,
        document_chunk_max_bytes=2 * KILO,
    )
    yield stack
    stack.close()


def pdf(size: int, seed: int) -> bytes:
    """Return different bytes of that size for each seed."""
    return (b"%PDF" + b"%08d" % seed * (size // 8 + 1))[:size]


def retrieve(stack: Stack, *ids: UUID) -> list[_Element]:
    answer = stack.ask("RetrieveNotifications", "".join(f"<id>{one}</id>" for one in ids))
    return answer.tree.findall("ng:item", namespaces=NG)


def contents(item: _Element) -> list[bytes | None]:
    """Return each document's bytes, None for one that is only referred to; hashes are proven."""
    found = []
    for document in item.findall("ng:document", namespaces=NG):
        inline = text(document, "content")
        data = None if inline is None else b64decode(inline)
        if data is not None:
            assert hashlib.sha256(data).hexdigest() == text(document, "sha256")
            assert str(len(data)) == text(document, "size")
        found.append(data)
    return found


def document_ids(item: _Element) -> list[str]:
    return [one or "" for one in texts(item, "document/documentId")]


def part(stack: Stack, wanted: UUID, document: str, inner: str = "") -> Answer:
    return stack.ask("RetrieveDocument", f"<id>{wanted}</id><documentId>{document}</documentId>{inner}")


def accepted(stack: Stack, *documents: bytes, reference: str = "A") -> UUID:
    wanted = stack.publish(reference, documents=documents)
    stack.accept(wanted)
    return wanted


# --- inline or by reference -----------------------------------------------------------------------


def test_a_document_at_the_limit_travels_inline_and_one_above_by_reference(small: Stack) -> None:
    at, above = pdf(4 * KILO, 1), pdf(4 * KILO + 1, 2)
    (item,) = retrieve(small, accepted(small, at, above))
    assert contents(item) == [at, None]
    assert texts(item, "document/size") == ["4096", "4097"]
    assert texts(item, "document/name") == ["acto-1.pdf", "acto-2.pdf"]
    assert texts(item, "document/mediaType") == ["application/pdf"] * 2
    assert text(item, "document/sha256") == hashlib.sha256(at).hexdigest()


def test_an_answer_holds_documents_up_to_its_limit_in_the_order_of_the_request(small: Stack) -> None:
    three = [pdf(3 * KILO, number) for number in range(3)]
    one = accepted(small, *three, reference="A")
    other = accepted(small, pdf(2 * KILO, 8), pdf(KILO, 9), reference="B")
    first, second = retrieve(small, one, other)
    # 9 of 10 kilobytes are gone after the first; a smaller one behind still fits.
    assert contents(first) == three
    assert contents(second) == [None, pdf(KILO, 9)]
    second, first = retrieve(small, other, one)
    assert contents(second) == [pdf(2 * KILO, 8), pdf(KILO, 9)]
    assert contents(first) == [*three[:2], None]


def test_every_document_can_be_had_in_pieces(small: Stack) -> None:
    whole = pdf(9 * KILO + 7, 1)
    wanted = accepted(small, whole)
    (item,) = retrieve(small, wanted)
    (document,) = document_ids(item)
    found = b""
    while len(found) < len(whole):
        answer = part(small, wanted, document, f"<offset>{len(found)}</offset><length>1500</length>")
        assert text(answer.tree, "offset") == str(len(found))
        assert text(answer.tree, "size") == str(len(whole))
        assert text(answer.tree, "sha256") == hashlib.sha256(whole).hexdigest()
        found += b64decode(text(answer.tree, "content") or "")
    assert found == whole


RANGES = (
    ("", 0, 2 * KILO),
    ("<offset></offset>", 0, 2 * KILO),
    ("<offset>0</offset><length>1</length>", 0, 1),
    ("<length>2147483647</length>", 0, 2 * KILO),
    ("<offset>4999</offset>", 4999, 5000),
    ("<offset>4990</offset><length>100</length>", 4990, 5000),
    ("<offset>1000</offset><length>500</length>", 1000, 1500),
)


def test_a_range_is_cut_to_the_document_and_to_the_largest_piece(small: Stack) -> None:
    whole = pdf(5000, 1)
    wanted = accepted(small, whole)
    (document,) = document_ids(retrieve(small, wanted)[0])
    for inner, begin, end in RANGES:
        answer = part(small, wanted, document, inner)
        assert b64decode(text(answer.tree, "content") or "") == whole[begin:end], inner
        assert text(answer.tree, "offset") == str(begin), inner


OUTSIDE = (
    ("<offset>5000</offset>", "INVALID_RANGE"),
    ("<offset>9007199254740991</offset>", "INVALID_RANGE"),
    ("<offset>9007199254740992</offset>", "INVALID_REQUEST"),
    ("<offset>-1</offset>", "INVALID_REQUEST"),
    ("<length>0</length>", "INVALID_REQUEST"),
    ("<length>-5</length>", "INVALID_REQUEST"),
    ("<length>2147483648</length>", "INVALID_REQUEST"),
    ("<offset>1.5</offset>", "INVALID_REQUEST"),
)


def test_a_range_outside_is_refused(small: Stack) -> None:
    wanted = accepted(small, pdf(5000, 1))
    (document,) = document_ids(retrieve(small, wanted)[0])
    for inner, code in OUTSIDE:
        answer = part(small, wanted, document, inner)
        assert_refusal(small, answer, code)
        if code == "INVALID_RANGE":
            assert answer.facts == {"size": "5000"}, inner


# --- who may have what ----------------------------------------------------------------------------


def test_before_acceptance_there_is_no_document_by_any_way(stack: Stack) -> None:
    wanted = stack.publish("A")
    other = accepted(stack, b"%PDF other", reference="B")
    (waiting, open_) = retrieve(stack, wanted, other)
    assert text(waiting, "problem/code") == "NOT_ACCEPTED"
    assert document_ids(waiting) == []
    assert_refusal(stack, part(stack, wanted, str(uuid4())), "NOT_ACCEPTED")
    assert_refusal(stack, part(stack, wanted, document_ids(open_)[0]), "NOT_ACCEPTED")


def test_a_document_of_another_notification_is_not_delivered(stack: Stack) -> None:
    one, other = accepted(stack, b"%PDF one", reference="A"), accepted(stack, b"%PDF other", reference="B")
    (document,) = document_ids(retrieve(stack, other)[0])
    assert_refusal(stack, part(stack, one, document), "DOCUMENT_UNKNOWN")
    assert_refusal(stack, part(stack, other, str(uuid4())), "DOCUMENT_UNKNOWN")


def test_identifiers_may_be_written_in_capitals_and_come_back_so(stack: Stack) -> None:
    wanted = accepted(stack, b"%PDF one")
    (item,) = retrieve(stack, str(wanted).upper())  # type: ignore[arg-type]
    assert text(item, "id") == str(wanted).upper()
    assert text(item, "notification/id") == str(wanted)
    (document,) = document_ids(item)
    answer = part(stack, wanted, document.upper())
    assert b64decode(text(answer.tree, "content") or "") == b"%PDF one"


def test_the_representative_has_what_the_company_has_accepted(stack: Stack) -> None:
    wanted = accepted(stack, b"%PDF one")
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>", holder=pki().representative)
    assert contents(answer.tree[0]) == [b"%PDF one"]


# --- receipts in the same answer --------------------------------------------------------------------

WITH = "<withReceipts>true</withReceipts><contractVersion>1.1</contractVersion>"


def receipts_of(item: _Element) -> list[bytes]:
    return [etree.tostring(one, method="c14n") for one in item.findall("ng:receipt", namespaces=NG)]


def asked(stack: Stack, operation: str, inner: str) -> list[_Element]:
    return stack.ask(operation, inner).tree.findall("ng:item", namespaces=NG)


def test_receipts_come_with_the_documents_the_handing_over_among_them(stack: Stack) -> None:
    wanted, waiting = accepted(stack, b"one"), stack.publish("B")
    ids = f"<id>{wanted}</id><id>{waiting}</id><id>{uuid4()}</id>"
    for _ in range(2):  # handed over for the first time, and again
        item, undecided, unknown = asked(stack, "RetrieveNotifications", ids + WITH)
        assert contents(item) == [b"one"]
        assert texts(item, "receipt/state") == ["available", "accepted", "read"]
        assert texts(undecided, "problem/code") == ["NOT_ACCEPTED"]
        assert texts(unknown, "problem/code") == ["NOTIFICATION_UNKNOWN"]
        alone = asked(stack, "RetrieveReceipts", ids + "<contractVersion>1.1</contractVersion>")
        assert [receipts_of(one) for one in (item, undecided, unknown)] == list(map(receipts_of, alone))


def test_receipts_come_in_an_answer_of_1_1_only_and_only_when_asked_for(stack: Stack) -> None:
    wanted = accepted(stack, b"one")
    for inner in ("", "<withReceipts>true</withReceipts>", "<contractVersion>1.1</contractVersion>"):
        (item,) = asked(stack, "RetrieveNotifications", f"<id>{wanted}</id>{inner}")
        assert receipts_of(item) == []
    (item,) = asked(
        stack, "RetrieveNotifications", f"<id>{wanted}</id><forInformation>false</forInformation>{WITH}"
    )
    assert len(receipts_of(item)) == 3


def test_the_representative_has_documents_and_receipts_in_one_answer(stack: Stack) -> None:
    wanted = accepted(stack, b"one")
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>{WITH}", holder=pki().representative)
    assert texts(answer.tree, "item/receipt/state") == ["available", "accepted", "read"]


def test_the_same_notification_twice_is_answered_twice(stack: Stack) -> None:
    wanted = accepted(stack, b"%PDF one")
    first, again = retrieve(stack, wanted, wanted)
    assert contents(first) == contents(again) == [b"%PDF one"]


def test_items_come_in_the_order_of_the_request(stack: Stack) -> None:
    foreign = stack.publish("HERS", addressee=PERSON_NIF)
    ids = [*stack.publish_many(5)[::-1], foreign, uuid4()]
    items = retrieve(stack, *ids)
    assert [text(item, "id") for item in items] == [str(one) for one in ids]
    assert [text(item, "problem/code") for item in items] == ["NOT_ACCEPTED"] * 5 + [
        "NOTIFICATION_UNKNOWN"
    ] * 2


def test_what_is_not_decided_has_the_receipt_of_its_putting_at_disposal(stack: Stack) -> None:
    wanted = stack.publish()
    item, unknown = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><id>{uuid4()}</id>").tree
    assert texts(item, "receipt/state") == ["available"]
    assert text(item, "problem/code") is None
    assert text(unknown, "problem/code") == "NOTIFICATION_UNKNOWN"


# --- damage ---------------------------------------------------------------------------------------


def file_of(stack: Stack, data: bytes) -> Path:
    sha256 = hashlib.sha256(data).hexdigest()
    (file,) = (stack.folder / "documents").rglob(sha256)
    return file


def spoil(file: Path, whole: bytes, damage: str) -> None:
    """Do to a stored document what a failing disk or a careless hand does."""
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(
            {"changed": whole[:-1] + b"!", "truncated": whole[:-1], "longer": whole + b"!", "empty": b""}[
                damage
            ]
        )


@pytest.mark.parametrize("damage", ["changed", "truncated", "longer", "empty", "missing"])
def test_a_damaged_document_is_not_delivered_and_its_neighbours_are(stack: Stack, damage: str) -> None:
    good, bad = pdf(3000, 1), pdf(3000, 2)
    one, other = accepted(stack, good, reference="A"), accepted(stack, good, bad, reference="B")
    (document, damaged) = document_ids(retrieve(stack, other)[0])
    file = file_of(stack, bad)
    spoil(file, bad, damage)
    first, second = retrieve(stack, one, other)
    assert contents(first) == [good]
    assert text(second, "problem/code") == "DOCUMENT_DAMAGED"
    assert text(second, "problem/retryable") == "false"
    assert text(second, "notification/id") == str(other)
    assert contents(second) == []
    assert_refusal(stack, part(stack, other, damaged, "<offset>10</offset>"), "DOCUMENT_DAMAGED")
    assert b64decode(text(part(stack, other, document).tree, "content") or "") == good
    file.write_bytes(bad)
    assert contents(retrieve(stack, other)[0]) == [good, bad]


def test_a_store_that_cannot_be_read_fails_its_item_only(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    one, other = accepted(stack, b"%PDF one", reference="A"), accepted(stack, b"%PDF two", reference="B")
    file = file_of(stack, b"%PDF two")
    file.unlink()
    file.mkdir()
    first, second = retrieve(stack, one, other)
    assert contents(first) == [b"%PDF one"]
    assert text(second, "problem/code") in {"DOCUMENT_DAMAGED", "TEMPORARILY_UNAVAILABLE"}
    assert_still_answers(stack)
