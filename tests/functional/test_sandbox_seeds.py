from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.evidence.sealing import Seal
from notigateway.issuer.publishing import Publishing
from notigateway.law.lifecycle import Kind
from notigateway.law.submission import SubmittedDocument
from notigateway.repository.documents import DocumentStore
from notigateway.repository.engine import create_database, reading
from notigateway.repository.model import Addressee, Notification
from notigateway.sandbox.holders import COMPANY, PERSON, RED
from notigateway.sandbox.papers import make_paper
from notigateway.sandbox.seeds import BODIES, PERSONAL_ACTS, sow, submissions
from notigateway.settings import Settings
from pki import pki, write_pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIELDS = {"body": "TGSS", "reference": "R 1", "addressee": "B", "subject": "S", "amount": "1"}


def hashes(notifications: int, seed: int) -> list[str]:
    publishing = Publishing(store=DocumentStore("memory://"), seal=Seal(pki().seal), document_max_bytes=10**6)
    return [publishing.deposit(act).sha256 for act in submissions(notifications, seed)]


def test_the_same_seed_makes_the_same_acts_and_documents() -> None:
    assert hashes(20, seed=7) == hashes(20, seed=7)


def test_another_seed_makes_other_acts() -> None:
    assert not set(hashes(20, seed=7)) & set(hashes(20, seed=8))


def test_more_notifications_leave_the_first_ones_as_they_are() -> None:
    assert hashes(20, seed=7)[:15] == hashes(5, seed=7)


def test_documents_are_different_pdf_files_of_varied_size() -> None:
    papers = [
        document.content
        for act in submissions(200, seed=7)
        for document in act.documents
        if isinstance(document, SubmittedDocument)
    ]
    assert len({hashlib.sha256(paper).digest() for paper in papers}) == len(papers)
    sizes = [len(paper) for paper in papers]
    assert 5_000 < min(sizes) < 10_000
    assert 50_000 < max(sizes) < 70_000


def test_every_offset_in_a_document_is_right() -> None:
    """A reader that follows the cross-reference table finds each object where it says."""
    for pages in (1, 3):
        paper = make_paper(pages, **FIELDS)
        assert paper.startswith(b"%PDF-1.")
        (table,) = re.findall(rb"startxref\n(\d+)\n%%EOF", paper)
        assert paper[int(table) :].startswith(b"xref\n0 ")
        offsets = [int(offset) for offset in re.findall(rb"\n(\d{10}) 00000 n", paper)]
        for number, offset in enumerate(offsets, start=1):
            assert paper[offset:].startswith(f"{number} 0 obj".encode())
        assert paper.count(b"/Type /Page\n") == pages


def test_brackets_in_a_text_do_not_break_the_document() -> None:
    paper = make_paper(1, **{**FIELDS, "addressee": r"Pérez (hijos) \ SL"})
    assert rb"(P" + "é".encode("latin-1") + rb"rez \(hijos\) \\ SL" in paper
    assert len(paper) == len(make_paper(1, **FIELDS))


@pytest.mark.parametrize("text", ["x" * 81, "日本"])
def test_a_text_that_does_not_fit_its_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"longer than its place|latin-1"):
        make_paper(1, **{**FIELDS, "body": text})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    key, certificate = write_pem(pki().seal, tmp_path, "seal")
    return Settings(
        seal_key_file=key,
        seal_certificate_file=certificate,
        mode="development",
        database_url=f"sqlite:///{tmp_path / 'notigateway.db'}",
        document_store_url=(tmp_path / "documents").as_uri(),
    )


def stored(settings: Settings) -> Iterator[tuple[str, Notification]]:
    engine = create_database(settings.database_url)
    with reading(engine) as session:
        names = {one.id: one.identifier for one in session.query(Addressee)}
        found = [(names[one.addressee_id], one) for one in session.query(Notification)]
    engine.dispose()
    return iter(found)


def test_the_company_gets_exactly_the_number_asked_for_and_time_to_decide(settings: Settings) -> None:
    assert sow(settings, notifications=30, seed=7, now=NOW) == 30 + PERSONAL_ACTS
    own = [one for nif, one in stored(settings) if nif == COMPANY[0]]
    assert len(own) == 30
    for one in own:
        assert one.kind is Kind.NOTIFICATION
        assert one.available_at <= NOW
        assert one.deadline is not None
        assert one.deadline - NOW > timedelta(days=4)
    assert [one.available_at for one in own] == sorted(one.available_at for one in own)


def test_the_person_gets_what_else_exists(settings: Settings) -> None:
    sow(settings, notifications=1, seed=7, now=NOW)
    found = list(stored(settings))
    persons = [one for nif, one in found if nif == PERSON[0]]
    assert sum(one.kind is Kind.COMMUNICATION for one in persons) == 3
    assert sum(one.kind is Kind.NOTIFICATION and one.deadline is None for one in persons) == 2
    assert len(persons) == PERSONAL_ACTS - 1
    assert [nif for nif, _ in found].count(RED[0]) == 1


def test_sowing_again_adds_nothing_and_completes_what_was_interrupted(settings: Settings) -> None:
    assert sow(settings, notifications=5, seed=7, now=NOW) == 5 + PERSONAL_ACTS
    assert sow(settings, notifications=5, seed=7, now=NOW) == 0
    assert sow(settings, notifications=8, seed=7, now=NOW) == 3


def test_the_three_bodies_are_distinct() -> None:
    assert [body.acronym for body in BODIES] == ["TGSS", "INSS", "ISM"]
    assert len({body.dir3 for body in BODIES}) == len({body.nif for body in BODIES}) == 3
