"""Seals that repeat a proven one, proven by their bytes alone.

All seals that one process makes are the same bytes but for two digests, the signature value and the signing
time (`template`): here such bytes are a frame. Structure, algorithms, certificate, policy and the digest of
KeyInfo depend on the frame alone. So once the steps of `xades` have proven one receipt, another of the
same frame needs four things only: its content in the canonical form that we write, the digests of content and
SignedProperties, and the signature. Whatever does not pass here is no refusal: `xades` decides on it.

A frame is learnt only of a receipt that a pinned certificate has sealed, and counts only where that one is
pinned again; frames are forgotten when there are too many, and with the process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from notigateway.evidence.history import DatedCertificate, Pin, dated
from notigateway.evidence.statement import parse_receipt
from notigateway.pki.keys import fingerprint
from notigateway.pki.low_form import in_der, is_low
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml.etree import _Element

_KEPT: Final = 64
_SEAL: Final = b"<ds:Signature "
_TIME: Final = b"<xades:SigningTime>"
_END: Final = b"</Evidence>"
# Elements of one namespace without attributes, and text with the escapes of Canonical XML (§2.3): what is
# well-formed and matches is its own canonical form. No part can be read in two ways, so nothing backtracks.
_CONTENT: Final = re.compile(
    rb'<Evidence xmlns="%s">(?:[^<>&\r]++|&(?:amp|lt|gt|#xD);|</?[A-Za-z0-9]++>)*+' % EVIDENCE_1.encode()
)
# What differs between two seals of a process: the digests of the root, which stands first in SignedInfo, and
# of SignedProperties, which follows; the value; the instant. Each part ends where its last word first stands:
# anybody may send what nobody has sealed, and nothing backtracks.
_DIFFERING: Final = re.compile(
    rb"(<ds:Signature (?>.*?<ds:DigestValue>))([A-Za-z0-9+/]{43}=)"
    rb"(</ds:DigestValue>(?>.*?<ds:DigestValue>))([A-Za-z0-9+/]{43}=)"
    rb"(</ds:DigestValue>(?>.*?<ds:SignatureValue>))([A-Za-z0-9+/]++={0,2}+)"
    rb"(</ds:SignatureValue>(?>.*?<xades:SigningTime>))([0-9TZ:.-]++)"
    rb"(</xades:SigningTime>.*</ds:Signature>)</Evidence>",
    re.DOTALL,
)
_INFO: Final = re.compile(
    rb"(<ds:SignedInfo .*?<ds:DigestValue>)([^<]*)(</ds:DigestValue>.*?<ds:DigestValue>)([^<]*)(<.*)",
    re.DOTALL,
)
_PROPERTIES: Final = re.compile(rb"(<xades:SignedProperties .*?<xades:SigningTime>)([^<]*)(<.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed, the instant that the seal states, and the pinned certificate that made it."""

    evidence: _Element
    stated: str
    pinned: DatedCertificate


@dataclass(frozen=True, slots=True)
class _Frame:
    """SignedInfo and SignedProperties as they are hashed, cut where seals differ, and who makes them."""

    info: tuple[bytes, bytes, bytes]
    properties: tuple[bytes, bytes]
    certificate_sha256: str
    key: Any
    either_form: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """A receipt, cut into content, frame and what fills the frame."""

    content: bytes
    frame: tuple[bytes, ...]
    digests: tuple[bytes, bytes]
    value: bytes
    stated: bytes


class Frames:
    """The frames that were proven; safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, ...], _Frame] = {}

    def prove(self, original: bytes, pins: Sequence[Pin]) -> Sealed | None:
        """Return what a receipt proves that repeats a proven one; None for any other, good or bad."""
        cut = _cut(original)
        frame = None if cut is None else self._known.get(cut.frame)
        if cut is None or frame is None:
            return None
        pinned = dated_pins(tuple(pins)).get(frame.certificate_sha256)
        if pinned is None or not _is_sealed(cut, frame):
            return None
        try:
            return Sealed(parse_receipt(cut.content), cut.stated.decode("ascii"), pinned)
        except etree.LxmlError:
            return None

    def learn(
        self,
        original: bytes,
        *,
        signed_info: _Element,
        signed_properties: _Element,
        pinned: DatedCertificate,
        either_form: bool,
    ) -> None:
        """Keep the frame of a receipt that every step has proven; of one in another form there is none.

        `either_form`: its policy, which is part of the frame, admits both forms of an ECDSA signature.
        """
        cut = _cut(original)
        info = _INFO.fullmatch(_canonical(signed_info))
        properties = _PROPERTIES.fullmatch(_canonical(signed_properties))
        if cut is None or info is None or properties is None or original.count(_TIME) != 1:
            return
        if (info[2], info[4], properties[2]) != (*cut.digests, cut.stated):
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[cut.frame] = _Frame(
            info=(info[1], info[3], info[5]),
            properties=(properties[1], properties[3]),
            certificate_sha256=fingerprint(pinned.certificate),
            key=pinned.certificate.public_key(),
            either_form=either_form,
        )


@lru_cache(maxsize=8)
def dated_pins(pins: tuple[Pin, ...]) -> Mapping[str, DatedCertificate]:
    """Return pinned seals by their fingerprints, made once for each set: a pin never changes."""
    return dated(pins)


def _cut(original: bytes) -> _Cut | None:
    """Return the parts of a receipt in the one form that we write; None for any other form."""
    start = original.rfind(_SEAL)
    found = _DIFFERING.fullmatch(original, max(start, 0))
    if found is None:
        return None
    content = original[:start] + _END
    if _CONTENT.fullmatch(content) is None:
        return None
    before, root, between, properties, value_before, value, time_before, stated, rest = found.groups()
    return _Cut(
        content, (before, between, value_before, time_before, rest), (root, properties), value, stated
    )


def _is_sealed(cut: _Cut, frame: _Frame) -> bool:
    """Tell whether digests and signature are right."""
    properties = frame.properties[0] + cut.stated + frame.properties[1]
    if cut.digests != (_digest(cut.content), _digest(properties)):
        return False
    start, middle, end = frame.info
    info = start + cut.digests[0] + middle + cut.digests[1] + end
    try:
        value = binascii.a2b_base64(cut.value, strict_mode=True)
        if base64.b64encode(value) != cut.value:  # the signature does not cover how it is spelt
            return False
        _verify(frame, value, info)
    except (ValueError, InvalidSignature):
        return False
    return True


def _verify(frame: _Frame, value: bytes, info: bytes) -> None:
    """Check a signature value. Raises: `InvalidSignature`, `ValueError`."""
    key = frame.key  # of one of the two profiles
    if not isinstance(key, EllipticCurvePublicKey):
        key.verify(value, info, PSS(MGF1(SHA256()), SHA256.digest_size), SHA256())
        return
    signature = in_der(value)
    if not (frame.either_form or is_low(signature)):
        raise InvalidSignature
    key.verify(signature, info, ECDSA(SHA256()))


def _digest(data: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(data).digest())


def _canonical(element: _Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)
