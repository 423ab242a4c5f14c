"""Until when algorithms count by themselves: a dated table, as ETSI TS 119 312 has one.

A verifier cannot know today what will be broken in twenty years: whoever verifies then gives it the table of
then. Names: `SHA-256`, `SHA-384`, `SHA-512`; `P-256`, `P-384`, `P-521`; `RSA-2048` for keys of 2048 to 3071
bits, `RSA-3072` for longer ones, `RSA-1024` for shorter ones; `Ed25519`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_DIGESTS: Final = frozenset({"SHA-1", "SHA-256", "SHA-384", "SHA-512"})
_RSA: Final = (3072, 2048)
NAMES: Final = frozenset({*_DIGESTS, *_CURVES.values(), "RSA-3072", "RSA-2048", "RSA-1024", "Ed25519"})


@dataclass(frozen=True, slots=True)
class Algorithms:
    """The end of each algorithm that has one, and when the table was last looked through."""

    ends: Mapping[str, datetime]
    reviewed: date

    def end_of(self, names: Iterable[str]) -> tuple[datetime, str] | None:
        """Return the earliest end of any of them, with its name; None where none has one."""
        ends = [(self.ends[name], name) for name in names if name in self.ends]
        return min(ends, default=None)


@cache
def known_algorithms() -> Algorithms:
    """Return the table of this version."""
    return _read(files("notigateway.evidence").joinpath("algorithms.toml").read_bytes(), "algorithms.toml")


def load_algorithms(file: Path) -> Algorithms:
    """Read a table. Raises: `ConfigurationError`."""
    return _read(read_file(file), str(file))


def _read(data: bytes, name: str) -> Algorithms:
    try:
        said: dict[str, Any] = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"cannot read {name}: {error}") from error
    ends, reviewed = said.get("ends"), said.get("reviewed")
    if set(said) != {"ends", "reviewed"} or not isinstance(ends, dict) or type(reviewed) is not date:
        raise ConfigurationError(f"{name}: a table of algorithms has `reviewed`, a date, and [ends]")
    unknown = set(ends) - NAMES
    if unknown:
        lacks, there_are = (", ".join(sorted(one)) for one in (unknown, NAMES))
        raise ConfigurationError(f"{name}: there is no algorithm {lacks}; there are {there_are}")
    if not all(isinstance(one, datetime) and one.tzinfo is not None for one in ends.values()):
        raise ConfigurationError(f"{name}: an end is an instant with its zone")
    return Algorithms(MappingProxyType(ends), reviewed)


def key_name(key: PublicKeyTypes) -> str:
    """Return the name of a key in the table. Raises: `ValueError` for one that has none."""
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, RSAPublicKey):
        return next((f"RSA-{bits}" for bits in _RSA if key.key_size >= bits), "RSA-1024")
    if isinstance(key, Ed25519PublicKey):
        return "Ed25519"
    raise ValueError("a key of no known kind")


def digest_name(name: str) -> str:
    """Return the name of a digest in the table, from the one of a library (`sha256`)."""
    return f"SHA-{name.lower().removeprefix('sha').lstrip('-')}"


def sealed_by(key: PublicKeyTypes) -> frozenset[str]:
    """Return what a seal relies on: its key, and SHA-256 in all its forms."""
    return frozenset({key_name(key), "SHA-256"})
