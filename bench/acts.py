"""The acts of the bench: notifications at the company's disposal, in a repository as it is before any."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from notigateway.evidence.seals import load_seal
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.publishing import Publication, Publishing, register_issuing_body
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.repository.engine import create_database, writing
from notigateway.repository.marking import mark_store, open_store
from notigateway.repository.schema import upgrade
from notigateway.sandbox.holders import COMPANY

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy import Engine

    from notigateway.settings import Settings

    Documents: TypeAlias = Callable[[], tuple[SubmittedDocument, ...]]

DIR3: Final = "E04990201"


def two_small() -> tuple[SubmittedDocument, ...]:
    """Return the documents of an act whose size is of no interest."""
    return (
        SubmittedDocument("resolucion.txt", "text/plain", b"Resolution of the bench"),
        SubmittedDocument("anexo.txt", "text/plain", b"Annex of the bench"),
    )


def one_of(size: int) -> tuple[SubmittedDocument, ...]:
    """Return a document of so many bytes, which no other act has."""
    return (SubmittedDocument("resolucion.pdf", "application/pdf", os.urandom(size)),)


def prepare(
    settings: Settings, notifications: int, *, at_once: int = 1, documents: Documents = two_small
) -> None:
    """Make the schema, and put notifications at the company's disposal."""
    engine = create_database(settings.database_url)
    upgrade(engine)
    publishing = publishing_of(settings, engine)
    mark_store(engine, publishing.store, now=datetime.now(UTC))
    with writing(engine) as session:
        register_issuing_body(
            session,
            dir3=DIR3,
            acronym="TGSS",
            name="Tesorería General de la Seguridad Social",
            nif="Q2827003A",
        )
    publish_to_company(engine, publishing, range(notifications), at_once=at_once, documents=documents)
    engine.dispose()


def publishing_of(settings: Settings, engine: Engine) -> Publishing:
    """Return what publishes by the settings."""
    return Publishing(
        store=open_store(settings.document_store_url, engine),
        seal=load_seal(settings, now=datetime.now(UTC)),
        document_max_bytes=settings.document_max_bytes,
    )


def publish_to_company(
    engine: Engine,
    publishing: Publishing,
    numbers: range,
    *,
    ago: timedelta = timedelta(0),
    at_once: int = 1,
    documents: Documents = two_small,
) -> list[UUID]:
    """Put notifications at the company's disposal, so long ago; return what they go by.

    Each at an instant of its own, or so many together: pages of one and the same instant are faster than
    they should be.
    """
    last = datetime.now(UTC) - ago
    done: list[UUID] = []
    with writing(engine) as session:
        for start in range(numbers.start, numbers.stop, at_once):
            some = range(start, min(start + at_once, numbers.stop))
            deposits = publishing.deposit_all([_submission(number, documents()) for number in some])
            accepted = [one for one in deposits if isinstance(one, Deposit)]
            at = last - timedelta(seconds=numbers.stop - start)
            published = publishing.publish_all(session, accepted, now=at)
            done.extend(one.notification.id for one in published if isinstance(one, Publication))
    if len(done) != len(numbers):
        raise SystemExit("an act was refused")
    return done


def _submission(number: int, documents: tuple[SubmittedDocument, ...]) -> ActSubmission:
    return ActSubmission(
        issuing_body=DIR3,
        reference=f"BENCH-{number:06}",
        subject=f"Reclamación de deuda número {number}, periodo 01/2026 a 06/2026",
        procedure="RECAUD",
        matter="Recaudación",
        addressee=SubmittedAddressee(*COMPANY),
        documents=documents,
    )
