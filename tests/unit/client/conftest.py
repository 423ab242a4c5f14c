from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notigateway.client import NotificationClient, Retries
from pki import pki
from service_simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(service: Simulator) -> Iterator[NotificationClient]:
    with NotificationClient(
        service.url,
        key=pki().company_seal.key,
        certificate=pki().company_seal.certificate,
        server_certificates=[pki().service.certificate],
        retries=Retries(attempts=4, first_wait_seconds=0.01, max_wait_seconds=0.05),
    ) as client:
        yield client
