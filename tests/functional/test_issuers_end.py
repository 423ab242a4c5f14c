"""An authorised issuer's certificate ends: what the operator heals is asked for again."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from ending import END, MOMENT, caller_of, ending_issuer
from notigateway.health.looking import KEPT_SECONDS
from notigateway.sandbox.certifying import certificate_pem
from pki import NOW, authority, pki
from refusals import assert_refusal
from stack import Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair


@pytest.fixture
def ending(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway one of whose issuers ends in three days."""
    stack = Stack(database_url, tmp_path, anchors=[*pki().anchors, ending_issuer().certificate])
    yield stack
    stack.close()


def ready(stack: Stack) -> tuple[int, dict[str, Any]]:
    """Return the status of /readyz, and what it finds of the issuers."""
    assert stack.endpoint.operations is not None
    answer = send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO="/readyz")
    (found,) = [one for one in json.loads(answer.body)["findings"] if one["check"] == "authorised_issuers"]
    return answer.status, found


def refused(stack: Stack, operation: str, content: str = "", *, holder: KeyPair) -> None:
    """Ask for something that is refused because the issuer has ended, and told so to the operator alone."""
    before = stack.contents()
    with capture_logs() as lines:
        answer = stack.ask(operation, content, holder=holder)
    assert_refusal(stack, answer, "TEMPORARILY_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "60"
    (line,) = [one for one in lines if one["event"] == "request_failed"]
    assert (line["code"], line["part"]) == ("TEMPORARILY_UNAVAILABLE", "issuer")
    assert "CA que acaba" in line["detail"]
    assert line["detail"].endswith(" ended at 2026-06-04T12:00:00.000Z")
    assert stack.contents() == before


def test_who_has_a_certificate_of_it_may_ask_again_and_the_next_one_heals_it(ending: Stack) -> None:
    stack, mine = ending, caller_of(ending_issuer())
    wanted = f"<id>{stack.publish()}</id>"
    stack.now = END  # the last instant
    assert stack.ask("ListNotifications", holder=mine).status == 200

    stack.now = END + MOMENT
    refused(stack, "ListNotifications", holder=mine)
    refused(stack, "AcceptNotifications", wanted, holder=mine)
    # One that the issuer has certified since, by its next certificate, which is not in the folder yet.
    refused(stack, "Ping", holder=caller_of(ending_issuer(), since=END + MOMENT))
    assert stack.ask("ListNotifications").status == 200, "others are served"
    stack.start()  # it stops no start either

    (stack.settings.authorised_issuers_folder / "next.pem").write_bytes(
        certificate_pem(ending_issuer(END + timedelta(days=900)).certificate)
    )
    stack.start()
    answer = stack.ask("AcceptNotifications", wanted, holder=mine)
    assert [one.text for one in answer.tree.iter("{*}outcome")] == ["decided"]


def test_who_only_writes_its_name_into_a_certificate_is_no_caller(ending: Stack) -> None:
    forger = authority("forger", subject=ending_issuer().certificate.subject)
    forged = caller_of(forger)
    answers = []
    for instant in (END, END + MOMENT):
        ending.now = instant
        answer = ending.ask("Ping", holder=forged)
        assert_refusal(ending, answer, "ISSUER_NOT_AUTHORISED")
        answers.append(answer.facts)
    assert answers == [{"reason": "path-not-valid"}] * 2


def test_an_issuer_that_is_not_valid_yet_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    early = ending_issuer(END, since=NOW + timedelta(hours=1))
    stack = Stack(sqlite_url, tmp_path, anchors=[*pki().anchors, early.certificate])
    mine = caller_of(early)
    assert stack.ask("Ping", holder=mine).code == "TEMPORARILY_UNAVAILABLE"
    stack.pass_time(hours=1)
    assert stack.ask("Ping", holder=mine).status == 200
    stack.close()


def test_readiness_tells_who_has_ended_and_fails_where_nobody_is_left(
    sqlite_url: str, tmp_path: Path
) -> None:
    last = END + timedelta(days=1)
    anchors = [ending_issuer().certificate, authority("last issuer", not_after=last).certificate]
    stack = Stack(sqlite_url, tmp_path, anchors=anchors)
    stack.now = END + MOMENT
    status, found = ready(stack)
    assert (status, found["state"]) == (200, "warning")
    assert found["says"].startswith("the certificates of 1 of 2 are not valid")
    assert "authorised_issuers_folder" in found["cure"]
    stack.now = last + MOMENT
    time.sleep(KEPT_SECONDS)
    status, found = ready(stack)
    assert (status, found["state"]) == (503, "failed")
    stack.close()
