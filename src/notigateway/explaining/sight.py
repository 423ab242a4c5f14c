"""What an explanation has seen of an envelope so far; its causes are sought in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway.pki.known import KnownCertificates

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.soap.contract import Contract
    from notigateway.soap.served import Served
    from notigateway.wss.envelope import Envelope
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.policy import Expectations, Limits
    from notigateway.wss.signature_value import VerifyingKey
    from notigateway.wss.signed_info import Reference, SignedInfo


@dataclass(kw_only=True)
class Sight:
    """Filled step by step; what a failed step would have given stays empty.

    `key` and `certificate` are those that were meant, where they can be told although the token is wrong.
    """

    data: bytes
    now: datetime
    expectations: Expectations
    limits: Limits
    root: _Element | None = None
    envelope: Envelope | None = None
    header: SecurityHeader | None = None
    signed_info: SignedInfo | None = None
    parts: dict[str, _Element] = field(default_factory=dict)
    certificate: x509.Certificate | None = None
    key: VerifyingKey | None = None
    differing: list[tuple[Reference, _Element]] = field(default_factory=list)
    registered: KnownCertificates = field(default_factory=KnownCertificates)
    served: Served | None = None
    contract: Contract | None = None
    content_type: str | None = None
    # how who did not say when the message was received can say it; empty where the instant is known
    instant_by: str = ""
