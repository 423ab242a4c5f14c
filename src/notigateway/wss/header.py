"""The structure of the wsse:Security header: what may stand in it, where, and how often.

Reading is by direct children only, never by a search through the document: what a search would
find is what an attacker would plant (signature wrapping).
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    AlgorithmError,
    SecurityHeaderInvalidError,
    SecurityHeaderMissingError,
    TimestampInvalidError,
    TokenTypeError,
)
from notigateway.wss.envelope import Envelope, is_for_us
from notigateway.wss.ns import DS, WSSE, WSSE11, WSU, XENC, XENC11, ds, namespace_of, wsse, wsu

if TYPE_CHECKING:
    from lxml.etree import _Element

_XML_WHITESPACE: Final = " \t\r\n"
_NO_WHITESPACE: Final = str.maketrans("", "", _XML_WHITESPACE)

_TIMESTAMP: Final = wsu("Timestamp")
_TOKEN: Final = wsse("BinarySecurityToken")
_SIGNATURE: Final = ds("Signature")
_CONFIRMATION: Final = f"{{{WSSE11}}}SignatureConfirmation"
# Read by nobody here and covered by nothing we promise: they carry no authority.
_IGNORED: Final = frozenset({wsse("SecurityTokenReference"), wsse("UsernameToken"), _CONFIRMATION})
_ENCRYPTION: Final = (f"{{{XENC}}}*", f"{{{XENC11}}}*", f"{{{WSSE11}}}EncryptedHeader")
_OURS: Final = frozenset({DS, WSSE, WSSE11, WSU})
_LOCAL_NAMES: Final = frozenset(
    tag.partition("}")[2] for tag in (_TIMESTAMP, _TOKEN, _SIGNATURE, *sorted(_IGNORED))
)


@dataclass(frozen=True, slots=True)
class SecurityHeader:
    """The one Security header addressed to us, taken apart; every element is the document's own."""

    security: _Element
    timestamp: _Element | None
    tokens: tuple[_Element, ...]
    confirmations: tuple[_Element, ...]
    signed_info: _Element
    signature_value: str
    key_info: _Element


def read_security(envelope: Envelope, *, max_tokens: int) -> SecurityHeader:
    """Find our Security header and check its structure (WSS 1.1.1 §5, XML-DSig §4.1).

    Raises: `SecurityHeaderError` family; `TokenTypeError` for tokens that we do not read;
    `AlgorithmError`, always the same one, for anything encrypted.
    """
    _refuse_encryption(envelope)
    security = _our_security(envelope)
    children = element_children(security)
    count = Counter(str(child.tag) for child in children)
    _check_children(count, max_tokens)
    signature = next(child for child in children if child.tag == _SIGNATURE)
    signed_info, value, key_info = _signature_parts(signature)
    return SecurityHeader(
        security=security,
        timestamp=next((child for child in children if child.tag == _TIMESTAMP), None),
        tokens=tuple(child for child in children if child.tag == _TOKEN),
        confirmations=tuple(child for child in children if child.tag == _CONFIRMATION),
        signed_info=signed_info,
        signature_value=text_of(value),
        key_info=key_info,
    )


def _refuse_encryption(envelope: Envelope) -> None:
    # One answer for all of it, whatever would come out of a decryption: no padding oracle.
    if next(envelope.root.iter(*_ENCRYPTION), None) is not None:
        raise AlgorithmError


def _our_security(envelope: Envelope) -> _Element:
    blocks = envelope.header if envelope.header is not None else ()
    found = [block for block in blocks if block.tag == wsse("Security") and is_for_us(block, envelope.soap)]
    if not found:
        raise SecurityHeaderMissingError("no Security header for us")
    if len(found) > 1:
        # WSS 1.1.1 §5: not two of them for one actor
        raise SecurityHeaderInvalidError("more than one Security header for us", headers=len(found))
    return found[0]


def _check_children(count: Counter[str], max_tokens: int) -> None:
    signatures = count[_SIGNATURE]
    for tag in count:
        if tag not in {_TIMESTAMP, _TOKEN, _SIGNATURE} and tag not in _IGNORED:
            local = tag.rpartition("}")[2]
            if local in _LOCAL_NAMES:
                raise SecurityHeaderInvalidError(
                    f"{local} is in the wrong namespace", part=local, rule="namespace"
                )
            if namespace_of(tag) in _OURS:
                raise SecurityHeaderInvalidError("a child of Security that we do not know")
            raise TokenTypeError("a foreign child of Security, such as a SAML assertion")
    if signatures == 0 and count[wsse("UsernameToken")]:
        raise TokenTypeError("UsernameToken without a signature")
    if signatures == 0:
        raise SecurityHeaderMissingError("Security without Signature")
    if signatures > 1:
        raise SecurityHeaderInvalidError("more than one Signature", signatures=signatures)
    if count[_TIMESTAMP] > 1:
        raise TimestampInvalidError("more than one Timestamp", timestamps=count[_TIMESTAMP])
    if count[_TOKEN] > max_tokens:
        raise SecurityHeaderInvalidError("too many tokens", limit_tokens=max_tokens)


def _signature_parts(signature: _Element) -> tuple[_Element, _Element, _Element]:
    """Return SignedInfo, SignatureValue and KeyInfo: these three in this order, no ds:Object."""
    children = element_children(signature)
    if [child.tag for child in children] != [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]:
        raise SecurityHeaderInvalidError("Signature must hold SignedInfo, SignatureValue and KeyInfo")
    signed_info, value, key_info = children
    return signed_info, value, key_info


# --- reading of single elements, shared by the steps of the verification --------------------------


def element_children(parent: _Element) -> list[_Element]:
    """Return the children of an element that holds elements only.

    Raises: `SecurityHeaderInvalidError` when text stands between them.
    """
    children = list(parent)
    texts = [parent.text, *(child.tail for child in children)]
    if any(text and text.strip(_XML_WHITESPACE) for text in texts):
        raise SecurityHeaderInvalidError("text between the elements of Security")
    return children


def text_of(element: _Element) -> str:
    """Return the text of an element that holds text only.

    Raises: `SecurityHeaderInvalidError` when it has children.
    """
    if len(element):
        raise SecurityHeaderInvalidError("an element of Security must hold text only")
    return element.text or ""


def decode_base64(text: str, *, max_bytes: int) -> bytes:
    """Decode base64 of the strict alphabet; XML whitespace between the characters is allowed.

    Raises: `ValueError` for anything else, for nothing, and for more than `max_bytes`.
    """
    if len(text) > 2 * max_bytes + 64:
        raise ValueError("too long")
    packed = text.translate(_NO_WHITESPACE).encode("ascii")
    try:
        data = base64.b64decode(packed, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    # b64decode accepts stray bits and data behind the padding: only one spelling is right
    if not data or len(data) > max_bytes or base64.b64encode(data) != packed:
        raise ValueError("not canonical base64, empty or too long")
    return data
