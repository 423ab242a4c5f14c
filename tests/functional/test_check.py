"""`notigateway check`: silent about what is whole, one line for each thing that is not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text as sql

from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.instants import instant_text
from notigateway.law.deadlines import deadline
from notigateway.log.growing import advance
from notigateway.log.portions import Sort
from notigateway.log.rules import Finding
from notigateway.log.wholeness import Checking
from notigateway.pki.keys import load_certificates
from notigateway.receipts.stamping import stamp
from notigateway.repository.engine import reading
from notigateway.repository.wholeness import ends_of_portions
from overdue import publish_many, run, settings_file
from pki import NOW
from stack import NG, texts
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from uuid import UUID

    from stack import Stack

pytestmark = pytest.mark.once


# As SQLite keeps an instant.
AS_STORED = f"{NOW:%Y-%m-%d %H:%M:%S.%f}"

# Of what nothing else is attested.
LAST_AVAILABLE_GONE = (
    "DELETE FROM receipts WHERE state = 'available' AND nature IS NULL "
    "AND notification_code = (SELECT max(code) FROM notifications WHERE state = 'available')"
)


def findings(stack: Stack) -> list[Finding]:
    """Check a stack as the command does."""
    seals = load_certificates(stack.settings.seal_certificate_file)
    authorities = [tsa().certificate]
    return list(Checking(stack.engine, stack.office.store, seals, authorities).findings())


def live(stack: Stack) -> UUID:
    """Let everything happen once; return the accepted notification."""
    accepted, rejected, corrected, _withdrawn, _lapsing = (stack.publish(f"A{n}") for n in range(5))
    stack.publish("C", kind="communication")
    stack.pass_time(hours=2)
    stack.accept(accepted, corrected)
    stack.reject(rejected, reason="no es mía")
    at = instant_text(NOW + timedelta(hours=1))
    stack.ask_issuing(
        "ReportExternalDecisions",
        f"<report><reference>A2</reference><channel>sede</channel><decision>rejected</decision>"
        f"<at>{at}</at><evidence>SEDE-1</evidence></report>",
    )
    stack.ask_issuing(
        "CancelNotifications", "<cancellation><reference>A3</reference><reason>Error</reason></cancellation>"
    )
    stack.ask("RetrieveNotifications", f"<id>{accepted}</id>")
    stack.ask("RetrieveNotifications", f"<id>{rejected}</id><forInformation>true</forInformation>")
    stack.publish("A5")
    before = instant_text(NOW - timedelta(days=1))
    for reference, word in (("A4", "absent"), ("A5", "published")):
        stack.ask_issuing(
            "ReportExternalDecisions",
            f"<report><reference>{reference}</reference><channel>postal</channel><decision>{word}</decision>"
            f"<at>{before}</at><evidence>ACUSE-1</evidence></report>",
        )
    late = deadline(NOW) + Sweeping().evidence_delay
    sweep(stack.engine, seal=stack.office.seal, now=late, sweeping=Sweeping())
    return accepted


def date(stack: Stack) -> None:
    """Sign the log's head, and time-stamp it and every receipt."""
    late = deadline(NOW) + Sweeping().evidence_delay
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=late)
    with serving(Answering(at=late)) as authority:
        assert not stamp(stack.engine, authority=authority, now=late, batch_size=50).waiting


def test_content_is_never_handed_over_before_it_was_accepted(stack: Stack) -> None:
    """A request that came before the acceptance, and waited, finds it: nothing was handed over then."""
    wanted = stack.publish()
    accepted_at = stack.pass_time(seconds=2)
    stack.accept(wanted)
    stack.now -= timedelta(seconds=1)
    answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree
    assert answer.find(".//ng:content", namespaces=NG) is not None
    assert findings(stack) == []
    receipts = stack.ask("RetrieveReceipts", f"<id>{wanted}</id>").tree
    assert texts(receipts, "item/receipt/state") == ["available", "accepted", "read"]
    assert texts(receipts, "item/receipt/eventTime")[2] == instant_text(accepted_at)


def test_a_life_of_every_kind_leaves_nothing_to_find(stack: Stack) -> None:
    live(stack)
    date(stack)
    assert findings(stack) == []


def test_the_command_says_how_much_was_checked(sqlite_stack: Stack) -> None:
    live(sqlite_stack)
    code, out, _ = run("check", "--settings", settings_file(sqlite_stack), "--json")
    summary = json.loads(out)
    assert (code, summary["findings"]) == (0, 0)
    assert summary["checked"] > len(sqlite_stack.contents()["notifications"])


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE notifications SET state = 'available' WHERE state = 'accepted'", "decision"),
        ("UPDATE notifications SET state = 'rejected' WHERE state = 'accepted'", "decision"),
        ("UPDATE events SET decisive = :no WHERE state = 'accepted' AND decisive", "decision"),
        ("UPDATE events SET position = 9 WHERE state = 'rejected' AND channel = 'web_service'", "decision"),
        ("DELETE FROM receipts WHERE state = 'lapsed'", "receipt"),
        (LAST_AVAILABLE_GONE, "receipt"),
        ("DELETE FROM receipts WHERE nature = 'information'", "receipt"),
        ("DELETE FROM receipts WHERE nature = 'absent'", "receipt"),
        ("UPDATE receipts SET sha256 = '00' WHERE state = 'accepted'", "receipt"),
        ("UPDATE receipts SET xml = substr(xml, 1, 300) WHERE state = 'accepted'", "receipt"),
        ("UPDATE receipts SET event_time = :now WHERE state = 'accepted'", "receipt"),
        ("UPDATE events SET at = :now WHERE state = 'accepted'", "receipt"),
        # SQLite keeps what a function of text gives as text, in a column of bytes too
        ("UPDATE receipts SET xml = replace(xml, '2', '3')", "receipt"),
        ("UPDATE receipts SET xml = 'ñ'", "receipt"),
        ("UPDATE request_envelopes SET xml = replace(xml, 'id', 'di')", "request"),
        ("UPDATE request_envelopes SET xml = substr(xml, 1, 300)", "request"),
        ("DELETE FROM request_envelopes", "request"),
        ("DELETE FROM changes", "change"),
        ("UPDATE documents SET size = size + 1 WHERE position = 1", "document"),
        ("UPDATE documents SET sha256 = '" + 64 * "0" + "'", "document"),
    ],
)
def test_what_was_changed_behind_the_gateways_back_is_found(
    sqlite_stack: Stack, statement: str, rule: str
) -> None:
    live(sqlite_stack)
    values = {name: value for name, value in (("no", False), ("now", AS_STORED)) if f":{name}" in statement}
    with sqlite_stack.engine.begin() as connection:
        connection.execute(sql(statement), values)
    assert rule in {finding.rule for finding in findings(sqlite_stack)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE receipt_timestamps SET sha256 = '00'",
        "UPDATE receipt_timestamps SET at = :now",
        "UPDATE receipt_timestamps SET xml = (SELECT min(xml) FROM receipt_timestamps)",
        "UPDATE receipt_timestamps SET xml = replace(xml, '2', '3')",
        "UPDATE log_checkpoints SET text = replace(text, '1', '2')",
        "UPDATE log_checkpoints SET token = 'ñ'",
        "UPDATE log_checkpoints SET signature = hex(signature)",
        "UPDATE log_checkpoints SET token = signature",
        "UPDATE log_checkpoints SET signature = token",
    ],
)
def test_a_time_stamp_that_does_not_fit_is_found(sqlite_stack: Stack, statement: str) -> None:
    sqlite_stack.accept(sqlite_stack.publish())
    date(sqlite_stack)
    assert findings(sqlite_stack) == []
    with sqlite_stack.engine.begin() as connection:
        connection.execute(sql(statement), {"now": AS_STORED} if ":now" in statement else {})
    assert {finding.rule for finding in findings(sqlite_stack)} == {"time-stamp"}


def test_that_what_was_published_for_later_has_come_is_attested(stack: Stack) -> None:
    come = stack.publish("now due", available_at=stack.now + timedelta(days=1))
    stack.publish("still to come", available_at=stack.now + timedelta(days=3))
    assert findings(stack) == []
    stack.pass_time(days=2)
    sweep(stack.engine, seal=stack.office.seal, now=stack.now, sweeping=Sweeping())
    assert findings(stack) == []
    with stack.engine.begin() as connection:
        connection.execute(sql("DELETE FROM receipts"))
    (finding,) = findings(stack)
    assert finding.subject == str(come)
    assert (finding.rule, finding.detail) == ("receipt", "it came to be at disposal without a receipt")


def test_the_command_names_what_it_found_and_ends_with_1(sqlite_stack: Stack) -> None:
    accepted = live(sqlite_stack)
    with sqlite_stack.engine.begin() as connection:
        connection.execute(sql("DELETE FROM receipts WHERE state = 'accepted'"))
    code, out, err = run("check", "--settings", settings_file(sqlite_stack))
    assert (code, err) == (1, "")
    assert f"receipt: {accepted} event 2: accepted without a receipt" in out


def test_several_processes_find_the_same_in_the_same_order(sqlite_stack: Stack) -> None:
    publish_many(sqlite_stack, 1_100)
    with sqlite_stack.engine.begin() as connection:
        connection.execute(sql("UPDATE notifications SET state = 'rejected' WHERE code % 7 = 0"))
        connection.execute(sql("UPDATE documents SET size = size + 1 WHERE position = 1"))
    file = settings_file(sqlite_stack)
    alone, together = (run("check", "--settings", file, "--processes", number) for number in (1, 2))
    assert alone == together
    code, out, err = together
    assert (code, err) == (1, "")
    assert out.count("decision: ") in {157, 158}
    assert "document: " in out


def test_portions_that_end_anywhere_hold_everything_once(stack: Stack) -> None:
    live(stack)
    with reading(stack.engine) as session:
        for sort in Sort:
            every = tuple(ends_of_portions(session, sort, size=1))
            assert len(set(every)) == len(every)
            assert tuple(ends_of_portions(session, sort, size=2)) == every[1::2]
    checking = Checking(stack.engine, stack.office.store, [])
    keys = {sort: [one for one in checking.portions() if one.sort is sort] for sort in Sort}
    assert all(portions[-1].until is None and portions[0].is_first for portions in keys.values())
