"""What a cosigned head of the log costs: asked over HTTP, proven, kept on both sides."""

from __future__ import annotations

import gc
import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from bench.measure import Cpu
from notigateway.http.side_door import SideDoor
from notigateway.log.growing import advance
from notigateway.log.witnessing import Place, Witnesses, collect
from notigateway.pki.keys import fingerprint
from notigateway.tlog.submission import PATH
from notigateway.witness.answering import BOUNDS, Service
from notigateway.witness.configured import load_witness, make_key
from notigateway.witness.judging import Witness
from notigateway.witness.kept import Kept
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.gateway import Gateway

HEADS = 100


def measure_cosigning(gateway: Gateway, folder: Path) -> Cpu:
    """Return the CPU milliseconds of a head, those of the gateway and of its one witness together."""
    office = gateway.application.gate.office
    certificate, origin = office.seal.certificate, office.proving.log_origin
    me = make_key(folder / "witness.key.pem", "witness.example/bench")
    (folder / "seals").mkdir()
    (folder / "seals" / "seal.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    said = {
        "name": me.name,
        "listen": "127.0.0.1:1",
        "key_file": "witness.key.pem",
        "database": "witness.db",
        "logs": [{"origin": origin, "seals": "seals"}],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in said.items() if name != "logs"]
    file = folder / "witness.toml"
    file.write_text("\n".join([*lines, "[[logs]]", f"origin = {json.dumps(origin)}", 'seals = "seals"', ""]))
    configured = load_witness(file)
    kept = Kept(configured.database)

    def works(witnesses: Witnesses) -> Iterator[Callable[[], object]]:
        for _ in range(HEADS + 1):
            gateway.answer(gateway.signed(f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>'.encode()))
            advance(office.engine, seal=office.seal, origin=origin, now=datetime.now(UTC))
            yield lambda: _collect(gateway, witnesses)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)  # noqa: FBT003  (it has no name)
        door = SideDoor(Service(Witness(configured, kept), kept), listener, report=_fail, bounds=BOUNDS)
        door.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
        wanted = works(Witnesses([Place(me, url)], 1, 10, {fingerprint(certificate): certificate}))
        next(wanted)()  # the first one is also told the size
        gc.collect()
        cpu = Cpu.of(wanted)
        door.stop()
    kept.close()
    return cpu


def _collect(gateway: Gateway, witnesses: Witnesses) -> None:
    done = collect(gateway.application.gate.office.engine, witnesses, now=datetime.now(UTC))
    if (done.cosigned, done.lacking) != (1, 0):
        raise SystemExit(f"a head was not cosigned: {done}")


def _fail(error: BaseException) -> None:
    raise SystemExit(str(error))
