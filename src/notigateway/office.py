"""What the process holds, handed over once: every use case that needs some of it gets that, no more.

A use case is built with what it needs (the seal, the store, the rights, limits) and is called with who
asks, what and when (`receipts.asking.Asking`). The borders hold an office and call its use cases.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.addressee.contacts import Contacting
from notigateway.addressee.contents import InlineLimits
from notigateway.addressee.delivery import Delivering
from notigateway.addressee.following import Following
from notigateway.addressee.mailbox import Mailbox
from notigateway.addressee.subscribing import Subscribing
from notigateway.addressee.two_phase import TwoPhase
from notigateway.clock.obliging import obliging_by, rights_by
from notigateway.evidence.seals import load_history
from notigateway.issuer.publishing import Publishing
from notigateway.issuer.reporting import Reporting
from notigateway.issuer.succeeding import Succeeding
from notigateway.law.powers import PowerPolicy
from notigateway.log.public import PublicLog
from notigateway.pki.families import Families
from notigateway.receipts.authorities import dated_authorities
from notigateway.receipts.proving import Proving
from notigateway.repository.engine import create_database
from notigateway.repository.marking import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.pki.known import KnownCertificates
    from notigateway.repository.documents import DocumentStore
    from notigateway.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Office:
    """The database, the store, the seal and the clock of a process, and the use cases built with them."""

    engine: Engine
    store: DocumentStore
    seal: Seal = field(repr=False)
    clock: Callable[[], datetime]
    mailbox: Mailbox
    two_phase: TwoPhase
    following: Following
    subscribing: Subscribing
    delivering: Delivering
    contacting: Contacting
    publishing: Publishing
    succeeding: Succeeding
    reporting: Reporting
    proving: Proving
    log: PublicLog
    outage_hours_add_up: bool
    power_policy: PowerPolicy
    registering_bodies: frozenset[str]


def open_office(
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    seal: Seal,
    verify_url: str,
    known: KnownCertificates,
) -> Office:
    """Open the stores, and build the use cases; the database need not be there yet.

    `verify_url` is the public page for the codes of receipts; `known` are the certificates that a request
    may name instead of carrying.

    Raises: `ConfigurationError`; then nothing is left open.
    """
    engine = create_database(
        settings.database_url,
        pool_size=settings.database_pool_size,
        timeout_seconds=settings.database_timeout_seconds,
    )
    with ExitStack() as undoing:
        undoing.callback(engine.dispose)  # whoever gets no office could not close it
        store = open_store(settings.document_store_url, engine)
        rights = rights_by(settings)
        obliging = obliging_by(settings)
        following = Following(rights, settings.information_years)
        office = Office(
            engine=engine,
            store=store,
            seal=seal,
            clock=clock,
            mailbox=Mailbox(
                store=store,
                seal=seal,
                rights=rights,
                inline=InlineLimits(
                    document_max_bytes=settings.inline_document_max_bytes,
                    response_max_bytes=settings.inline_response_max_bytes,
                    attached_max_bytes=settings.attached_response_max_bytes,
                ),
                chunk_max_bytes=settings.document_chunk_max_bytes,
                information_years=settings.information_years,
            ),
            two_phase=TwoPhase(rights),
            following=following,
            subscribing=Subscribing.by(settings, following),
            delivering=Delivering(obliging),
            contacting=Contacting(settings.sends_notices, settings.notices_deadline_days),
            publishing=Publishing(
                store=store,
                seal=seal,
                document_max_bytes=settings.document_max_bytes,
                obliging=obliging,
                rights=rights,
            ),
            succeeding=Succeeding.by(settings, obliging),
            reporting=Reporting(seal),
            proving=Proving(
                engine=engine,
                store=store,
                seal=seal,
                verify_url=verify_url,
                log_origin=settings.log_origin,
                retired_seals=settings.retired_seals_folder,
                authorities=lambda: dated_authorities(settings),
                cosignatures=settings.witnesses_needed if settings.witnesses else 0,
                known=known,
                families=Families.of(settings),
            ),
            log=PublicLog(lambda: _sealers(seal, settings)),
            outage_hours_add_up=settings.outage_hours_add_up,
            power_policy=PowerPolicy(matters_end_alone=settings.power_matters_end_alone),
            registering_bodies=frozenset(settings.registering_bodies),
        )
        undoing.pop_all()
    return office


def _sealers(seal: Seal, settings: Settings) -> list[Certificate]:
    """Return the certificates of all seals that there are and were, as the settings have them now."""
    return [seal.certificate, *(one.certificate for one in load_history(settings, seal.certificate))]
