"""Our explanation of one request against the test PKI, the whole way, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.explaining.explain import explain_envelope
from notigateway.explaining.way import Way
from notigateway.wss.clients import NO_CLIENTS, ClientRegister
from notigateway.wss.policy import Limits
from pki import NOW
from verifying import DEFAULT, trust

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.explaining.explanation import Explanation

PUBLIC_URL = "http://127.0.0.1:8080/notigateway/v1"


def told_of(
    data: bytes, *, now: datetime = NOW, clients: ClientRegister = NO_CLIENTS, way: Way | None = None
) -> Explanation:
    """Explain a request as the sandbox of the test PKI does."""
    return explain_envelope(
        data,
        now=now,
        limits=Limits(),
        expectations=DEFAULT,
        check_certificate=trust().check,
        clients=clients,
        way=way or Way(public_url=PUBLIC_URL),
    )
