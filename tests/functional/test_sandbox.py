"""The sandbox as an integrator meets it: a command, a line on standard output, a service."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from envelopes import Draft, Ref
from notigateway.client import GatewayFaultError, NotificationClient
from notigateway.errors import ConfigurationError
from notigateway.pki.keys import load_key_pair
from notigateway.sandbox.process import running
from notigateway.settings import load_settings
from notigateway.soap.wscn.environment import PRODUCTION
from notigateway.tlog.cosignature import cosigner_of
from notigateway.verifier.cli import app as verifier
from notigateway.verifier.pins import load_trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from patience import PATIENCE_SECONDS
from wscn import CURSORS, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.sandbox.process import Running

COMMAND = [sys.executable, "-m", "notigateway.cli.main", "sandbox"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sandbox with space")
    with running(folder, "--notifications", "12", "--workers", "2") as started:
        yield started


def client(sandbox: Running, holder: str) -> NotificationClient:
    files = sandbox.pki.holder(holder)
    return NotificationClient.from_files(
        sandbox.url,
        key=files.key,
        certificate=files.certificate,
        server_certificates=[sandbox.pki.certificate("service")],
    )


def test_a_client_of_the_social_securitys_contract_needs_change_but_its_address(sandbox: Running) -> None:
    """It sends no Timestamp and fixed ids, so that the same question is the same message."""
    files = sandbox.pki.holder("company")
    content = template(PRODUCTION, "consultarListadoNotificaciones", rol=1, **dict.fromkeys(CURSORS, -1))
    data = Draft(
        pair=load_key_pair(files.key, files.certificate),
        content=content,
        order=("Token", "Signature"),
        references=(Ref("Body"),),
    ).build()
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": ""}
    answers = [httpx.post(sandbox.ready["wscn"], content=data, headers=headers) for _ in range(3)]
    assert [(one.status_code, b"<codigo>0</codigo>" in one.content) for one in answers] == [(200, True)] * 3


def test_a_sandbox_tells_at_its_root_that_it_lives(sandbox: Running) -> None:
    alive = httpx.get(f"{sandbox.ready['listens']}/healthz")
    assert (alive.status_code, alive.json()["status"]) == (200, "alive")
    assert alive.json()["instance"]["public_url"] == sandbox.url


def test_the_page_of_the_errors_has_one_date(sandbox: Running) -> None:
    page = httpx.get(sandbox.url.rpartition("/")[0] + "/errors")
    again = httpx.get(page.url, headers={"If-None-Match": page.headers["ETag"]})
    assert (page.status_code, again.status_code) == (200, 304)
    assert [len(one.headers.get_list("Date")) for one in (page, again)] == [1, 1]


def test_the_ready_line_names_address_certificates_and_process(sandbox: Running) -> None:
    ready = sandbox.ready
    assert ready["wsdl"] == f"{ready['url']}?wsdl"
    assert ready["pid"] == sandbox.process.pid
    certificates = ready["certificates"]
    files = [certificates["service"], certificates["seal"], certificates["passphrase"], ready["settings"]]
    files += [file for holder in certificates["holders"].values() for file in holder.values()]
    assert all(Path(file).is_file() for file in files)
    assert Path(certificates["issuers"]).is_dir()
    assert {"company", "person", "representative", "red", "stranger"} <= set(certificates["holders"])


def test_a_bundle_passes_the_verifier_with_the_trust_folder_of_the_ready_line(sandbox: Running) -> None:
    with client(sandbox, "company") as one:
        wanted = next(iter(one.list_notifications())).id
        (item,) = one.receipts([wanted], format="bundle")
    trust = load_trust(Path(sandbox.ready["trust"]))
    assert (len(trust.seals), len(trust.authorities)) == (1, 1)
    assert trust.issuers is not None
    report = verify(item.receipts[0].file or b"", trust=trust, at=datetime.now(UTC))
    assert report.outcome is Outcome.PASSED, report


def test_a_receipt_is_of_level_lt_by_the_trust_folder_of_the_ready_line(tmp_path: Path) -> None:
    """The root has issued the authority's certificate, and is the anchor of the seal's."""
    file, until = tmp_path / "receipt.xml", time.monotonic() + PATIENCE_SECONDS
    options = "--notifications", "1", "--timestamp-seconds", "1"
    with running(tmp_path / "sandbox", *options) as sandbox, client(sandbox, "company") as one:
        wanted = next(iter(one.list_notifications())).id
        one.accept([wanted])
        while time.monotonic() < until:  # the time-stamp comes by and by
            (item,) = one.receipts([wanted], level="XAdES-LT")
            if item.receipts[-1].level == "XAdES-LT":
                break
            time.sleep(0.2)
    file.write_bytes(item.receipts[-1].sealed)
    command = [str(file), "--trust", sandbox.ready["trust"], "--require-level", "LT"]
    done = CliRunner().invoke(verifier, command)
    assert (done.exit_code, "level LT" in done.stdout) == (0, True), done.stdout


def test_the_contract_is_served_with_the_real_address(sandbox: Running) -> None:
    answer = httpx.get(sandbox.ready["wsdl"])
    assert answer.status_code == 200
    assert f'location="{sandbox.url}"' in answer.text


@pytest.mark.parametrize("name", ["wscn", "wscn_test"])
def test_both_addresses_of_the_other_contract_are_printed(sandbox: Running, name: str) -> None:
    answer = httpx.get(f"{sandbox.ready[name]}?wsdl")
    assert answer.status_code == 200
    assert f'location="{sandbox.ready[name]}"' in answer.text


def test_the_service_listens_on_this_machine_only(sandbox: Running) -> None:
    assert urlsplit(sandbox.url).hostname == "127.0.0.1"


@pytest.mark.parametrize(
    ("holder", "count"), [("company", 12), ("representative", 12), ("person", 9), ("red", 1 + 3 + 9)]
)
def test_each_holder_sees_its_own_mailbox(sandbox: Running, holder: str, count: int) -> None:
    with client(sandbox, holder) as one:
        assert len(list(one.list_notifications())) == count


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        ("stranger", "CALLER_UNKNOWN"),
        ("expired", "CERTIFICATE_NOT_VALID_NOW"),
        ("untrusted", "ISSUER_NOT_AUTHORISED"),
        ("revoked", "CERTIFICATE_REVOKED"),
    ],
)
def test_holders_that_are_not_admitted_are_told_why(sandbox: Running, holder: str, code: str) -> None:
    with client(sandbox, holder) as one, pytest.raises(GatewayFaultError) as caught:
        list(one.list_notifications())
    assert caught.value.code == code


def test_a_second_start_continues_with_the_same_keys_and_data(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "3") as first:
        certificate = first.pki.certificate("service").read_bytes()
        with client(first, "company") as one:
            before = [notification.id for notification in one.list_notifications()]
            one.accept(before[:1])
    with running(tmp_path, "--notifications", "5", "--seed", "8") as second:
        assert second.pki.certificate("service").read_bytes() == certificate
        with client(second, "company") as one:
            after = list(one.list_notifications())
    assert [notification.id for notification in after] == before
    assert [notification.state for notification in after] == ["accepted", "available", "available"]


def test_a_sandbox_that_is_told_to_reload_goes_on(tmp_path: Path) -> None:
    """As an operator tells gunicorn elsewhere (SIGHUP): its workers are new, its address is the same."""
    with running(tmp_path, "--notifications", "1") as one, client(one, "company") as asking:
        worker = _workers(one)
        for _ in range(2):
            one.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + PATIENCE_SECONDS
            while (worker & _workers(one) or not _workers(one)) and time.monotonic() < until:
                time.sleep(0.05)
            assert asking.ping().known
            assert not worker & _workers(one)
            worker = _workers(one)
        assert one.process.poll() is None


def _workers(sandbox: Running) -> set[str]:
    pid = sandbox.process.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split())


def test_what_is_said_of_the_log_stays_in_the_settings(tmp_path: Path) -> None:
    """A log keeps its name once it is signed, and a sandbox whose log was resumed has a new one."""
    vkey = cosigner_of("witness.example/w1", Ed25519PrivateKey.generate()).vkey
    said = f'witnesses = [{{ vkey = "{vkey}", url = "http://127.0.0.1:9/w1" }}]\nwitnesses_needed = 1\n'
    with running(tmp_path, "--notifications", "1") as first:
        file = Path(first.ready["settings"])
    file.write_text(f'log_origin = "sandbox.example/\\u0061"\n{said}{file.read_text("utf-8")}', "utf-8")
    with running(tmp_path, "--notifications", "1") as second:
        settings = load_settings(file)
        assert (settings.log_origin, settings.witnesses_needed) == ("sandbox.example/a", 1)
        assert [one.vkey for one in settings.witnesses] == [vkey]
        assert second.pki.certificate("service").is_file()
        subprocess.run(
            [*COMMAND[:-1], "checkpoint", "--settings", str(file)],
            check=True,
            timeout=PATIENCE_SECONDS,
            stdout=subprocess.DEVNULL,
        )
    file.write_text(file.read_text("utf-8").replace("sandbox.example/a", "sandbox.example/b"), "utf-8")
    error = refused(tmp_path)
    assert error.startswith('CONFIGURATION: log_origin: the log of this database is signed as "sandbox.ex')
    assert error.count("\n") == 1


def test_a_stopped_sandbox_answers_what_it_has_begun_and_ends_with_0(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, str(tmp_path), "--notifications", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    address = urlsplit(json.loads(line.removeprefix("READY "))["url"])
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml; charset=utf-8\r\n"
        connection.sendall(f'{head}Content-Length: 10\r\nSOAPAction: ""\r\n\r\n<a>'.encode())
        # an answer to a second caller shows that the first is being read by now
        httpx.get(f"http://{address.netloc}{address.path}?wsdl").raise_for_status()
        process.send_signal(signal.SIGTERM)
        connection.sendall(b"</a>   ")
        assert connection.recv(4096).startswith(b"HTTP/1.1 ")
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest == b""


def refused(folder: Path, *options: str, **environment: str) -> str:
    """Return what the command says on standard error when it does not start."""
    done = subprocess.run(
        [*COMMAND, str(folder), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_sandbox_never_runs_in_production_mode(tmp_path: Path) -> None:
    assert "NOTIGATEWAY_MODE in the environment" in refused(tmp_path, NOTIGATEWAY_MODE="production")


def test_a_sandbox_never_publishes_into_another_database(tmp_path: Path) -> None:
    other = tmp_path / "real.db"
    said = refused(tmp_path / "s", NOTIGATEWAY_DATABASE_URL=f"sqlite:///{other}")
    assert "NOTIGATEWAY_DATABASE_URL in the environment" in said
    assert not other.exists()


def test_a_second_sandbox_on_the_same_folder_is_refused_and_changes_nothing(sandbox: Running) -> None:
    """Its settings would say the port of the second, to whoever works with the first."""
    file = Path(sandbox.ready["settings"])
    before = file.read_bytes()
    asked = [*COMMAND, str(file.parent)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f"CONFIGURATION: another sandbox serves {file.parent} (process {sandbox.process.pid} at "
        f"{sandbox.ready['listens']}): stop it, or take another folder\n"
    )
    assert file.read_bytes() == before
    with client(sandbox, "company") as one:
        assert one.ping().known


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot take port {port}" in refused(tmp_path, "--port", str(port))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert re.search(r"cannot use \S+/file", refused(tmp_path / "file"))


def test_a_sandbox_that_does_not_start_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIGATEWAY_MODE", "production")
    with pytest.raises(ConfigurationError, match=r"did not start; its log ends with:[\s\S]*NOTIGATEWAY_MODE"):
        running(tmp_path).__enter__()


def test_a_sandbox_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did not start in 0 seconds"):
        running(tmp_path, start_seconds=0.01).__enter__()
