"""The seal's key in a device, as SoftHSM behaves; skipped where that is not installed."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bundles import statement
from notigateway.errors import ConfigurationError
from notigateway.evidence.bundle import read_container, verify_manifest
from notigateway.evidence.detached import verify_detached
from notigateway.evidence.element import render
from notigateway.evidence.pades import seal_pdf, verify_pdf
from notigateway.evidence.rendition import render_pdf
from notigateway.evidence.sealing import Seal
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.device import Device, load_device_key
from notigateway.settings import load_settings
from pki import NOW, OTHER_COMPANY_NIF, company_subject, ec_key, pki, rsa_key, write_pem
from stack import NG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.pki.keys import KeyPair
    from stack import Stack

UTIL = shutil.which("softhsm2-util") or ""
FOLDERS = ("/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm")
MODULE = next((file for folder in FOLDERS if (file := Path(folder) / "libsofthsm2.so").is_file()), None)
pytestmark = pytest.mark.skipif(not UTIL or MODULE is None, reason="SoftHSM (softhsm2) is not installed")
PIN = "73519024"


@cache
def pair_of(kind: str) -> KeyPair:
    key = ec_key("device") if kind == "ecdsa" else rsa_key("device", 3072)
    return pki().holder(company_subject(OTHER_COMPANY_NIF, f"Sello en dispositivo ({kind})"), key)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """Give a token that holds an EC and an RSA key; every process of the run has its own."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    try:
        softhsm("--init-token", "--free", "--label", "seals", "--pin", PIN, "--so-pin", "12345678")
        for number, kind in enumerate(("ecdsa", "rsa"), 1):
            file = folder / f"{kind}.pem"
            key = pair_of(kind).key
            file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            named = "--token", "seals", "--label", kind, "--id", f"0{number}", "--pin", PIN
            softhsm("--import", str(file), *named)
        yield Device(module=str(MODULE), token_label="seals", key_label="ecdsa", pin=PIN)
    finally:
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before


def softhsm(*arguments: str) -> None:
    done = subprocess.run([UTIL, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def certificate_file(folder: Path, pair: KeyPair) -> Path:
    return write_pem(pair, folder, "device")[1]


def seal_in(token: Device, kind: str) -> tuple[Seal, KeyPair]:
    pair = pair_of(kind)
    device = replace(token, key_label=kind)
    return Seal(load_device_key(device, pair.certificate, verify_detached)), pair


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_key_in_a_device_seals_receipts_pdfs_and_texts(token: Device, kind: str, tmp_path: Path) -> None:
    seal, pair = seal_in(token, kind)

    receipt = seal.seal(render(statement(b"")), NOW, now=NOW)
    pdf = seal_pdf(render_pdf(receipt), seal=seal, at=NOW)

    assert verify_receipt(receipt, seal_certificates=[pair.certificate]).event_time == NOW
    assert verify_pdf(pdf, seal_certificates=[pair.certificate]).receipt == receipt
    verify_detached(b"a checkpoint", seal.sign(b"a checkpoint", now=NOW), pair.certificate)


def test_many_threads_seal_with_one_device(token: Device, tmp_path: Path) -> None:
    seal, pair = seal_in(token, "ecdsa")

    with ThreadPoolExecutor(4) as pool:
        texts = [f"text {number}".encode() for number in range(60)]
        for text, signature in zip(texts, pool.map(partial(seal.sign, now=NOW), texts), strict=True):
            verify_detached(text, signature, pair.certificate)


def test_a_device_that_was_away_is_opened_again(token: Device, tmp_path: Path) -> None:
    pkcs11 = pytest.importorskip("pkcs11")
    seal, pair = seal_in(token, "ecdsa")
    pkcs11.lib(token.module).reinitialize()  # every session and every login is gone

    verify_detached(b"after", seal.sign(b"after", now=NOW), pair.certificate)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key_label": "absent"}, "key 'absent': NoSuchKey"),
        ({"token_label": "absent"}, "token 'absent'.*NoSuchToken"),
        ({"module": "/no/such/module.so"}, "loading /no/such/module.so"),
        ({"key_label": "rsa"}, "cannot be used|does not belong"),
    ],
)
def test_a_device_that_lacks_what_is_named_stops_the_start(
    token: Device, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        load_device_key(replace(token, **change), pair_of("ecdsa").certificate, verify_detached)


def test_another_certificate_than_the_keys_stops_the_start(token: Device, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not belong to the certificate"):
        load_device_key(token, pki().seal.certificate, verify_detached)


def use_device(stack: Stack, token: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the stack again with its seal's key in the token."""
    monkeypatch.setenv("NOTIGATEWAY_SEAL_PKCS11_PIN", PIN)
    stack.overrides |= {
        "seal_pkcs11_module": token.module,
        "seal_pkcs11_token_label": token.token_label,
        "seal_pkcs11_key_label": token.key_label,
        "seal_certificate_file": certificate_file(stack.folder, pair_of("ecdsa")),
        "seal_key_file": stack.folder / "absent.pem",
    }
    stack.settings = load_settings(None, overrides=stack.overrides)
    stack.start()


def test_a_gateway_seals_with_a_device_and_nobody_reads_the_pin(
    token: Device, sqlite_stack: Stack, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, pair = sqlite_stack, pair_of("ecdsa")
    caplog.set_level(logging.DEBUG)
    use_device(stack, token, monkeypatch)
    wanted = stack.publish()
    stack.accept(wanted)
    answer = stack.ask("RetrieveReceipts", f"<id>{wanted}</id><format>bundle</format>")
    data = answer.tree.findtext(".//ng:file", namespaces=NG)
    verify_manifest(read_container(b64decode(data or "")), seal_certificates=[pair.certificate])
    said = [
        caplog.text,
        repr(stack.settings),
        str(stack.settings.model_dump()),
        repr(stack.gate),
        repr(token),
    ]
    assert not any(PIN in text for text in said)


def test_while_the_device_is_away_nothing_is_decided(
    token: Device, sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = sqlite_stack
    use_device(stack, token, monkeypatch)
    wanted = stack.publish()
    library = pytest.importorskip("pkcs11").lib(token.module)
    tokens = Path(os.environ["SOFTHSM2_CONF"]).parent / "tokens"
    tokens.rename(tokens.with_name("away"))
    tokens.mkdir()
    library.reinitialize()
    try:
        before = stack.contents()
        answer = stack.ask("AcceptNotifications", f"<id>{wanted}</id>")
        assert answer.code == "TEMPORARILY_UNAVAILABLE"
        assert stack.contents()["receipts"] == before["receipts"]
    finally:
        tokens.rmdir()
        tokens.with_name("away").rename(tokens)
        library.reinitialize()
    stack.accept(wanted)
    assert len(stack.contents()["receipts"]) == len(before["receipts"]) + 1


def test_a_wrong_pin_stops_the_start_and_is_not_repeated_to_anybody(token: Device, tmp_path: Path) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text("00000000\n")
    pin_file.chmod(0o600)
    pair = pair_of("ecdsa")
    # In a process of its own: a token is logged into once per process.
    script = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from notigateway.settings import load_settings\n"
        "from notigateway.evidence.seals import load_seal\n"
        "load_seal(load_settings(Path(sys.argv[1])), now=datetime.now(UTC))\n"
    )
    settings = tmp_path / "notigateway.toml"
    values = {
        "seal_pkcs11_module": token.module,
        "seal_pkcs11_token_label": token.token_label,
        "seal_pkcs11_key_label": token.key_label,
        "seal_pkcs11_pin_file": str(pin_file),
        "seal_certificate_file": str(certificate_file(tmp_path, pair)),
    }
    settings.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()))
    done = run_script(script, settings)
    assert done.returncode != 0
    assert "PinIncorrect" in done.stderr
    assert "00000000" not in done.stderr
    pin_file.write_text(f"{PIN}\n")
    assert run_script(script, settings).returncode == 0


def test_a_refused_pin_is_tried_once_by_all_processes_of_a_master(token: Device) -> None:
    """A device counts wrong PINs and locks: a worker that begins, or looks for the device, adds none."""
    script = (
        "import multiprocessing, pathlib, sys\n"
        "from notigateway.errors import ConfigurationError\n"
        "from notigateway.pki.device import Device, load_device_key\n"
        "from notigateway.evidence.detached import verify_detached\n"
        "from notigateway.pki.keys import load_certificates\n"
        "module, file = sys.argv[1:]\n"
        "device = Device(module=module, token_label='seals', key_label='ecdsa', pin='00000000')\n"
        "(certificate,) = load_certificates(pathlib.Path(file))\n"
        "def begin():\n"
        "    try:\n"
        "        load_device_key(device, certificate, verify_detached)\n"
        "    except ConfigurationError as error:\n"
        "        print(error.detail, flush=True)\n"
        "for _ in range(3):\n"
        "    worker = multiprocessing.get_context('fork').Process(target=begin)\n"
        "    worker.start(); worker.join()\n"
    )
    file = certificate_file(Path(os.environ["SOFTHSM2_CONF"]).parent, pair_of("ecdsa"))
    done = run_script(script, token.module, file)
    said = done.stdout.splitlines()
    assert len(said) == 3, done.stderr
    assert "PinIncorrect" in said[0]
    for one in said[1:]:
        assert one.endswith("the PIN was refused, and is not tried again")


def test_what_follows_the_seal_logs_in_once_and_tries_a_refused_pin_once(
    token: Device, tmp_path: Path
) -> None:
    script = (
        "import sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from notigateway.errors import ConfigurationError\n"
        "from notigateway.evidence.seals import HeldSeal\n"
        "from notigateway.settings import load_settings\n"
        "settings, pin = map(Path, sys.argv[1:])\n"
        "held = HeldSeal(lambda: load_settings(settings))\n"
        "for text in ('00000000', '00000000', '" + PIN + "', '" + PIN + "'):\n"
        "    pin.write_text(text)\n"
        "    try:\n"
        "        print(id(held.at(datetime.now(UTC))), flush=True)\n"
        "    except ConfigurationError as error:\n"
        "        print(error.detail, flush=True)\n"
    )
    pin = tmp_path / "pin"
    pin.touch(0o600)
    settings = tmp_path / "notigateway.toml"
    values = {
        "seal_pkcs11_module": token.module,
        "seal_pkcs11_token_label": token.token_label,
        "seal_pkcs11_key_label": token.key_label,
        "seal_pkcs11_pin_file": str(pin),
        "seal_certificate_file": str(certificate_file(tmp_path, pair_of("ecdsa"))),
    }
    settings.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()))
    done = run_script(script, settings, pin)
    first, second, third, fourth = done.stdout.splitlines() or [done.stderr] * 4
    assert "PinIncorrect" in first
    assert second.endswith("the PIN was refused, and is not tried again")
    assert third.isdigit(), third
    assert fourth == third  # the device is not opened again


def run_script(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
