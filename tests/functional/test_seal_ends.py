"""The seal's certificate ends: nothing is half or void, and a renewal heals it."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from typer.testing import CliRunner

from ending import END, MOMENT, documents, named, seal
from notigateway.app import build_app
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.sealing import Seal
from notigateway.evidence.seals import load_history
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.log.growing import advance
from notigateway.log.wholeness import Checking
from notigateway.repository.engine import reading
from notigateway.repository.model import Document, Notification, Receipt
from notigateway.settings import load_settings
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from operating import app
from overdue import settings_file
from pki import NOW, OTHER_COMPANY_NIF, write_pem
from refusals import assert_refusal
from stack import NG, Answer, Stack, text, texts
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID


@pytest.fixture
def ending(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway whose seal ends in three days."""
    stack = Stack(database_url, tmp_path, **named(tmp_path / "ending", "seal", seal()))
    yield stack
    stack.close()


def renew(stack: Stack) -> None:
    """Bring the next certificate of the seal, and keep the one that has ended."""
    retired = stack.folder / "retired"
    write_pem(seal(), stack.folder / "ending", "former")
    retired.mkdir()
    (stack.folder / "ending" / "former.cert.pem").rename(retired / "seal-2026.cert.pem")
    renewed = seal(END + timedelta(days=900), since=NOW)
    stack.overrides |= named(stack.folder / "renewed", "seal", renewed) | {"retired_seals_folder": retired}
    stack.settings = load_settings(None, overrides=stack.overrides)
    stack.start()


def refused(stack: Stack, ask: Callable[[], Answer]) -> None:
    """Ask for something that is refused because the seal has ended: the same request may succeed later."""
    before = stack.contents()
    with capture_logs() as lines:
        answer = ask()
    assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "60"
    (line,) = [one for one in lines if one["event"] == "request_failed"]
    assert (line["code"], line["part"]) == ("TEMPORARILY_UNAVAILABLE", "seal")
    assert line["detail"] == "the seal's certificate ended at 2026-06-04T12:00:00.000Z"
    assert stack.contents() == before


def report(reference: str, at: datetime) -> str:
    return (
        f"<report><reference>{reference}</reference><channel>dehu</channel><decision>accepted</decision>"
        f"<at>{instant_text(at)}</at><evidence>DEHU-1</evidence></report>"
    )


def act(reference: str, more: str = "") -> str:
    content = base64.b64encode(b"%PDF-1.7 " + reference.encode()).decode()
    return (
        f"<act><reference>{reference}</reference><subject>Acto</subject><procedure>203546</procedure>"
        f"<matter>collection</matter><addressee><identifier>{OTHER_COMPANY_NIF}</identifier><name>Otra</name>"
        f"</addressee><document><name>acto.pdf</name><mediaType>application/pdf</mediaType>"
        f"<content>{content}</content></document>{more}</act>"
    )


def published(answer: Answer) -> list[str | None]:
    found = answer.tree.iterfind("ni:item/ni:outcome", {"ni": NOTIGATEWAY_ISSUING_V1})
    return [one.text for one in found]


def receipts_of(stack: Stack, ids: list[UUID]) -> dict[str, bytes]:
    """Return the receipts of notifications, as their addressee has them."""
    answer = stack.ask("RetrieveReceipts", "".join(f"<id>{one}</id>" for one in ids))
    return {
        f"{item.findtext('ng:id', namespaces=NG)} {text(receipt, 'state')}": base64.b64decode(
            text(receipt, "xml") or ""
        )
        for item in answer.tree.iterfind("ng:item", NG)
        for receipt in item.iterfind("ng:receipt", NG)
    }


def test_from_the_end_of_the_seal_nothing_is_sealed_or_recorded_and_a_renewal_heals_it(ending: Stack) -> None:
    stack = ending
    handed, fresh, open_1, open_2, elsewhere = (stack.publish(f"A-{number}") for number in range(5))
    stack.now = END - timedelta(minutes=1)
    stack.ask_issuing("PublishActs", act("BEFORE"))
    stack.accept(handed)
    stack.ask("RetrieveNotifications", f"<id>{handed}</id>")
    stack.ask("RetrieveReceipts", f"<id>{handed}</id><format>pdf</format>")
    stack.now = END  # the last instant
    assert [text(one, "outcome") for one in stack.accept(fresh)] == ["decided"]

    stack.now = END + MOMENT
    stored = documents(stack)
    ids = f"<id>{open_1}</id><id>{open_2}</id>"
    attempts = {
        "accept": lambda: stack.ask("AcceptNotifications", ids),
        "reject": lambda: stack.ask("RejectNotifications", ids),
        # One that was decided before in the same batch changes nothing: all of it may be repeated.
        "mixed": lambda: stack.ask("AcceptNotifications", f"<id>{handed}</id>{ids}"),
        "publish": lambda: stack.ask_issuing("PublishActs", act("AFTER")),
        "schedule": lambda: stack.ask_issuing(
            "PublishActs",
            act("LATER", f"<availableAt>{instant_text(END + timedelta(days=9))}</availableAt>"),
        ),
        "report": lambda: stack.ask_issuing("ReportExternalDecisions", report("A-4", NOW)),
        "form": lambda: stack.ask("RetrieveReceipts", f"<id>{fresh}</id><format>pdf</format>"),
        "bundle": lambda: stack.ask("RetrieveReceipts", f"<id>{handed}</id><format>bundle</format>"),
        "hand over": lambda: stack.ask(
            "RetrieveDocument", f"<id>{fresh}</id><documentId>{document_of(stack, fresh)}</documentId>"
        ),
    }
    for ask in attempts.values():
        refused(stack, ask)
    assert documents(stack) == stored
    with pytest.raises(TemporarilyUnavailableError, match="seal's certificate ended"):
        advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)
    before = stack.contents()
    with pytest.raises(TemporarilyUnavailableError, match="seal's certificate ended"):
        sweep(stack.engine, seal=stack.office.seal, now=NOW + timedelta(days=30), sweeping=Sweeping())
    assert stack.contents() == before

    goes_on(stack, handed, fresh)

    renew(stack)
    outcomes = stack.accept(open_1, open_2)
    assert [text(one, "outcome") for one in outcomes] == ["decided", "decided"]
    assert published(stack.ask_issuing("PublishActs", act("BEFORE") + act("AFTER"))) == [
        "already_published",
        "published",
    ]
    stack.ask_issuing("ReportExternalDecisions", report("A-4", NOW))
    assert stack.ask("RetrieveReceipts", f"<id>{fresh}</id><format>bundle</format>").status == 200
    history = load_history(stack.settings)
    for xml in receipts_of(stack, [handed, fresh, open_1, open_2, elsewhere]).values():
        verify_receipt(xml, seal_certificates=history)
    checked = CliRunner().invoke(app, ["check", "--settings", str(settings_file(stack))])
    assert checked.exit_code == 0, checked.output


def document_of(stack: Stack, wanted: UUID) -> str:
    """Return the identifier of a notification's document, without asking for it."""
    query = select(Document.id).join(Notification, Notification.act_id == Document.act_id)
    with reading(stack.engine) as session:
        return str(session.scalars(query.where(Notification.id == wanted)).one())


def goes_on(stack: Stack, handed: UUID, fresh: UUID) -> None:
    """See that what needs no seal is answered, and of a batch only the item that needs one is kept back."""
    assert stack.ask("Ping").status == 200
    assert len(texts(stack.ask("ListNotifications").tree, "notification/id")) == 5
    with capture_logs() as lines:
        answer = stack.ask("RetrieveNotifications", f"<id>{fresh}</id><id>{handed}</id>")
    first, second = answer.tree.iterfind("ng:item", NG)
    assert text(first, "problem/code") == "TEMPORARILY_UNAVAILABLE"
    assert text(first, "problem/retryable") == "true"
    assert first.find(".//ng:content", NG) is None
    assert second.find(".//ng:content", NG) is not None
    (line,) = [one for one in lines if one["event"] == "document_not_delivered"]
    assert line["part"] == "seal"
    assert len(receipts_of(stack, [handed, fresh])) == 5
    kept = stack.ask("RetrieveReceipts", f"<id>{handed}</id><format>pdf</format>")
    assert kept.status == 200
    assert [text(one, "outcome") for one in stack.accept(handed)] == ["already_decided_by_you"]


def test_a_batch_that_begins_before_the_end_and_is_committed_after_it_is_whole_and_verifies(
    ending: Stack,
) -> None:
    stack = ending
    ids = stack.publish_many(200)
    stack.now = END
    moments = [END]

    def clock() -> datetime:
        return moments.pop(0) if len(moments) > 1 else moments[0]

    stack.endpoint = build_app(stack.settings, clock)
    # The request has its one instant; whoever looked at the clock again would find that the seal has ended.
    moments[:] = [END, END + timedelta(hours=1)]

    outcomes = stack.accept(*ids)

    assert moments == [END + timedelta(hours=1)]
    assert [text(one, "outcome") for one in outcomes] == ["decided"] * 200
    stack.endpoint.gate.office.engine.dispose()
    with reading(stack.engine) as session:
        sealed = session.scalars(select(Receipt.xml)).all()
    assert len(sealed) == 400
    for xml in sealed[::8]:
        verify_receipt(xml, seal_certificates=[seal().certificate])


def test_a_clock_that_goes_back_before_the_seal_seals_nothing_until_it_is_right(
    sqlite_url: str, tmp_path: Path
) -> None:
    stack = Stack(sqlite_url, tmp_path, **named(tmp_path / "ending", "seal", seal(since=NOW)))
    wanted = stack.publish()
    before = stack.contents()
    stack.now = NOW - MOMENT
    with pytest.raises(TemporarilyUnavailableError, match="is not valid before 2026-06-01"):
        stack.publish("ACT-2")
    assert stack.contents() == before
    stack.now = NOW
    assert [text(one, "outcome") for one in stack.accept(wanted)] == ["decided"]
    stack.close()


def test_by_the_social_securitys_contract_the_same_receipt_decides_after_the_renewal(ending: Stack) -> None:
    stack = ending
    stack.publish()
    stack.now = END - timedelta(minutes=1)
    client = Wscn(stack)
    signed = sign(client.acuse(1), client.pair)
    before = stack.contents()
    stack.now = END + MOMENT
    with capture_logs() as lines:
        answer = client.send_acuse(signed)
    assert number(answer) == 100
    assert "TEMPORARILY_UNAVAILABLE" in (answer.findtext("error/descripcion") or "")
    (line,) = [one for one in lines if one["event"] == "request_refused_by_code"]
    assert line["part"] == "seal"
    # The message was used up in its own words: an answer with a number is an answer.
    changed = {name for name, rows in stack.contents().items() if rows != before[name]}
    assert changed <= {"replay_keys", "undated_messages", "undated_periods"}
    renew(stack)
    stack.pass_time(seconds=1)
    assert number(client.send_acuse(signed)) == 0


def test_what_comes_to_be_at_disposal_between_two_seals_is_told(ending: Stack) -> None:
    stack = ending
    at = instant_text(END + timedelta(hours=1))
    assert published(stack.ask_issuing("PublishActs", act("GAP", f"<availableAt>{at}</availableAt>")))
    renewed = seal(END + timedelta(days=900), since=END + timedelta(hours=2))
    now = END + timedelta(hours=3)
    with capture_logs() as lines:
        swept = sweep(stack.engine, seal=Seal(renewed), now=now, sweeping=Sweeping())
    assert (swept.arrived, swept.unsealed, swept.unsealed_arrivals) == (0, 0, 1)
    (line,) = [one for one in lines if one["event"] == "sweep_left_unsealed"]
    assert (line["log_level"], line["lapsed"], line["arrived"]) == ("warning", 0, 1)
    lapsed = sweep(stack.engine, seal=Seal(renewed), now=END + timedelta(days=30), sweeping=Sweeping())
    assert lapsed.lapsed == 1
    (finding,) = Checking(
        stack.engine, stack.office.store, [seal().certificate, renewed.certificate]
    ).findings()
    assert (finding.rule, finding.detail) == ("receipt", "it came to be at disposal without a receipt")
