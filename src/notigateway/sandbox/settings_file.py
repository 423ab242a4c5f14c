"""Writes `notigateway.toml` of a sandbox: at each start anew, because its addresses may change.

What a person has set there about the log stays: its name, which the log keeps once it is signed, and who
cosigns it. All else is the sandbox's own.
"""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notigateway.errors import ConfigurationError
from notigateway.pki.keys import load_certificates
from notigateway.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.sandbox.holders import Pki

_OF_THE_LOG: Final = ("log_origin", "witnesses_needed", "witnesses")


def settings_file(directory: Path) -> Path:
    """Return where they are."""
    return directory / "notigateway.toml"


def write_settings(
    directory: Path, pki: Pki, urls: tuple[str, str], *, listens: str, database_url: str | None
) -> Settings:
    """Write the settings and read them back; `urls` are the service's and the time-stamp authority's.

    It answers its operator at the one address at which it listens.

    Raises: `ConfigurationError` where the environment, which wins over the file, says otherwise: the
    sandbox would publish its fictitious acts among the data of somebody else.
    """
    values: dict[str, Any] = {
        "mode": "development",
        "public_url": urls[0],
        "operations_address": listens.removeprefix("http://"),
        "timestamp_authority_url": urls[1],
        "timestamp_authority_folder": str(pki.authorities),
        "database_url": database_url or f"sqlite:///{directory / 'notigateway.db'}",
        "document_store_url": (directory / "documents").as_uri(),
        "service_key_file": str(pki.key("service")),
        "service_certificate_file": str(pki.certificate("service")),
        "seal_key_file": str(pki.key("seal")),
        "seal_certificate_file": str(pki.certificate("seal")),
        "retired_seals_folder": str(directory / "retired-seals"),
        "authorised_issuers_folder": str(pki.issuers),
        "evidence_issuers_folder": str(pki.evidence_issuers),
        "revocation_folder": str(pki.revocation),
        "push_key_files": [str(_push_key(directory))],
        # To this machine alone, whatever a client under test subscribes.
        "push_networks": ["127.0.0.0/8", "::1/128"],
        "unsafe_push_http": True,
        "notices_folder": str(directory / "notices"),
        "notices_from": "sandbox@notigateway.example",
    }
    lines = [f"{name} = {_text(value)}" for name, value in values.items()]
    head, tail = "# Written by `notigateway sandbox` at each start.", 'log_format = "console"'
    file = settings_file(directory)
    kept = [f"{name} = {_text(value)}" for name, value in _about_the_log(file)]
    # every holder is registered, so that clients which only name their certificate can be tried too
    # and clients of the Social Security's contract, which send no Timestamp, need change but their address
    clients = [
        f"\n[[clients]]\ncertificate_file = {_text(str(holder.certificate))}"
        f"\nrepeat_reads_until = {load_certificates(holder.certificate)[0].not_valid_after_utc.date()}"
        for holder in pki.holders().values()
    ]
    addresses = {name: value for name, value in values.items() if isinstance(value, str)}
    for name, value in addresses.items():  # first: what the environment says might not even be valid here
        _check_not_led_away(name, value, os.environ.get(f"NOTIGATEWAY_{name.upper()}", value))
    replace_file(file, "\n".join([head, *lines, tail, *kept, *clients, ""]))
    settings = load_settings(file)
    for name, value in addresses.items():
        _check_not_led_away(name, value, str(getattr(settings, name)))
    return settings


def _push_key(directory: Path) -> Path:
    """Return the file of the key that signs what is pushed, made at the first start."""
    file = directory / "pki" / "push.key.pem"
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        making = file.with_suffix(".making")
        making.touch(mode=0o600)
        making.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        making.replace(file)
    return file


def _check_not_led_away(name: str, value: str, found: str) -> None:
    if found != value:
        variable = f"NOTIGATEWAY_{name.upper()}"
        raise ConfigurationError(f"{variable} in the environment leads away from the sandbox: unset it")


def _about_the_log(file: Path) -> Iterator[tuple[str, Any]]:
    with suppress(OSError, ValueError):  # there is none yet, or it is no TOML any more: written anew
        said = tomllib.loads(file.read_text("utf-8"))
        yield from ((name, said[name]) for name in _OF_THE_LOG if name in said)


def _text(value: Any) -> str:  # noqa: ANN401  (whatever TOML has)
    """Return a value as TOML: a text or a number of JSON is one of TOML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {_text(part)}' for name, part in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return json.dumps(value, ensure_ascii=False, default=str)


def replace_file(file: Path, text: str) -> None:
    """Write a file that is complete whenever it is there; it may name a password of a database."""
    making = file.with_name(f"{file.name}.making")
    making.touch(mode=0o600)
    making.write_text(text, "utf-8")
    making.replace(file)
