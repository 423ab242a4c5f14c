"""What every request needs, and what is known of one request once it is verified."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.repository import engine as database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime

    from sqlalchemy import Engine

    from notigateway.addressee.mailbox import InlineLimits
    from notigateway.evidence.xades import Seal
    from notigateway.http.failures import FailureLimit
    from notigateway.law.caller import Caller
    from notigateway.law.representation import RightsPolicy
    from notigateway.log.access import AccessNotes
    from notigateway.receipts.recording import RequestProof
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.session import Session
    from notigateway.soap.entry import Entry
    from notigateway.trust.admission import Admission
    from notigateway.wss.clients import ClientRegister
    from notigateway.wss.policy import Expectations, Limits
    from notigateway.wss.sign import Signer


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """What the process holds: stores, keys, trust and limits, put together in `app.py`."""

    engine: Engine
    store: DocumentStore
    seal: Seal
    signer: Signer
    admission: Admission
    clock: Callable[[], datetime]
    limits: Limits
    expectations: Expectations
    clients: ClientRegister
    inline: InlineLimits
    chunk_max_bytes: int
    document_max_bytes: int
    rights: RightsPolicy
    is_working_day: Callable[[date], bool] | None
    log_origin: str
    verify_url: str
    failures: FailureLimit
    requests_per_minute: int


@dataclass(frozen=True, kw_only=True)
class Request:
    """One verified request: who asks, when, and the proof of it."""

    gateway: Gateway
    proof: RequestProof
    entry: Entry

    @property
    def access(self) -> AccessNotes:
        """What is to be recorded of it."""
        return self.entry.access

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.access.caller

    @property
    def now(self) -> datetime:
        """When it came: the one reading of the clock."""
        return self.access.now

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give the session of what the request reads; what it finds is noted for the access record.

        Raises: `TemporarilyUnavailableError`.
        """
        with database.reading(self.gateway.engine) as session:
            yield session
            self.access.found(session.found)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give the session of what the request changes; its entry is committed with it.

        Raises: `ReplayError`, `TemporarilyUnavailableError`; what cannot be entered does not happen.
        """
        with self.entry.making() as session:
            yield session
            self.access.found(session.found)
