"""Acts to publish: valid ones, to be changed in one place by the test that cares."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from notigateway.evidence.sealing import Seal
from notigateway.issuer.deposits import Deposit
from notigateway.issuer.publishing import Publishing, register_issuing_body
from notigateway.law.submission import ActSubmission, SubmittedAddressee, SubmittedDocument
from notigateway.repository.engine import writing
from pki import pki

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.repository.documents import DocumentStore

NOW = datetime(2026, 11, 23, 9, 30, 15, 123456, tzinfo=UTC)
DIR3 = "EA0041735"
COMPANY = SubmittedAddressee("B12345674", "Nóminas del Norte, S.L.", ccc="28123456742")
PDF = SubmittedDocument("resolution.pdf", "application/pdf", b"%PDF-1.7 a resolution")
MEGABYTE = 1024 * 1024

ACT = ActSubmission(
    issuing_body=DIR3,
    reference="2026/000001",
    subject="Providencia de apremio",
    procedure="202301",
    matter="collection",
    addressee=COMPANY,
    documents=(PDF,),
)


def register_bodies(engine: Engine) -> None:
    """Register two issuing bodies."""
    with writing(engine) as session:
        for dir3, acronym in ((DIR3, "TGSS"), ("EA0041736", "INSS")):
            register_issuing_body(session, dir3=dir3, acronym=acronym, name=acronym, nif="Q2827003A")


def publishing(store: DocumentStore) -> Publishing:
    """Publish into that store, sealed by the tests' seal."""
    return Publishing(store=store, seal=Seal(pki().seal), document_max_bytes=MEGABYTE)


def deposit(store: DocumentStore, **changes: Any) -> Deposit:  # noqa: ANN401
    """Deposit the act with some fields changed."""
    return publishing(store).deposit(replace(ACT, **changes))
