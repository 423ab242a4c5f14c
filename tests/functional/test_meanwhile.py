"""What happens while the store reads: content leaves only with its receipt, to who may still have it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from notigateway.addressee.red import end_red
from notigateway.instants import instant_text
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.documents import DocumentStore
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Document, Notification, Receipt
from pki import NOW
from stack import NG, Stack, text
from titles import accept_power, assign, attorney, change, grant, red, register_company
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

DECIDED = ("available", "accepted")


def while_the_store_reads(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen once, when a document has been read and before it leaves."""
    left = [happens]
    for name in ("get", "get_range"):
        read = getattr(DocumentStore, name)

        def read_slowly(
            self: DocumentStore, sha256: str, *, _read: Callable[..., bytes] = read, **place: int
        ) -> bytes:
            content = _read(self, sha256, **place)
            if left:
                left.pop()()
            return content

        monkeypatch.setattr(DocumentStore, name, read_slowly)


def states(stack: Stack) -> list[str]:
    with reading(stack.engine) as session:
        return [str(one) for one in session.scalars(select(Receipt.state).order_by(Receipt.position))]


def document_of(stack: Stack, one: UUID) -> UUID:
    query = select(Document.id).join(Notification, Notification.act_id == Document.act_id)
    with reading(stack.engine) as session:
        return session.scalars(query.where(Notification.id == one)).one()


def records(stack: Stack, operation: str) -> list[tuple[str, bool]]:
    """Return the result of each record of an operation, and whether it says that an item was refused."""
    query = select(AccessRecord).where(AccessRecord.operation == operation)
    with reading(stack.engine) as session:
        return sorted(
            (one.result, b'"NOTIFICATION_UNKNOWN":["' in one.record) for one in session.scalars(query)
        )


def accepted_by_the_attorney(stack: Stack) -> tuple[UUID, UUID]:
    """Return a notification that an attorney has accepted and not retrieved, and its power."""
    register_company(stack)
    wanted = stack.publish()
    power = grant(stack)
    accept_power(stack, power)
    assert text(stack.accept(wanted, holder=attorney())[0], "outcome") == "decided"
    stack.pass_time(seconds=1)
    return wanted, power


def test_the_first_content_does_not_leave_for_who_has_lost_the_title(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, power = accepted_by_the_attorney(stack)
    own = stack.publish("OTHER")
    stack.accept(own, holder=attorney())
    stack.ask("RetrieveNotifications", f"<id>{own}</id>", holder=attorney())
    stack.pass_time(seconds=1)
    while_the_store_reads(monkeypatch, lambda: change(stack, "RevokePower", power))
    before = states(stack)
    tree = stack.ask("RetrieveNotifications", f"<id>{own}</id><id>{wanted}</id>", holder=attorney()).tree
    first, second = tree.iterfind("ng:item", NG)
    # It was handed over before: the right is that of the call, which began before the revocation.
    assert (text(first, "problem/code"), first.find(".//ng:content", NG) is None) == (None, False)
    assert (text(second, "problem/code"), second.find(".//ng:content", NG)) == ("NOTIFICATION_UNKNOWN", None)
    assert second.find("ng:notification", NG) is None
    assert states(stack) == before
    assert records(stack, "RetrieveNotifications") == [("OK", False), ("OK", True)]


def test_nor_does_a_piece_of_it(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, power = accepted_by_the_attorney(stack)
    piece = f"<id>{wanted}</id><documentId>{document_of(stack, wanted)}</documentId>"
    while_the_store_reads(monkeypatch, lambda: change(stack, "RevokePower", power))
    assert stack.ask("RetrieveDocument", piece, holder=attorney()).code == "NOTIFICATION_UNKNOWN"
    assert states(stack) == [*DECIDED]
    assert [result for result, _ in records(stack, "RetrieveDocument")] == ["NOTIFICATION_UNKNOWN"]


def test_an_earlier_rejection_told_meanwhile_keeps_it_back(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stack.publish()
    stack.now = NOW + timedelta(days=2)
    stack.accept(wanted)
    report = (
        "<report><reference>ACT-1</reference><channel>dehu</channel><decision>rejected</decision>"
        f"<at>{instant_text(NOW + timedelta(days=1))}</at><evidence>DEHU-1</evidence></report>"
    )
    while_the_store_reads(monkeypatch, lambda: stack.ask_issuing("ReportExternalDecisions", report))
    (item,) = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree.iterfind("ng:item", NG)
    assert (text(item, "problem/code"), item.find(".//ng:content", NG)) == ("NOT_ACCEPTED", None)
    assert "read" not in states(stack)


def test_the_two_phase_contract_keeps_it_back_too(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    _, power = accepted_by_the_attorney(stack)
    client = Wscn(stack, pair=attorney())
    while_the_store_reads(monkeypatch, lambda: change(stack, "RevokePower", power))
    answer = client.view(1, rol=3)
    assert (number(answer), answer.find("pdfNotificacion"), answer.find("selladoTiempo")) == (118, None, None)
    assert states(stack) == [*DECIDED]
    assert [result for result, _ in records(stack, "verNotificacionAceptada")] == ["NOTIFICATION_UNKNOWN"]


def test_a_decision_of_who_loses_the_title_at_once_stands_without_its_pdf(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a correction, which says that it never was: an end comes after what was decided."""
    register_company(stack)
    assignment = assign(stack)
    stack.pass_time(days=1)
    stack.publish()
    stack.pass_time(days=1)

    def correct() -> None:
        with writing(stack.engine) as session:
            end_red(session, assignment, at=stack.now - timedelta(days=2), now=stack.now, ground="RED 1")

    client = Wscn(stack, pair=red())
    while_the_store_reads(monkeypatch, correct)
    answer = client.decide(1, rol=2)
    assert (number(answer), answer.find("pdfNotificacion")) == (117, None)
    assert answer.findtext("selladoTiempo")
    assert states(stack) == [*DECIDED]


# --- a database that is away between the decision and the handing over ------------------------------------


@pytest.fixture
def impatient(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway that waits seconds for a lock."""
    stack = Stack(database_url, tmp_path, database_timeout_seconds=3)
    yield stack
    stack.close()


def held(url: str) -> sqlite3.Connection | psycopg.Connection:
    """Keep everybody from writing until it is closed."""
    if url.startswith("sqlite"):
        lock = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        return lock
    connection = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))
    connection.execute("LOCK TABLE notifications IN EXCLUSIVE MODE")
    return connection


def test_an_acceptance_is_told_though_its_handing_over_cannot_be_attested(
    impatient: Stack, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient.publish()
    client = Wscn(impatient)
    signed = sign(client.acuse(1), client.pair)
    locks: list[sqlite3.Connection | psycopg.Connection] = []
    while_the_store_reads(monkeypatch, lambda: locks.append(held(database_url)))
    with capture_logs() as logged:
        answer = client.send_acuse(signed)
    locks[0].close()
    assert (number(answer), answer.find("pdfNotificacion")) == (100, None)
    assert "TEMPORARILY_UNAVAILABLE" in (answer.findtext("error/descripcion") or "")
    assert answer.findtext("selladoTiempo")
    (line,) = [one for one in logged if one["event"] == "document_not_delivered"]
    assert (line["log_level"], line["part"]) == ("warning", "database")
    assert states(impatient) == [*DECIDED]
    again = client.view(1)
    assert (number(again), again.findtext("selladoTiempo")) == (0, answer.findtext("selladoTiempo"))
    assert again.findtext("pdfNotificacion")
    assert states(impatient) == [*DECIDED, "read"]
