"""Copies of one message that all pass the look into the register: one is let in, whatever it does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from notigateway.errors import ReplayError
from notigateway.log.access import AccessNotes
from notigateway.pki.identity import read_caller
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.engine import reading
from notigateway.repository.model import IssuingBody
from notigateway.repository.replay import ReplayKey
from notigateway.soap.entry import Entry
from notigateway.soap.memory import DatedMemory
from notigateway.uuids import uuid7
from pki import NOW, pki

if TYPE_CHECKING:
    from sqlalchemy import Engine

REPLAYED = ReplayError.code


def copies(engine: Engine, count: int) -> list[Entry]:
    """Return the entries of that many copies of one message, which nobody has let in yet."""
    caller = read_caller(pki().company_seal.certificate)
    notes = [AccessNotes(caller, correlation_id=uuid7(NOW), now=NOW) for _ in range(count)]
    entries = [Entry(engine, one) for one in notes]
    with reading(engine) as session:
        for one in entries:
            one.check_new(session, DatedMemory(bytes(32), NOW))
    return entries


def results(engine: Engine) -> list[str]:
    with reading(engine) as session:
        assert session.scalars(select(ReplayKey.key)).all() == [bytes(32)]
        rows = session.scalars(select(AccessRecord)).all()
    assert all(json.loads(row.record)["result"] == row.result for row in rows)
    return sorted(row.result for row in rows)


def change(entry: Entry, dir3: str) -> None:
    with entry.making() as session:
        session.add(IssuingBody(dir3=dir3, acronym="X", name="X", nif="Q2827003A"))


def bodies(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(IssuingBody.dir3)))


def is_let_in(entry: Entry) -> bool:
    try:
        entry.make("OK")
    except ReplayError:
        return False
    return True


def test_of_copies_that_only_read_one_is_answered_and_all_are_recorded(engine: Engine) -> None:
    entries = copies(engine, 12)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(is_let_in, entries)) == 1
    assert results(engine) == [REPLAYED] * 11 + ["OK"]


def test_of_copies_that_change_something_one_does(engine: Engine) -> None:
    first, second = copies(engine, 2)
    change(first, "E04921401")
    with pytest.raises(ReplayError):
        change(second, "E04921402")
    second.make(REPLAYED)
    assert bodies(engine) == ["E04921401"]
    assert results(engine) == [REPLAYED, "OK"]


def test_a_message_that_was_let_in_is_refused_ahead_of_all_work(engine: Engine) -> None:
    (first,) = copies(engine, 1)
    change(first, "E04921401")
    with pytest.raises(ReplayError):
        copies(engine, 1)
    assert first.is_made


def test_a_change_that_fails_leaves_the_message_as_it_was(engine: Engine) -> None:
    failing, again = copies(engine, 2)

    def fail() -> None:
        with failing.making():
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not failing.is_made
    change(again, "E04921401")
    with pytest.raises(ReplayError):
        failing.make("INTERNAL_ERROR")
    assert results(engine) == [REPLAYED, "OK"]


def test_a_refused_message_is_used_up_with_its_record(engine: Engine) -> None:
    refused, copy = copies(engine, 2)
    refused.make("INVALID_CURSOR")
    with pytest.raises(ReplayError):
        copy.make("OK")
    assert results(engine) == ["INVALID_CURSOR", REPLAYED]


def test_a_request_has_one_record_however_many_transactions_it_needs(engine: Engine) -> None:
    (entry,) = copies(engine, 1)
    change(entry, "E04921401")
    change(entry, "E04921402")
    assert bodies(engine) == ["E04921401", "E04921402"]
    assert results(engine) == ["OK"]
