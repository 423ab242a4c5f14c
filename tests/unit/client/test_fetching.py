"""What passes between a pull and the processes beside it: errors as they are, and a lock that all share."""

from __future__ import annotations

import os
import pickle
from functools import partial
from typing import TYPE_CHECKING

import pytest

from notigateway.client.errors import (
    ClientError,
    ClockDiffersError,
    FetchingEndedError,
    GatewayFaultError,
    NothingDeliveredError,
    ReceiptNotVerifiedError,
    SpoolError,
    TransportFaultError,
    UnreachableError,
)
from notigateway.client.fetching import Crew, Fetcher, Processes, fetched
from notigateway.client.keeping import Wanted, Work
from notigateway.client.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.client import NotificationClient
    from service_simulator import Simulator

ERRORS: list[ClientError] = [
    GatewayFaultError("SOME_FAULT", text_es="Texto", text_en="Text", retryable=True, facts={"a": "b"}),
    TransportFaultError(503, "away", correlation_id="c"),
    UnreachableError("nothing listens", retryable=False),
    ClockDiffersError("an hour ahead", status=200),
    NothingDeliveredError(50, why="NOT_DELIVERED: nothing"),
    ReceiptNotVerifiedError("receipt 1 is about something else"),
    SpoolError("the disk is full"),
    FetchingEndedError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_another_process_is_told_as_it_is(error: ClientError) -> None:
    error.attempts = 3
    came = pickle.loads(pickle.dumps(error))  # noqa: S301  (our own)
    assert type(came) is type(error)
    assert (came.line(), came.code, came.exit_code) == (error.line(), error.code, error.exit_code)
    assert (came.retryable, vars(came)) == (error.retryable, vars(error))


def test_a_shared_folder_is_locked_until_the_last_has_ended(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        place = spool.share()
        with pytest.raises(SpoolError, match="another process"), Spool(tmp_path):
            pass
        joined = Spool.join(place)
    with pytest.raises(SpoolError, match="another process"), Spool(tmp_path):
        pass
    joined.__exit__()
    with Spool(tmp_path), pytest.raises(SpoolError, match="another process"):
        Spool.join(place)


def test_a_process_that_is_gone_is_told_and_the_folder_is_free(
    client: NotificationClient, service: Simulator, tmp_path: Path
) -> None:
    listed = service.add(1)[0]
    notification = next(client.list_notifications())
    processes = Processes(1, partial(os._exit, 3))
    with Spool(tmp_path) as spool, Crew(Fetcher(client, spool, ()), 4, processes) as crew:
        assert crew.size == 1
        batch = crew.fetch([Wanted(notification, "1", Work.CONTENT)])
        with pytest.raises(FetchingEndedError, match="fewer --processes"):
            fetched(batch)
    assert listed.state == "available"
    with Spool(tmp_path) as spool:
        assert len(spool) == 0


def test_a_folder_that_was_replaced_is_not_joined(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    with Spool(folder) as spool:
        place = spool.share()
        folder.rename(tmp_path / "elsewhere")
        with Spool(folder) as other:
            other.share()
            with pytest.raises(SpoolError, match="moved away or replaced"):
                Spool.join(place)
