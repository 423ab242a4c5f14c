"""What every request needs, and what is known of one request once it is verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from sqlalchemy import Engine

    from notigateway.admission import Admission
    from notigateway.documents import DocumentStore
    from notigateway.evidence.xades import Seal
    from notigateway.mailbox import InlineLimits
    from notigateway.pki.identity import Caller
    from notigateway.recording import RequestProof
    from notigateway.representation import RightsPolicy
    from notigateway.soap.rates import FailureLimit
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
    failures: FailureLimit
    requests_per_minute: int


@dataclass(frozen=True, kw_only=True)
class Request:
    """One verified request: who asks, when, and the proof of it."""

    gateway: Gateway
    caller: Caller
    now: datetime
    proof: RequestProof
