"""A gateway as production runs it, and what it stands on behind relays: all of it for one context.

gunicorn with `conf/gunicorn.conf.py` and two workers, PostgreSQL, documents in an object store, a time-stamp
authority; the periodic jobs beside it. Its log is one file, which the jobs write to as well.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from chaos.relay import Relay
from load import Target
from notigateway.sandbox.holders import Pki, ensure_pki
from notigateway.settings import Settings, load_settings
from patience import PATIENCE_SECONDS
from pki import write_issuers
from scraped import Numbers
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.cluster import Cluster

CONF: Final = Path(__file__).parents[2] / "conf" / "gunicorn.conf.py"
BUCKET: Final = "documents"
_PATH: Final = "/notigateway/v1"
_COMMAND: Final = (sys.executable, "-m", "notigateway.cli.main")
_SOON_SECONDS: Final = 0.05


@dataclass
class Installation:
    """What runs, and how to reach each part of it."""

    folder: Path
    pki: Pki
    settings: Settings
    file: Path
    address: tuple[str, int]
    environment: Mapping[str, str]
    server: subprocess.Popen[bytes]
    database: Relay | None = None
    store: Relay | None = None
    nowhere: tuple[str, int] | None = None
    authority: Relay | None = None
    cluster: Cluster | None = None
    behind_store: tuple[str, int] | str | None = None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the address of the service."""
        return f"http://{self.address[0]}:{self.address[1]}{_PATH}"

    @property
    def log(self) -> Path:
        """Return the file with what the workers and the jobs say."""
        return self.folder / "server.log"

    def target(self) -> Target:
        """Return how the company calls."""
        holder = self.pki.holder("company")
        return Target(self.url, holder.key, holder.certificate, self.pki.certificate("service"))

    def numbers(self) -> Numbers:
        """Return what Prometheus reads now; it asks once more where a worker ends under it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                read = httpx.get(
                    f"http://{self.settings.operations_address}/metrics", timeout=PATIENCE_SECONDS
                )
            except httpx.TransportError:
                assert time.monotonic() < end, "no metrics"
                time.sleep(_SOON_SECONDS)
            else:
                return Numbers(read.raise_for_status().content, at=time.time())

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def reload(self) -> None:
        """Replace the workers."""
        self.server.send_signal(signal.SIGHUP)

    def run(self, *words: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator on this installation."""
        return subprocess.run(
            [*_COMMAND, *words, "--settings", str(self.file)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def beside(self, *words: str) -> None:
        """Keep a command of the operator running until the end."""
        with self.log.open("ab") as log:
            command = [*_COMMAND, *words, "--settings", str(self.file)]
            self.started.append(
                subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=log)
            )


@contextmanager
def installed(
    folder: Path,
    *,
    cluster: Cluster | None = None,
    in_bucket: bool = False,
    notifications: int,
    options: Sequence[str] = (),
    **changes: object,
) -> Iterator[Installation]:
    """Install a gateway and serve it; on SQLite where there is no cluster, with a folder of documents."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        host, port = listener.getsockname()[:2]
        made = Installing(folder, stack)
        values = made.values(f"http://{host}:{port}{_PATH}")
        if cluster is not None:
            values["database_url"] = made.database(cluster)
        if in_bucket:
            values["document_store_url"] = made.bucket()
        values |= made.stamping() | changes
        file = folder / "notigateway.toml"
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), "utf-8")
        file.chmod(0o600)
        environment = {**os.environ, **made.environment, "NOTIGATEWAY_SETTINGS": str(file)}
        sown = [sys.executable, "-m", "chaos.sowing", str(file), str(notifications)]
        subprocess.run(
            sown, env={**environment, "PYTHONPATH": str(CONF.parents[1] / "tests")}, check=True, timeout=600
        )
        command = [sys.executable, "-m", "gunicorn", "-c", str(CONF), "--bind", f"fd://{listener.fileno()}"]
        with (folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                [*command, *options, "notigateway.wsgi:application"],
                pass_fds=[listener.fileno()],
                env=environment,
                stderr=log,
            )
        one = Installation(
            folder, made.pki, load_settings(file), file, (host, port), environment, server,
            database=made.relays.get("database"),
            store=made.relays.get("store"),
            nowhere=made.nowhere,
            authority=made.relays.get("authority"),
            cluster=cluster,
        )  # fmt: skip
        try:
            await_service(one)
            yield one
        finally:
            for process in (*one.started, server):
                process.terminate()
            for process in (*one.started, server):
                try:
                    process.wait(PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(PATIENCE_SECONDS)


class Installing:
    """Puts up what a gateway stands on."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """Make the keys; `stack` ends what is put up."""
        self._folder = folder
        self._stack = stack
        self.pki = ensure_pki(folder / "pki", datetime.now(UTC))
        self.relays: dict[str, Relay] = {}
        self.environment: dict[str, str] = {}
        self.nowhere: tuple[str, int] | None = None

    def values(self, url: str) -> dict[str, object]:
        """Return the settings of production, on SQLite with a folder."""
        return {
            "public_url": url,
            "proxy_speaks_tls": True,
            "operations_address": f"127.0.0.1:{_free_port()}",
            "trusted_proxy_hops": 0,
            "log_origin": "gateway.example/receipts",
            "database_url": f"sqlite:///{self._folder / 'notigateway.db'}",
            "document_store_url": f"file:{self._folder / 'documents'}",
            "service_key_file": str(self.pki.key("service")),
            "service_certificate_file": str(self.pki.certificate("service")),
            "seal_key_file": str(self.pki.key("seal")),
            "seal_certificate_file": str(self.pki.certificate("seal")),
            "authorised_issuers_folder": str(self.pki.issuers),
            "revocation_folder": str(self.pki.revocation),
        }

    def database(self, cluster: Cluster) -> str:
        """Put a relay before the server, and return the URL of a fresh database behind it."""
        relay = self._relay("database", cluster.socket)
        name = cluster.databases.create()
        return f"postgresql://postgres@127.0.0.1:{relay.port}/{name}?sslmode=disable"

    def bucket(self) -> str:
        """Put up an object store behind a relay, another without a bucket beside it; return the URL."""
        behind, self.nowhere = self._object_store(), self._object_store()
        relay = self._relay("store", behind)
        self.environment |= {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{relay.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }
        httpx.put(f"http://{behind[0]}:{behind[1]}/{BUCKET}").raise_for_status()
        return f"s3://{BUCKET}/acts"

    def stamping(self) -> dict[str, object]:
        """Put up an authority behind a relay; return its settings."""
        authority = self._stack.enter_context(serving(Answering()))
        relay = self._relay("authority", ("127.0.0.1", int(authority.url.rsplit(":")[-1].strip("/"))))
        return {
            "timestamp_authority_url": f"http://127.0.0.1:{relay.port}/",
            "timestamp_authority_folder": write_issuers(
                self._folder / "authorities", [tsa().certificate]
            ).as_posix(),
        }

    def _relay(self, part: str, target: tuple[str, int] | str) -> Relay:
        self.relays[part] = self._stack.enter_context(Relay(target))
        return self.relays[part]

    def _object_store(self) -> tuple[str, int]:
        port = _free_port()
        server = Path(sys.executable).with_name("moto_server")
        process = subprocess.Popen(
            [str(server), "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def end() -> None:
            process.kill()
            process.wait(PATIENCE_SECONDS)

        self._stack.callback(end)
        _await(f"http://127.0.0.1:{port}/")
        return "127.0.0.1", port


def _free_port() -> int:
    """Return a port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def await_service(one: Installation) -> None:
    """Wait until it answers."""
    _await(f"{one.url}?wsdl")


def _await(url: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(url, timeout=PATIENCE_SECONDS)
        except httpx.TransportError:
            assert time.monotonic() < end, f"no answer from {url}"
            time.sleep(_SOON_SECONDS)
        else:
            return
