"""gunicorn with `conf/gunicorn.conf.py`, as production runs it: its start, its signals, its log.

Requests are signed and answers verified here, each on a connection of its own, so that nothing hides a pause.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from notigateway.pki.anchors import PinnedCertificates
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.sandbox.holders import Pki, ensure_pki
from notigateway.settings import load_settings
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from patience import PATIENCE_SECONDS
from stack import mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONF = Path(__file__).parents[1] / "conf" / "gunicorn.conf.py"
PATH = "/notigateway/v1"
WORKERS = 2
# Of somebody who asks all the time: the processor is not theirs alone.
_PAUSE_SECONDS = 0.05
PING = f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>'.encode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@dataclass
class World:
    """A folder with test certificates and settings; more settings are laid over the basic ones."""

    folder: Path
    database_url: str
    now: datetime = field(init=False)
    pki: Pki = field(init=False)
    port: int = field(default_factory=free_port)
    operations_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC)
        self.pki = ensure_pki(self.folder / "pki", self.now)
        self.write()
        mark(load_settings(self.settings_file))

    @property
    def settings_file(self) -> Path:
        return self.folder / "notigateway.toml"

    def write(self, **changes: object) -> None:
        """Write the settings; None leaves one out."""
        values = {
            "mode": "development",
            "public_url": f"http://127.0.0.1:{self.port}{PATH}",
            "operations_address": f"127.0.0.1:{self.operations_port}",
            "database_url": self.database_url,
            "document_store_url": f"file:{self.folder / 'documents'}",
            "service_key_file": str(self.pki.key("service")),
            "service_certificate_file": str(self.pki.certificate("service")),
            "seal_key_file": str(self.pki.key("seal")),
            "seal_certificate_file": str(self.pki.certificate("seal")),
            "authorised_issuers_folder": str(self.pki.issuers),
            "revocation": "unsafe_off",
            "trusted_proxy_hops": 0,
        } | changes
        lines = (f"{name} = {json.dumps(value)}\n" for name, value in values.items() if value is not None)
        self.settings_file.write_text("".join(lines), "utf-8")

    @contextmanager
    def started(self, *options: str, workers: int = WORKERS, answers: bool = True) -> Iterator[Master]:
        """Run the master for the length of the context, and wait until it answers."""
        master = Master(self, self.start(*options, workers=workers))
        try:
            if answers:
                master.await_answer()
            yield master
        finally:
            master.end()

    def start(self, *options: str, workers: int = WORKERS) -> subprocess.Popen[bytes]:
        # The program, not the module: the next master is started by the same words (USR2).
        program = Path(sys.executable).with_name("gunicorn")
        command = [str(program), "-c", str(CONF), "--bind", f"127.0.0.1:{self.port}"]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *options, "notigateway.wsgi:application"],
                cwd=self.folder,
                env=os.environ
                | {"NOTIGATEWAY_SETTINGS": str(self.settings_file), "WEB_CONCURRENCY": str(workers)},
                stderr=log,
            )


@dataclass
class Master:
    """A running one."""

    world: World
    process: subprocess.Popen[bytes]
    others: list[int] = field(default_factory=list)  # masters that came of it by USR2

    @property
    def log(self) -> str:
        return (self.world.folder / "server.log").read_text("utf-8", "replace")

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return our own lines of the log with that event."""
        found = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in found if line.get("event") == event]

    def workers(self, pid: int | None = None) -> set[int]:
        """Return the processes that a master has forked."""
        pid = pid or self.process.pid
        with suppress(OSError):
            return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
        return set()

    def send(self, number: signal.Signals, event: str) -> dict[str, Any]:
        """Send a signal; return the line of the log that follows."""
        before = len(self.lines(event))
        self.process.send_signal(number)
        self.wait(lambda: len(self.lines(event)) > before)
        return self.lines(event)[-1]

    def wait(self, until: Any) -> None:  # noqa: ANN401  (a condition)
        end = time.monotonic() + PATIENCE_SECONDS
        while not until():
            assert self.process.poll() is None, self.log[-3000:]
            assert time.monotonic() < end, self.log[-3000:]
            time.sleep(0.02)

    def ask(self, **headers: str) -> str:
        """Ping; return "" or the code of the fault, which says that it may be repeated."""
        holder = self.world.pki.holder("company")
        pair = load_key_pair(holder.key, holder.certificate)
        now = datetime.now(UTC)
        data = sign_envelope(PING, signer=Signer(pair.key, pair.certificate), now=now)
        answer = httpx.post(
            f"http://127.0.0.1:{self.world.port}{PATH}",
            content=data,
            headers={"Content-Type": "text/xml; charset=utf-8", "Connection": "close"} | headers,
            timeout=PATIENCE_SECONDS,
        )
        service = load_certificates(self.world.pki.certificate("service"))
        verified = verify_envelope(
            parse_envelope(answer.content, limits=Limits()),
            now=datetime.now(UTC),
            expectations=Expectations(),
            check_certificate=PinnedCertificates(service).check,
        )
        code = verified.operation.findtext(f".//{{{NOTIGATEWAY_V1}}}code") or ""
        if code:
            assert answer.headers["Retry-After"]
        return code

    def await_answer(self, wanted: str = "") -> float:
        """Ask until that is answered; return how many seconds it took."""
        began = time.monotonic()

        def is_answered() -> bool:
            try:
                return self.ask() == wanted
            except httpx.TransportError:
                return False

        self.wait(is_answered)
        return time.monotonic() - began

    def is_alive(self) -> bool:
        """Tell whether /healthz answers at the second address."""
        url = f"http://127.0.0.1:{self.world.operations_port}/healthz"
        return bool(httpx.get(url, timeout=PATIENCE_SECONDS).json()["status"] == "alive")

    def numbers(self) -> bytes:
        """Return what Prometheus reads at the second address."""
        url = f"http://127.0.0.1:{self.world.operations_port}/metrics"
        return httpx.get(url, timeout=PATIENCE_SECONDS).content

    def replace_workers(self, number: signal.Signals) -> None:
        """End every worker, and wait until each has a successor.

        It is said again, as the master does: a worker of a moment ago still has the master's handlers.
        """
        old = self.workers()

        def are_replaced() -> bool:
            now = self.workers()
            for pid in now & old:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            return len(now) == WORKERS and not now & old

        self.wait(are_replaced)

    def end(self) -> None:
        for pid in [*self.others, self.process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)
        for pid in self.others:
            end = time.monotonic() + PATIENCE_SECONDS
            while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
                time.sleep(0.05)


@dataclass
class Asking:
    """Somebody who asks all the time: what was answered, and the longest time that it took."""

    codes: list[str] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    longest: float = 0.0


@contextmanager
def asking(master: Master) -> Iterator[Asking]:
    """Ask all the time while the context lasts."""
    told, over = Asking(), threading.Event()

    def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                told.codes.append(master.ask())
            except Exception as error:  # noqa: BLE001  (the test looks at them)
                told.troubles.append(error)
            told.longest = max(told.longest, time.monotonic() - began)
            over.wait(_PAUSE_SECONDS)

    threads: Sequence[threading.Thread] = [threading.Thread(target=ask) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        yield told
    finally:
        over.set()
        for one in threads:
            one.join(PATIENCE_SECONDS)
