"""`notigateway keys new`: what an operator gets, and that the gateway serves with what becomes of it."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from notigateway.errors import ConfigurationError
from notigateway.pki.keys import load_certificates
from notigateway.private_files import write_new
from operating import app
from pki import pki
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

OPERATOR = "Pasarela Ejemplo (ficticia)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new_keys(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", "new", OPERATOR, *arguments])


def certify(request: Path, certificate: Path) -> None:
    """Do what an issuer does: certify the key and the name of the request."""
    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert asked.is_signature_valid
    issuer = pki().issuing
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, asked.subject, asked.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2049, 12, 31, tzinfo=UTC))
    for extension in asked.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    certificate.write_bytes(builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM))


def test_the_gateway_serves_with_what_an_issuer_certifies(folder: Path, sqlite_url: str) -> None:
    result = new_keys("--nif", "b99999997")
    assert result.exit_code == 0, result.output
    lines = [*result.stdout.splitlines()]
    assert lines[:2] == [
        "service: rsa-3072, keys/service.key.pem and keys/service.request.pem",
        "seal: p-256, keys/seal.key.pem and keys/seal.request.pem",
    ]
    assert [line[:3] for line in lines[2:]] == ["1. ", "2. ", "3. "]
    assert "certify keys/service.request.pem and keys/seal.request.pem, for" in lines[2]
    assert "into keys/service.cert.pem and keys/seal.cert.pem; the keys stay here" in lines[3]
    made = folder / "keys"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.iterdir()} == {0o600}
    certificates = {name: made / f"{name}.cert.pem" for name in ("service", "seal")}
    for name, certificate in certificates.items():
        certify(made / f"{name}.request.pem", certificate)
    (folder / "stack").mkdir()
    stack = Stack(
        sqlite_url,
        folder / "stack",
        service_key_file=made / "service.key.pem",
        service_certificate_file=certificates["service"],
        seal_key_file=made / "seal.key.pem",
        seal_certificate_file=certificates["seal"],
    )
    assert (stack.office.seal.issuer.name, stack.office.seal.issuer.identifier) == (OPERATOR, "B99999997")
    stack.publish()
    assert stack.send(stack.sign('<Ping xmlns="urn:notigateway:v1"></Ping>')).status == 200
    stack.close()


def test_a_pilot_starts_with_certificates_that_nobody_else_signed(folder: Path, sqlite_url: str) -> None:
    result = new_keys("--self-signed", "--service", "p-256", "--seal", "rsa-3072")
    assert result.exit_code == 0, result.output
    assert "Nobody vouches for keys/service.cert.pem and keys/seal.cert.pem" in result.stdout
    (certificate,) = load_certificates(folder / "keys" / "seal.cert.pem")
    assert certificate.issuer == certificate.subject
    (folder / "stack").mkdir()
    files: dict[str, Any] = {
        f"{name}_{part}_file": folder / "keys" / f"{name}.{short}.pem"
        for name in ("service", "seal")
        for part, short in (("key", "key"), ("certificate", "cert"))
    }
    stack = Stack(sqlite_url, folder / "stack", now=datetime.now(UTC), **files)
    assert stack.office.seal.certificate == certificate
    stack.close()


def test_nothing_is_ever_written_over_and_then_nothing_at_all(folder: Path) -> None:
    (folder / "keys").mkdir()
    there = folder / "keys" / "seal.request.pem"
    there.write_text("mine")
    refused = new_keys("--service", "p-256")
    assert isinstance(refused.exception, ConfigurationError)
    assert refused.exception.detail == (
        "keys/seal.request.pem is there already, and nothing was changed: use --into another folder"
    )
    assert (sorted((folder / "keys").iterdir()), there.read_text()) == ([there], "mine")


def test_one_key_alone_goes_into_a_folder_of_its_own(folder: Path) -> None:
    result = new_keys("--only", "seal", "--into", "keys-2027")
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in (folder / "keys-2027").iterdir()) == [
        "seal.key.pem",
        "seal.request.pem",
    ]
    assert not (folder / "keys").exists()


DEVICE = """
seal_pkcs11_module = "module"
seal_pkcs11_token_label = "token"
seal_pkcs11_key_label = "key"
seal_pkcs11_pin_file = "pin"
"""


def test_the_key_of_a_device_is_made_there(folder: Path) -> None:
    settings = folder / "notigateway.toml"
    settings.write_text(DEVICE)
    refused = new_keys("--only", "seal", "--settings", str(settings))
    assert isinstance(refused.exception, ConfigurationError)
    assert "the seal's key is in a device" in refused.exception.detail
    assert new_keys("--service", "p-256", "--settings", str(settings)).exit_code == 0
    assert [file.name for file in (folder / "keys").glob("seal*")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seal", "rsa-2048"), "3072 bits or more"),
        (("--only", "both"), "--only takes service or seal"),
        (("--nif", "B99999998"), "check character"),
        (("--into", "notigateway.toml/keys"), "cannot write notigateway.toml"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    (folder / "notigateway.toml").touch()
    refused = new_keys("--service", "p-256", *arguments)
    assert isinstance(refused.exception, ConfigurationError)
    assert said in str(refused.exception)
    assert [file.name for file in folder.iterdir()] == ["notigateway.toml"]


def test_a_name_that_no_certificate_holds_is_refused(folder: Path) -> None:
    for name in ("", "x" * 65, "two\nlines"):
        refused = CliRunner().invoke(app, ["keys", "new", name, "--service", "p-256"])
        assert isinstance(refused.exception, ConfigurationError)
        assert "1 to 64 characters" in refused.exception.detail
    assert list(folder.iterdir()) == []


def test_files_are_all_written_or_none(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_new({tmp_path / "one": b"1", tmp_path / "nowhere" / "two": b"2"})
    assert list(tmp_path.iterdir()) == []


# Files of which the first is written when the signal comes; in a process of its own, since that ends it.
INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from notigateway.private_files import write_new

class Files(dict):
    def items(self):
        for number, pair in enumerate(super().items()):
            yield pair
            if not number:
                os.kill(os.getpid(), int(sys.argv[2]))

number = int(sys.argv[2])
taken = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
signal.signal(number, signal.SIG_IGN if sys.argv[3] == "ignored" else taken)
folder = Path(sys.argv[1])
write_new(Files({folder / name: b"secret" for name in ("one", "two")}))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_an_interruption_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    def write(how: str) -> int:
        command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), str(int(number)), how]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode

    assert write("") == -number
    assert list(tmp_path.iterdir()) == []
    assert write("ignored") == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize(
    ("names", "arguments"),
    [
        # Two folders become one by --into.
        (("service/key.pem", "service/cert.pem", "seal/key.pem", "seal/cert.pem"), ["--into", "out"]),
        (("all.pem", "all.pem", "seal.key.pem", "seal.cert.pem"), ["--self-signed"]),
        (("one.key.pem", "one.cert.pem", "./one.key.pem", "two.cert.pem"), []),
    ],
)
def test_no_file_takes_the_place_of_another(
    folder: Path, names: tuple[str, str, str, str], arguments: list[str]
) -> None:
    settings = folder / "notigateway.toml"
    keys = ("service_key_file", "service_certificate_file", "seal_key_file", "seal_certificate_file")
    settings.write_text(
        "".join(f'{key} = "{name}"\n' for key, name in zip(keys, names, strict=True)), "utf-8"
    )
    result = new_keys("--settings", str(settings), *arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert "would be two files" in str(result.exception)
    assert list(folder.iterdir()) == [settings]


def test_requests_are_named_after_their_whole_certificates(folder: Path) -> None:
    settings = folder / "notigateway.toml"
    settings.write_text(
        'service_certificate_file = "gw.service.cert.pem"\nseal_certificate_file = "gw.seal.cert.pem"\n',
        "utf-8",
    )
    assert new_keys("--settings", str(settings)).exit_code == 0
    assert {one.name for one in folder.glob("*.request.pem")} == {
        "gw.service.request.pem",
        "gw.seal.request.pem",
    }
