"""The database is away for two minutes while workers are replaced in every way: all is back by itself."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from chaos.cluster import cluster, folder_for_all
from chaos.faults import wait_until_back
from chaos.installation import installed
from notigateway.client.errors import ClientError, GatewayFaultError
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.installation import Installation
    from notigateway.client import NotificationClient

AWAY_SECONDS = 120.0
# Of the database; a worker looks for it by itself.


def work_until_replaced(one: Installation, client: NotificationClient) -> None:
    """Ask until a worker has answered what it may, and is about to be replaced."""
    end = time.monotonic() + PATIENCE_SECONDS
    while "Worker exiting" not in one.log.read_text("utf-8"):
        assert time.monotonic() < end
        client.ping()


@pytest.mark.soak
@pytest.mark.timeout(AWAY_SECONDS + 300)
def test_workers_that_are_replaced_while_the_database_is_away_serve_once_it_is_back(tmp_path: Path) -> None:
    options = ("--max-requests", "20", "--max-requests-jitter", "0")
    with (
        folder_for_all() as folder,
        cluster(folder / "pg") as server,
        installed(tmp_path, cluster=server, notifications=5, options=options) as one,
        one.target().client() as client,
    ):
        assert one.database is not None
        ids = [str(row.id) for row in client.list_notifications()]
        work_until_replaced(one, client)
        one.database.refuses()
        away = time.monotonic()
        told: set[str] = set()
        for at, replace in ((1, one.reload), (20, lambda: os.kill(one.workers()[0], signal.SIGKILL))):
            time.sleep(max(away + at - time.monotonic(), 0))
            replace()
        while time.monotonic() < away + AWAY_SECONDS:
            with suppress(ClientError):
                told.add(refused(client, ids))
            time.sleep(1)
        one.database.passes()
        began = time.monotonic()
        back = wait_until_back(lambda: client.accept(ids)) - began
        assert back < slowed(2)
        assert told == {"TEMPORARILY_UNAVAILABLE"}
        assert one.server.poll() is None
        assert len(one.workers()) == 2


def refused(client: NotificationClient, ids: list[str]) -> str:
    """Ask for a decision, and return the code of the signed refusal."""
    with pytest.raises(GatewayFaultError) as raised:
        client.accept(ids)
    return raised.value.code
