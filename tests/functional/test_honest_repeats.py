"""Honest clients whose messages turn out equal: whole seconds, fixed ids, and RSA, which is deterministic.

They are told that a second later it works, and what makes their messages differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envelopes import SIGN_BODY_AND_TIMESTAMP, Draft, Ref
from notigateway.contract.problems import texts_of
from notigateway.errors import ReplayError
from refusals import assert_answered, assert_refusal
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

WHOLE_SECONDS = "%Y-%m-%dT%H:%M:%SZ"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


def ping(stack: Stack, **changes: object) -> bytes:
    """Sign a Ping as a stack does that cuts its Timestamp to seconds and never changes its ids."""
    return Draft(content=PING, created=stack.now.strftime(WHOLE_SECONDS), ttl=None, **changes).build()  # type: ignore[arg-type]


def test_equal_requests_within_a_second_are_refused_with_the_cure_and_answered_a_second_later(
    stack: Stack,
) -> None:
    assert_answered(stack, stack.send(ping(stack)), "Ping")
    stack.pass_time(milliseconds=400)
    answer = stack.send(ping(stack))
    assert_refusal(stack, answer, "MESSAGE_REPLAYED")
    assert answer.headers["Retry-After"] == "1"
    assert answer.facts["retryAfterSeconds"] == "1"
    stack.pass_time(seconds=int(answer.headers["Retry-After"]))
    assert_answered(stack, stack.send(ping(stack)), "Ping")


def test_the_refusal_names_what_makes_messages_differ() -> None:
    english, spanish = texts_of(ReplayError()).en, texts_of(ReplayError()).es
    for text in (english, spanish):
        assert "Timestamp" in text
        assert "MessageID" in text
        assert "token" in text


def test_a_signed_token_with_another_id_makes_another_message_of_the_same_second(stack: Stack) -> None:
    references = (*SIGN_BODY_AND_TIMESTAMP, Ref("Token"))
    for name in ("x509-a", "x509-b"):
        answer = stack.send(ping(stack, references=references, ids={"Token": name}))
        assert_answered(stack, answer, "Ping")


def test_a_signed_message_id_makes_another_message_of_the_same_second(stack: Stack) -> None:
    references = (*SIGN_BODY_AND_TIMESTAMP, Ref("mid"))
    for name in ("urn:uuid:1", "urn:uuid:2"):
        header = (
            f'<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing" wsu:Id="mid">{name}</a:MessageID>'
        )
        assert_answered(stack, stack.send(ping(stack, references=references, header_before=header)), "Ping")


def test_whoever_sends_again_what_somebody_else_signed_is_counted_among_the_failures(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A replay proves nothing about who sends it, though an honest caller may retry."""
    stack = Stack(sqlite_url, tmp_path, failed_authentications_per_minute=3)
    data, peer = ping(stack), "192.0.2.7"
    assert stack.send(data, REMOTE_ADDR=peer).status == 200
    codes = [stack.send(data, REMOTE_ADDR=peer).code for _ in range(4)]
    assert codes == ["MESSAGE_REPLAYED"] * 3 + ["TOO_MANY_FAILURES"]
    assert stack.send(ping(stack, ids={"Body": "other"}), REMOTE_ADDR="192.0.2.8").status == 200
    stack.close()
