"""Changes to signed envelopes: what is changed after signing, and what is signed again."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from notigateway.wss.ns import DS, WSSE, WSU
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair

    Edit = Callable[[bytes], bytes]

_SIGNED_INFO: Final = re.compile(rb"<ds:SignedInfo .*?</ds:SignedInfo>", re.DOTALL)
_VALUE: Final = re.compile(rb"(<ds:SignatureValue>)[^<]*(</ds:SignatureValue>)")
_REFERENCE: Final = re.compile(rb'<ds:Reference URI="#([A-Za-z]+)[^"]*">.*?</ds:Reference>', re.DOTALL)
_TOKEN: Final = re.compile(rb"(<wsse:BinarySecurityToken [^>]*>)[^<]*")
_KEY_INFO: Final = re.compile(rb"<ds:KeyInfo>.*?</ds:KeyInfo>", re.DOTALL)
_TIMESTAMP: Final = re.compile(rb"<wsu:Timestamp .*?</wsu:Timestamp>", re.DOTALL)
_SECURITY: Final = re.compile(rb"<wsse:Security.*?</wsse:Security>", re.DOTALL)
_NAMES: Final = f'xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:ds="{DS}"'


def resigned(data: bytes, pair: KeyPair, edit: Edit) -> bytes:
    """Return an envelope whose SignedInfo says something else, and is signed so."""
    signer = Signer(pair.key, pair.certificate)
    data = _SIGNED_INFO.sub(lambda found: edit(found[0]), data, count=1)
    found = _SIGNED_INFO.search(data)
    assert found is not None  # noqa: S101  (it is our own envelope)
    value = base64.b64encode(signer.sign(found[0], signer.method))
    return with_value(data, value)


def with_value(data: bytes, value: bytes) -> bytes:
    """Return an envelope with another signature value."""
    return _VALUE.sub(lambda found: found[1] + value + found[2], data, count=1)


def without_references(info: bytes, *parts: bytes) -> bytes:
    """Return a SignedInfo without its references to these parts: `Body`, `TS`, `WSA`."""
    return _REFERENCE.sub(lambda found: b"" if found[1] in parts else found[0], info)


def without_timestamp(data: bytes, pair: KeyPair) -> bytes:
    """Return an envelope that never had a Timestamp."""
    bare = _TIMESTAMP.sub(b"", data, count=1)
    return resigned(bare, pair, lambda info: without_references(info, b"TS"))


def with_token(data: bytes, token: bytes) -> bytes:
    """Return an envelope with other octets in the place of its certificate."""
    text = base64.b64encode(token)
    return _TOKEN.sub(lambda found: found[1] + text, data, count=1)


def with_key_info(data: bytes, inside: str) -> bytes:
    """Return an envelope whose KeyInfo holds a SecurityTokenReference with that inside; "" for none."""
    reference = f"<wsse:SecurityTokenReference>{inside}</wsse:SecurityTokenReference>"
    text = f"<ds:KeyInfo {_NAMES}>{reference}</ds:KeyInfo>".encode() if inside else b""
    return _KEY_INFO.sub(lambda _: text, data, count=1)


def without_security(data: bytes) -> bytes:
    """Return an envelope without its Security header."""
    return _SECURITY.sub(b"", data, count=1)


def with_header(data: bytes, block: str) -> bytes:
    """Return an envelope with one more block in its header, which nobody has signed."""
    return data.replace(b"</soap:Header>", block.encode() + b"</soap:Header>", 1)


def spoilt_value(data: bytes) -> bytes:
    """Return an envelope with a signature value of nobody's."""
    found = _VALUE.search(data)
    assert found is not None  # noqa: S101  (it is our own envelope)
    size = len(base64.b64decode(found[0][len(found[1]) : -len(found[2])]))
    return with_value(data, base64.b64encode(bytes(size - 1) + b"\1"))
