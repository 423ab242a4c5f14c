"""The gateway as production runs it: gunicorn with `conf/gunicorn.conf.py`, on 127.0.0.1, for one context."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from notigateway.client import NotificationClient
from notigateway.repository.engine import create_database
from notigateway.repository.marking import mark_store, open_store
from notigateway.repository.schema import upgrade
from notigateway.sandbox.holders import Pki, ensure_pki
from notigateway.sandbox.jobs import refresh_once
from notigateway.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONF: Final = Path(__file__).parents[1] / "conf" / "gunicorn.conf.py"
PATH: Final = "/notigateway/v1"
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Serving:
    """A gateway that answers."""

    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    pki: Pki
    folder: Path

    @property
    def url(self) -> str:
        """Return the address of the service."""
        return f"http://{self.address[0]}:{self.address[1]}{PATH}"

    def client(self) -> NotificationClient:
        """Return the company's client."""
        holder = self.pki.holder("company")
        return NotificationClient.from_files(
            self.url,
            key=holder.key,
            certificate=holder.certificate,
            server_certificates=[self.pki.certificate("service")],
        )


@contextmanager
def serving(folder: Path, *options: str, **changes: object) -> Iterator[Serving]:
    """Run it for the length of the context; `options` are gunicorn's, `changes` settings."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()[:2]
        pki = ensure_pki(folder / "pki", datetime.now(UTC))
        settings = set_up(folder, pki, f"http://{address[0]}:{address[1]}{PATH}", changes)
        process = _start(settings, listener, options)
        try:
            served = Serving(address, process, pki, folder)
            _await(served)
            yield served
            process.terminate()
            if process.wait(_STOP_SECONDS):
                raise RuntimeError(f"the server ended with {process.returncode}")
        finally:
            process.kill()
            process.wait(_STOP_SECONDS)


def set_up(folder: Path, pki: Pki, url: str, changes: Mapping[str, object]) -> Path:
    """Make an empty database and a store, with their marker and lists; return the file of settings."""
    values = {
        "public_url": url,
        "proxy_speaks_tls": True,
        "operations_address": "",
        "database_url": f"sqlite:///{folder / 'notigateway.db'}",
        "document_store_url": f"file:{folder / 'documents'}",
        "service_key_file": str(pki.key("service")),
        "service_certificate_file": str(pki.certificate("service")),
        "seal_key_file": str(pki.key("seal")),
        "seal_certificate_file": str(pki.certificate("seal")),
        "authorised_issuers_folder": str(pki.issuers),
        "evidence_issuers_folder": str(pki.evidence_issuers),
        "revocation_folder": str(pki.revocation),
        "log_level": "error",
        **changes,
    }
    file = folder / "notigateway.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()), "utf-8")
    settings = load_settings(file)
    engine = create_database(settings.database_url)
    upgrade(engine)
    mark_store(engine, open_store(settings.document_store_url, engine), now=datetime.now(UTC))
    engine.dispose()
    refresh_once(settings, datetime.now(UTC))
    return file


def _start(settings: Path, listener: socket.socket, options: Sequence[str]) -> subprocess.Popen[bytes]:
    bind = f"fd://{listener.fileno()}"
    command = [sys.executable, "-m", "gunicorn", "-c", str(CONF), "--bind", bind, *options]
    log = (settings.parent / "server.log").open("wb")
    with log:
        return subprocess.Popen(  # noqa: S603  (our own program)
            [*command, "notigateway.wsgi:application"],
            pass_fds=[listener.fileno()],
            env=os.environ | {"NOTIGATEWAY_SETTINGS": str(settings)},
            stderr=log,
        )


def _await(served: Serving) -> None:
    """Wait until it answers."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            httpx.get(f"{served.url}?wsdl", timeout=_START_SECONDS)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(
        f"no answer in {_START_SECONDS} s: {(served.folder / 'server.log').read_text('utf-8')}"
    )
