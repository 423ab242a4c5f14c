"""Our verification of one envelope against the test PKI, in one call."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import SecurityError
from notigateway.pki.anchors import TrustStore
from notigateway.wss.clients import NO_CLIENTS, ClientRegister
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import Verified, verify_envelope
from pki import NOW, pki

if TYPE_CHECKING:
    from datetime import datetime

DEFAULT = Expectations()


@cache
def trust() -> TrustStore:
    """Return the store that holds the test PKI's issuers."""
    return TrustStore(pki().anchors)


def verify(
    data: bytes,
    *,
    now: datetime = NOW,
    expectations: Expectations = DEFAULT,
    clients: ClientRegister = NO_CLIENTS,
) -> Verified:
    """Parse and verify an envelope as the gateway does."""
    return verify_envelope(
        parse_envelope(data, limits=Limits()),
        now=now,
        expectations=expectations,
        check_certificate=trust().check,
        clients=clients,
    )


def refused(
    data: bytes, error: type[SecurityError], *, now: datetime = NOW, clients: ClientRegister = NO_CLIENTS
) -> SecurityError:
    """Assert that exactly this error refuses the envelope, and return it."""
    with pytest.raises(SecurityError) as caught:
        verify(data, now=now, clients=clients)
    assert type(caught.value) is error, f"{error.__name__} expected, not {caught.value!r}"
    return caught.value
