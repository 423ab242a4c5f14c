"""Proves that the gateway has posted a message: RFC 9421 over the Content-Digest of RFC 9530.

Copy this file. `Verifier.verify` either returns or raises `Refused`; before it has
returned, believe nothing of the message, and do not even parse it.
"""
# ruff: noqa: INP001, TID251  (a script for integrators)

from __future__ import annotations

import hashlib
import json
import re
import time
import urllib.request
from base64 import b64decode, urlsafe_b64decode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from email.message import Message

TAG = "notigateway-push"
COVERED = {"@method", "@target-uri", "content-type", "content-digest"}
OLDEST_SECONDS = 300
REFETCH_SECONDS = 60
MOST_BYTES_OF_KEYS = 64 * 1024
# One signature; its components have no parameters, and its parameters are whole numbers and plain texts.
INPUT = re.compile(
    r'(?P<label>[a-z][a-z0-9_-]*)=(?P<all>\((?P<names>"[^"]+"(?: "[^"]+")*)\)'
    r'(?P<rest>(?:;[a-z]+=(?:\d+|"[^"\\]*"))*))'
)
PARAMETER = re.compile(r';([a-z]+)=(?:(\d+)|"([^"\\]*)")')
DIGEST = re.compile(r"(?:^|, ?)sha-256=:([A-Za-z0-9+/]{43}=):")
SIGNATURE = re.compile(r"([a-z][a-z0-9_-]*)=:([A-Za-z0-9+/]{86}==):")


class Refused(Exception):  # noqa: N818
    """The message does not prove that the gateway has sent it to this address just now."""


class Verifier:
    """`url` is what was given to Subscribe; `keys` is where the gateway publishes its keys, or a copy."""

    def __init__(self, url: str, keys: str) -> None:
        self._url = url
        self._source = keys
        self._keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self._fetched_at = float("-inf")

    def fetch(self) -> None:
        """Fetch the published keys now. Raises: `Refused`."""
        self._fetched_at = time.monotonic()
        self._keys = _read_keys(self._source)

    def verify(self, headers: Message, body: bytes) -> None:
        """Return if the gateway has posted this. Raises: `Refused`."""
        digest = DIGEST.search(_one(headers, "content-digest"))
        if digest is None or b64decode(digest[1]) != hashlib.sha256(body).digest():
            raise Refused("the body is not that of its Content-Digest")
        found = INPUT.fullmatch(_one(headers, "signature-input"))
        signature = SIGNATURE.fullmatch(_one(headers, "signature"))
        if found is None or signature is None or signature[1] != found["label"]:
            raise Refused("no signature of the form that is sent")
        names = re.findall(r'"([^"]+)"', found["names"])
        if len(set(names)) != len(names) or not set(names) >= COVERED:
            raise Refused("the signature does not cover all that it must")
        said = {name: number or text for name, number, text in PARAMETER.findall(found["rest"])}
        if said.get("tag") != TAG or said.get("alg") != "ecdsa-p256-sha256":
            raise Refused("a signature for something else")
        if abs(time.time() - int(said.get("created", "0"))) > OLDEST_SECONDS:
            raise Refused("signed too long ago, or one of the clocks is wrong")
        # From our own configuration, never from the Host header: whoever sends chooses that.
        values = {"@method": "POST", "@target-uri": self._url}
        lines = [f'"{name}": {values[name] if name in values else _one(headers, name)}' for name in names]
        lines.append(f'"@signature-params": {found["all"]}')
        raw = b64decode(signature[2])
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        key = self._key(said.get("keyid", ""))
        try:
            key.verify(encode_dss_signature(r, s), "\n".join(lines).encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise Refused("the signature is not over this message") from None

    def _key(self, name: str) -> ec.EllipticCurvePublicKey:
        """Return the published key of that name; for a new one look there again, once a minute at most."""
        if name not in self._keys and time.monotonic() - self._fetched_at > REFETCH_SECONDS:
            self.fetch()
        if name not in self._keys:
            raise Refused("signed by a key that is not published")
        return self._keys[name]


def _one(headers: Message, name: str) -> str:
    """Return the one header of that name: of two, others might read the other one."""
    found = headers.get_all(name, [])
    if len(found) != 1:
        raise Refused(f"{name} is missing, or there twice")
    return str(found[0]).strip()


def _read_keys(source: str) -> dict[str, ec.EllipticCurvePublicKey]:
    """Return the published keys by their names. Raises: `Refused`."""
    try:
        if may_be_fetched(source):
            with urllib.request.urlopen(source, timeout=10) as answer:  # noqa: S310
                text = answer.read(MOST_BYTES_OF_KEYS)
        else:
            text = Path(source).read_bytes()
        keys = [one for one in json.loads(text)["keys"] if one.get("crv") == "P-256"]
        return {one["kid"]: _public_key(one) for one in keys}
    except (OSError, ValueError, LookupError) as error:
        raise Refused(f"the published keys cannot be read from {source}: {error}") from error


def may_be_fetched(source: str) -> bool:
    """Tell an address from a file: https, or of a sandbox on this computer. Raises: `Refused` for others."""
    parts = urlsplit(source)
    if parts.scheme not in {"http", "https"}:
        return False
    if parts.scheme == "http" and parts.hostname != "127.0.0.1":
        raise Refused("keys that come by http may be anybody's: say https, or http://127.0.0.1 for a sandbox")
    return True


def _public_key(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(urlsafe_b64decode(jwk[name] + "="), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
