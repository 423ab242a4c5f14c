"""In any history of renewals, pauses, sweeps and two workers a message without Timestamp is let in once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from envelopes import Draft
from notigateway.errors import ReplayError, TimestampInvalidError
from notigateway.repository.engine import reading, writing
from notigateway.soap.forgetting import Forgetting
from notigateway.soap.memory import UndatedMemory
from pki import COMPANY_NIF, NOW, company_subject, pki, rsa_key
from verifying import verify

if TYPE_CHECKING:
    from cryptography import x509
    from sqlalchemy import Engine

    from notigateway.wss.verify import Verified

ENDS = (20, 40, 90)
_numbers = itertools.count(1)

# A message (its number; the odd ones sign their token) with the certificate that is put in, at a worker.
SEND = st.tuples(st.just("send"), st.integers(0, 5), st.integers(0, len(ENDS) - 1), st.integers(0, 1))
PASS = st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 15, 30]), st.just(0), st.integers(0, 1))
Step = tuple[str, int, int, int]
RENEWED_ELSEWHERE = [
    ("send", 0, 0, 0),
    ("send", 0, 0, 1),
    ("send", 2, 2, 0),
    ("pass", 30, 0, 0),
    ("pass", 3, 0, 1),
    ("send", 0, 2, 1),
]


@cache
def certificates() -> list[x509.Certificate]:
    """Return certificates of one key that end one after the other."""
    key, subject = rsa_key("renewed"), company_subject(COMPANY_NIF)
    return [pki().holder(subject, key, not_after=NOW + timedelta(days=days)).certificate for days in ENDS]


@cache
def proven() -> Verified:
    return verify(Draft().build())


def let_in(engine: Engine, memory: UndatedMemory) -> bool:
    """Do what an entry does; tell whether the message was let in."""
    try:
        with reading(engine) as session:
            if memory.knows(session):
                raise memory.refusal()
        with writing(engine) as session:
            if not memory.take(session):
                raise memory.refusal()
    except (ReplayError, TimestampInvalidError):
        return False
    return True


# Known by a certificate that ends, forgotten, and sent again with one that is valid still.
@example(history=[("send", 0, 0, 0), ("pass", 30, 0, 0), ("pass", 3, 0, 0), ("send", 0, 1, 0)])
# Renewed in time at one worker, while the other knows the old end.
@example(history=RENEWED_ELSEWHERE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(SEND | PASS, max_size=14))
def test_a_message_without_timestamp_is_let_in_once(engine: Engine, history: list[Step]) -> None:
    now = NOW
    run = next(_numbers).to_bytes(16)
    accepted: set[int] = set()
    for kind, number, which, _worker in history:
        if kind == "pass":
            now += timedelta(days=number)
            Forgetting(engine, monotonic=lambda: 0.0).run(now)
            continue
        is_signed = number % 2 == 1
        certificate = certificates()[number % len(ENDS) if is_signed else which]
        if now > certificate.not_valid_after_utc:
            continue  # nobody gets that far with it
        verified = replace(
            proven(),
            certificate=certificate,
            is_token_signed=is_signed,
            key_mark=run * 2,
            replay_key=run + number.to_bytes(16),
            fresh_until=now + timedelta(days=1),
        )
        memory = UndatedMemory(verified, may_repeat=False, now=now)
        if let_in(engine, memory):
            assert number not in accepted
            accepted.add(number)


def test_while_a_certificate_is_valid_and_used_new_messages_are_let_in(engine: Engine) -> None:
    run = next(_numbers).to_bytes(16)
    for day in range(0, 90, 5):
        now = NOW + timedelta(days=day)
        Forgetting(engine).run(now)
        # Each is renewed five days before its end.
        certificate = next(
            one for one in certificates() if now + timedelta(days=5) <= one.not_valid_after_utc
        )
        verified = replace(
            proven(),
            certificate=certificate,
            key_mark=run * 2,
            replay_key=run + day.to_bytes(16),
            is_token_signed=False,
        )
        memory = UndatedMemory(verified, may_repeat=False, now=now)
        assert let_in(engine, memory)
        assert not let_in(engine, memory)
