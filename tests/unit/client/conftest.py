from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from notigateway.client import NotificationClient, Retries, pull
from notigateway.client.cli import main
from pki import pki, write_p12, write_pem
from service_simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.client.pulled import PullReport


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


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def store(client: NotificationClient, archive: Path) -> Callable[..., PullReport]:
    """Pull into the archive."""

    def store(*, accept: bool = False, **options: Any) -> PullReport:  # noqa: ANN401  (options of pull)
        return pull(client, archive, seal_certificates=[pki().seal.certificate], accept=accept, **options)

    return store


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def environment(service: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The connection, as an operator sets it once."""
    (tmp_path / "keys").mkdir()
    write_p12(pki().company_seal, tmp_path / "keys" / "company.p12", b"secret")
    (tmp_path / "keys" / "password").write_text("secret\n")
    write_pem(pki().service, tmp_path / "keys", "service")
    write_pem(pki().seal, tmp_path / "keys", "seal")
    variables = {
        "URL": service.url,
        "P12": str(tmp_path / "keys" / "company.p12"),
        "PASSWORD_FILE": str(tmp_path / "keys" / "password"),
        "SERVER_CERT": str(tmp_path / "keys" / "service.cert.pem"),
        "SEAL_CERT": str(tmp_path / "keys" / "seal.cert.pem"),
    }
    named = {f"NOTIGATEWAY_CLIENT_{name}": value for name, value in variables.items()}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return named


@pytest.fixture
def run(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["notigateway-client", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert isinstance(stopped.value.code, int)
        return Done(stopped.value.code, *capsys.readouterr())

    return run
