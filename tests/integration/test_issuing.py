from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select

from notigateway.errors import (
    DocumentDamagedError,
    InvalidActError,
    IssuingBodyUnknownError,
    PublicationError,
    ReferenceConflictError,
)
from notigateway.issuer.publishing import Publication, register_issuing_body
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import Kind, State
from notigateway.repository.acts import find_act, find_issuing_body
from notigateway.repository.addressees import ensure_addressee, find_addressee, is_known_party
from notigateway.repository.documents import DocumentStore
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Act, Addressee, Document, Event, IssuingBody, Notification
from submissions import ACT, COMPANY, DIR3, NOW, PDF, deposit, publishing, register_bodies

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW_MS = NOW.replace(microsecond=123000)


@pytest.fixture
def store() -> DocumentStore:
    return DocumentStore("memory://")


@pytest.fixture(autouse=True)
def bodies(engine: Engine) -> None:
    register_bodies(engine)


def publish(engine: Engine, store: DocumentStore, now: datetime = NOW, **changes: Any) -> Publication:  # noqa: ANN401
    deposited = deposit(store, **changes)
    with writing(engine) as session:
        return publishing(store).publish(session, deposited, now=now)


def count(engine: Engine, row: type[Any]) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_a_published_act_is_at_disposal_with_everything_it_needs(
    engine: Engine, store: DocumentStore
) -> None:
    other = replace(PDF, name="annex.pdf", content=b"%PDF-1.7 an annex")
    published = publish(engine, store, documents=(PDF, other))
    assert published.is_new
    with reading(engine) as session:
        body = find_issuing_body(session, DIR3)
        assert body is not None
        act = find_act(session, body, ACT.reference)
        assert act is not None
        assert (act.subject, act.matter, act.special_category) == (ACT.subject, "collection", False)
        assert act.document_sizes == f"{len(PDF.content)} {len(other.content)}"
        notification = session.scalars(select(Notification)).one()
        assert (notification.id, notification.code) == (published.notification.id, 1)
        assert (notification.state, notification.available_at) == (State.AVAILABLE, NOW_MS)
        assert notification.deadline == datetime(2026, 12, 3, 23, tzinfo=UTC)  # 4 December in Madrid
        event = session.scalars(select(Event)).one()
        assert (event.position, event.state, event.at, event.decisive) == (1, State.AVAILABLE, NOW_MS, False)
        documents = session.scalars(select(Document).order_by(Document.position)).all()
        assert [(d.name, d.media_type) for d in documents] == [
            ("resolution.pdf", "application/pdf"),
            ("annex.pdf", "application/pdf"),
        ]
        assert [store.get(d.sha256) for d in documents] == [PDF.content, other.content]
        addressee = find_addressee(session, "B12345674")
        assert addressee is not None
        assert (addressee.name, addressee.ccc, addressee.naf) == (COMPANY.name, None, None)
        assert (act.addressee_name, act.ccc, act.naf) == (COMPANY.name, COMPANY.ccc, None)
        assert (act.issuing_body_name, act.issuing_body_nif) == (body.name, body.nif)


def test_an_act_for_later_is_scheduled_and_its_days_count_from_then(
    engine: Engine, store: DocumentStore
) -> None:
    later = NOW + timedelta(days=2)
    notification = publish(engine, store, available_at=later).notification
    assert (notification.state, notification.available_at) == (
        State.SCHEDULED,
        later.replace(microsecond=123000),
    )
    assert notification.deadline == datetime(2026, 12, 5, 23, tzinfo=UTC)


def test_what_is_practised_on_paper_has_no_deadline(engine: Engine, store: DocumentStore) -> None:
    assert publish(engine, store, paper=Paper.URGENCY).notification.deadline is None


def test_a_communication_has_no_deadline(engine: Engine, store: DocumentStore) -> None:
    notification = publish(engine, store, kind=Kind.COMMUNICATION).notification
    assert (notification.kind, notification.deadline) == (Kind.COMMUNICATION, None)


def test_publishing_the_same_again_changes_nothing(engine: Engine, store: DocumentStore) -> None:
    first = publish(engine, store)
    again = publish(engine, store, now=NOW + timedelta(days=1))
    assert not again.is_new
    assert again.notification.code == first.notification.code
    assert again.notification.available_at == NOW_MS
    assert [count(engine, row) for row in (Act, Notification, Event, Document, Addressee)] == [1] * 5


def test_the_same_written_differently_is_the_same(engine: Engine, store: DocumentStore) -> None:
    publish(engine, store)
    assert not publish(engine, store, addressee=replace(COMPANY, identifier="b-12345674")).is_new


def test_repeating_a_scheduled_act_after_its_time_changes_nothing(
    engine: Engine, store: DocumentStore
) -> None:
    later = NOW + timedelta(hours=1)
    publish(engine, store, available_at=later)
    assert not publish(engine, store, now=NOW + timedelta(hours=2), available_at=later).is_new


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Another"},
        {"kind": Kind.COMMUNICATION},
        {"voluntary": True},
        {"special_category": True},
        {"metadata": (("period", "2026-01"),)},
        {"available_at": NOW + timedelta(days=1)},
        {"addressee": replace(COMPANY, identifier="12345678Z")},
        {"documents": (replace(PDF, content=b"%PDF-1.7 changed"),)},
        {"documents": (replace(PDF, name="renamed.pdf"),)},
    ],
)
def test_the_same_reference_for_another_act_is_a_conflict(
    engine: Engine, store: DocumentStore, change: dict[str, Any]
) -> None:
    publish(engine, store)
    with pytest.raises(ReferenceConflictError):
        publish(engine, store, **change)
    assert count(engine, Notification) == 1


def test_metadata_is_part_of_an_act_with_its_order_and_nothing_of_one_without(
    engine: Engine, store: DocumentStore
) -> None:
    said = (("period", "2026-01"), ("unit", "2"))
    assert [publish(engine, store, metadata=said).is_new for _ in range(2)] == [True, False]
    for other in ((), said[:1], said[::-1], (("period", "2026-02"), said[1])):
        with pytest.raises(ReferenceConflictError):
            publish(engine, store, metadata=other)
    # The hash of an act without it is what it was before there was any.
    before = "94987ddf76f15cbc3577b03d489c517873a3a9d49dc5d5c3ed20f91892c20f8f"
    assert deposit(store, metadata=()).sha256 == before


def test_two_bodies_may_use_the_same_reference(engine: Engine, store: DocumentStore) -> None:
    codes = [publish(engine, store, issuing_body=dir3).notification.code for dir3 in (DIR3, "EA0041736")]
    assert codes == [1, 2]


def test_an_unregistered_body_cannot_publish(engine: Engine, store: DocumentStore) -> None:
    with pytest.raises(IssuingBodyUnknownError, match="EA0099999"):
        publish(engine, store, issuing_body="EA0099999")


@pytest.mark.parametrize(
    ("available_at", "problem"),
    [(NOW - timedelta(milliseconds=1), "in_the_past"), (NOW + timedelta(days=367), "too_far_ahead")],
)
def test_a_time_that_has_passed_or_is_far_off_is_refused(
    engine: Engine, store: DocumentStore, available_at: datetime, problem: str
) -> None:
    with pytest.raises(InvalidActError) as refusal:
        publish(engine, store, available_at=available_at)
    assert refusal.value.facts == {"field": "available_at", "problem": problem}
    assert count(engine, Act) == 0


def test_one_refused_act_leaves_its_neighbours_alone(engine: Engine, store: DocumentStore) -> None:
    deposits = [
        deposit(store, reference="1"),
        deposit(store, reference="2", issuing_body="EA0099999"),
        deposit(store, reference="1", subject="Another"),
        deposit(store, reference="3"),
    ]
    with writing(engine) as session:
        results = publishing(store).publish_all(session, deposits, now=NOW)
    assert [getattr(result, "code", "published") for result in results] == [
        "published",
        "ISSUING_BODY_UNKNOWN",
        "REFERENCE_CONFLICT",
        "published",
    ]
    assert count(engine, Notification) == 2


def test_a_document_is_stored_before_its_act_is_known(engine: Engine, store: DocumentStore) -> None:
    deposited = deposit(store)
    assert store.get(deposited.documents[0].sha256) == PDF.content
    assert count(engine, Act) == 0


def test_nothing_is_stored_of_an_act_that_is_refused_at_once(store: DocumentStore) -> None:
    with pytest.raises(PublicationError):
        deposit(store, documents=(PDF, replace(PDF, name="b.exe", media_type="application/x-msdownload")))
    with pytest.raises(DocumentDamagedError):
        store.get(hashlib.sha256(PDF.content).hexdigest())


def test_of_many_publishing_the_same_act_at_once_one_publishes(engine: Engine, store: DocumentStore) -> None:
    with ThreadPoolExecutor(12) as pool:
        results = list(pool.map(lambda _: publish(engine, store), range(24)))
    assert [result.is_new for result in results].count(True) == 1
    assert {result.notification.code for result in results} == {1}
    assert count(engine, Event) == 1


def test_a_code_never_appears_below_one_already_seen(engine: Engine, store: DocumentStore) -> None:
    """A cursor may have passed the higher one: the lower one would be lost for that caller."""
    done = Flag()

    def watch() -> list[list[int]]:
        seen = []
        while not done.is_set():
            with reading(engine) as session:
                seen.append(list(session.scalars(select(Notification.code).order_by(Notification.code))))
        return seen

    def publish_in_portions(name: int) -> None:
        for portion in range(4):
            deposits = [deposit(store, reference=f"{name}-{portion}-{n}") for n in range(5)]
            with writing(engine) as session:
                publishing(store).publish_all(session, deposits, now=NOW)

    with ThreadPoolExecutor(5) as pool:
        watching = pool.submit(watch)
        try:
            list(pool.map(publish_in_portions, range(4)))
        finally:
            done.set()
    for earlier, later in pairwise(watching.result()):
        assert later[: len(earlier)] == earlier
    assert count(engine, Notification) == 80


def test_an_addressee_keeps_the_name_by_which_it_was_first_met(engine: Engine) -> None:
    with writing(engine) as session:
        ensure_addressee(session, identifier="B12345674", name="Old")
    with writing(engine) as session:
        assert not is_known_party(session, "12345678Z")
        assert is_known_party(session, "B12345674")
        row = ensure_addressee(session, identifier="B12345674", name="New")
    assert row.name == "Old"


def test_many_making_the_same_addressee_at_once_agree_on_one(engine: Engine) -> None:
    def ensure(_number: int) -> int:
        with writing(engine) as session:
            return ensure_addressee(session, identifier="B12345674", name="Same").id

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(ensure, range(36)))) == 1
    assert count(engine, Addressee) == 1


def test_registering_a_body_again_renames_it(engine: Engine) -> None:
    with writing(engine) as session:
        register_issuing_body(session, dir3="ea-0041735", acronym="TGSS", name="Tesorería", nif="Q-2827003-A")
    with reading(engine) as session:
        assert session.scalars(select(IssuingBody.name).where(IssuingBody.dir3 == DIR3)).one() == "Tesorería"
    assert count(engine, IssuingBody) == 2


def test_a_body_with_a_wrong_code_is_not_registered(engine: Engine) -> None:
    with pytest.raises(InvalidActError, match="dir3"), writing(engine) as session:
        register_issuing_body(session, dir3="X", acronym="X", name="X", nif="Q2827003A")


def test_an_act_that_stands_twice_among_others_is_published_once(
    engine: Engine, store: DocumentStore
) -> None:
    deposits = [deposit(store, reference=one) for one in ("2", "1", "2")]
    with writing(engine) as session:
        results = publishing(store).publish_all(session, deposits, now=NOW)
    published = [one for one in results if isinstance(one, Publication)]
    assert [(one.notification.code, one.is_new) for one in published] == [(1, True), (2, True), (1, False)]
    assert count(engine, Act) == 2


def test_a_code_that_was_drawn_in_vain_is_drawn_again_or_never(engine: Engine, store: DocumentStore) -> None:
    with suppress(RuntimeError), writing(engine) as session:
        publishing(store).publish(session, deposit(store), now=NOW)
        raise RuntimeError
    codes = [publish(engine, store, reference=str(number)).notification.code for number in range(3)]
    assert codes == sorted(set(codes))
    with reading(engine) as session:
        assert list(session.scalars(select(Notification.code).order_by(Notification.code))) == codes


def test_however_many_acts_are_published_together_the_questions_are_the_same(
    engine: Engine, store: DocumentStore
) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def questions(count_: int, first: int) -> int:
        people = [replace(COMPANY, identifier=one) for one in ("12345678Z", "B12345674")]
        deposits = [
            deposit(store, reference=str(first + number), addressee=people[number % 2])
            for number in range(count_)
        ]
        asked.clear()
        with writing(engine) as session:
            publishing(store).publish_all(session, deposits, now=NOW)
        return len(asked)

    questions(2, 1)  # both are addressees from now on
    assert questions(2, 100) == questions(40, 200)
