"""Two processes, each with a gateway of its own on one database, that do their work at the same moments."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notigateway.app import build_app
from notigateway.settings import load_settings
from patience import PATIENCE_SECONDS
from processes import processes
from stack import NG, send, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from multiprocessing.synchronize import Barrier

_barrier: Barrier


@dataclass(frozen=True)
class Told:
    """What a rival was told about one item."""

    id: str | None
    outcome: str | None
    state: str | None
    signer: str | None
    receipt: str | None


def compete(
    overrides: Mapping[str, Any], now: datetime, messages: Sequence[Sequence[bytes]]
) -> list[list[list[Told]]]:
    """Let one process for each list send its messages, number by number at the same time.

    Returns what each was told: by process, by message, by item.
    """
    context = processes()
    barrier = context.Barrier(len(messages), timeout=PATIENCE_SECONDS)
    with ProcessPoolExecutor(
        len(messages), mp_context=context, initializer=_keep, initargs=(barrier,)
    ) as pool:
        running = [pool.submit(_send_all, overrides, now, list(one)) for one in messages]
        return [one.result() for one in running]


def _keep(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603  (handed over when the process starts: the only way there is)
    _barrier = barrier


def _send_all(overrides: Mapping[str, Any], now: datetime, messages: list[bytes]) -> list[list[Told]]:
    endpoint = build_app(load_settings(None, overrides=overrides), lambda: now)
    told = []
    for message in messages:
        _barrier.wait()
        answer = send(endpoint, message)
        assert answer.status == 200, answer.body
        told.append(
            [
                Told(
                    text(item, "id"),
                    text(item, "outcome"),
                    text(item, "decision/state"),
                    text(item, "decision/signer/identifier"),
                    text(item, "receipt/sha256"),
                )
                for item in answer.tree.iterfind("ng:item", namespaces=NG)
            ]
        )
    endpoint.gate.office.engine.dispose()
    return told
