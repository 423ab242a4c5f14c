"""Both contracts decide the same notification at the same time: one decision stands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pki import pki
from stack import NG, text
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from stack import Answer, Stack

_PATIENCE_SECONDS = 60
_COUNT = 8


def test_of_both_contracts_at_once_one_decides_each_time(stack: Stack) -> None:
    ids = stack.publish_many(_COUNT)
    client = Wscn(stack)
    acuses = [sign(client.acuse(code), client.pair) for code in range(1, _COUNT + 1)]
    mine = [
        client.envelope(
            client.write(client.environment, "enviarAcuseNotificacion", rol=1, xmlAcuseFirmado=one)
        )
        for one in acuses
    ]
    theirs = [
        stack.sign(
            f'<RejectNotifications xmlns="urn:notigateway:v1"><id>{one}</id></RejectNotifications>',
            pki().representative,
        )
        for one in ids
    ]
    barrier = threading.Barrier(2, timeout=_PATIENCE_SECONDS)
    told: dict[str, list[Answer]] = {"wscn": [], "own": []}

    def compete(name: str, path: str, messages: list[bytes]) -> None:
        for message in messages:
            barrier.wait()
            told[name].append(stack.send(message, PATH_INFO=path))

    rivals = [
        threading.Thread(target=compete, args=("wscn", client.environment.path, mine)),
        threading.Thread(target=compete, args=("own", "/notigateway/v1", theirs)),
    ]
    for one in rivals:
        one.start()
    for one in rivals:
        one.join(_PATIENCE_SECONDS)
        assert not one.is_alive()
    for accepted, rejected in zip(told["wscn"], told["own"], strict=True):
        client.check(accepted)
        (item,) = rejected.tree.iterfind("ng:item", NG)
        outcome = number(accepted.tree[0]), text(item, "outcome"), text(item, "decision/state")
        assert outcome in {(0, "already_decided", "accepted"), (136, "decided", "rejected")}
        if outcome[0] == 0:
            sealed = (accepted.tree[0].findtext("selladoTiempo") or "").split(";")[2]
            assert text(item, "receipt/sha256") == sealed
    decisive = [row for row in stack.contents()["events"] if {"accepted", "rejected"} & set(map(str, row))]
    assert len(decisive) == _COUNT
