"""What a witness is told by its operator: its name, its files, its address, and the logs that it knows.

    name = "witness.example/w1"
    listen = "127.0.0.1:8090"
    key_file = "witness.key.pem"
    database = "witness.db"

    [[logs]]
    origin = "notigateway.example/log"
    seals = "seals/notigateway"

`seals` is a folder with the seal certificates of that log's gateway, and `periods.toml` for those that are no
longer in use. Paths are relative to the file. Nothing of a gateway's settings is read.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from notigateway.addresses import host_and_port
from notigateway.errors import ConfigurationError
from notigateway.evidence.history import load_seals
from notigateway.given_files import read_file
from notigateway.private_files import is_kept, write_new
from notigateway.setting_words import no_toml, refusal
from notigateway.tlog.cosignature import cosigner_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from notigateway.evidence.history import DatedCertificate
    from notigateway.tlog.cosignature import Cosigner

_KEY_MAX_BYTES: Final = 10_000


class _Log(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    seals: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    listen: Annotated[str, AfterValidator(lambda address: address if host_and_port(address) else "")]
    key_file: str
    database: str
    logs: Annotated[tuple[_Log, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Configured:
    """A witness as its file has it; `logs` are the pinned seals of each log by its origin."""

    me: Cosigner
    key: Ed25519PrivateKey
    listen: str
    database: Path
    logs: Mapping[str, list[DatedCertificate]]


def load_witness(file: Path) -> Configured:
    """Read a witness's file, and what it names. Raises: `ConfigurationError`."""
    said = _read(file)
    key_file = file.parent / said.key_file
    key = load_key(key_file)
    try:
        me = cosigner_of(said.name, key)
    except ValueError as error:
        raise ConfigurationError(f"{file}: name: {error}") from error
    logs = {one.origin: load_seals(file.parent / one.seals) for one in said.logs}
    if len(logs) != len(said.logs):
        raise ConfigurationError(f"{file}: logs: an origin is there twice")
    for one in said.logs:
        if not logs[one.origin]:
            raise ConfigurationError(f"{file}: there is no seal certificate in {file.parent / one.seals}")
    return Configured(me, key, said.listen, file.parent / said.database, logs)


def _read(file: Path) -> _File:
    text = ""
    try:
        text = read_file(file).decode()
        values: dict[str, Any] = tomllib.loads(text)
        return _File(**values)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not TOML: it is no text in UTF-8") from error
    except RecursionError as error:
        raise ConfigurationError(f"{file} is not TOML: brackets in brackets, too deep") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} {no_toml(str(error), text)}") from error
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {'; '.join(map(refusal, error.errors()))}") from error


def make_key(file: Path, name: str) -> Cosigner:
    """Make a witness's key, never over a file that is there; return the witness as others are to know it.

    Raises: `ConfigurationError` for a name that is none; `OSError`.
    """
    key = Ed25519PrivateKey.generate()
    try:
        me = cosigner_of(name, key)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    write_new({file: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())})
    return me


def load_key(file: Path) -> Ed25519PrivateKey:
    """Read a witness's key. Raises: `ConfigurationError`, also where others may read it."""
    data = read_file(file, max_bytes=_KEY_MAX_BYTES)
    if not is_kept(file):
        raise ConfigurationError(f"{file} is readable by others than its owner: chmod 600")
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{file} is no private key without a passphrase, in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file} is no key of a witness: make one by `notigateway witness key`")
    return key
