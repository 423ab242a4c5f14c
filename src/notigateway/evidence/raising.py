"""Raises receipts for the decades: XAdES-BASELINE-LT and -LTA (ETSI EN 319 132-1 §5.4, §5.5, §6).

LT: beside the time-stamp, the certificates and the revocation data by which seal and time-stamp are
validated. LTA: an archive time-stamp over all of it, and later others over the ones before.

The original and its time-stamp stay as they are, byte for byte; what is added stands behind them in one
spelling, so the same data give the same bytes. No clock, no network: tokens and data come from the caller.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.additions import ARCHIVE_STAMP, XADES_141, take_apart
from notigateway.evidence.archive import ARCHIVE_STAMPS_AT_MOST, imprint_of
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.xades import seal_certificate_of
from notigateway.wss.ns import EXC_C14N

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.evidence.additions import Held
    from notigateway.evidence.validation_data import ValidationData

_END: Final = (
    b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
    b"</ds:Object></ds:Signature></Evidence>"
)
_OF_1_4_1: Final = b' xmlns:xades141="' + XADES_141.encode() + b'">'
_METHOD: Final = (
    b'<ds:CanonicalizationMethod Algorithm="' + EXC_C14N.encode() + b'"></ds:CanonicalizationMethod>'
)


def raise_to_lt(receipt: bytes, data: ValidationData) -> bytes:
    """Return a time-stamped receipt, as it is kept, with what seal and time-stamp are validated by.

    Certificates that stand in the receipt or in its time-stamp already are not put in again
    (EN 319 132-1 §6.3); those of the authority of time-stamps stand beside those of the seal.

    Raises: `ReceiptInvalidError` where it is not of level T in our spelling, or would be larger than any.
    """
    held = take_apart(receipt)
    if held.token is None:
        raise ReceiptInvalidError("only a receipt with its time-stamp, as it is kept, is raised to LT")
    there = [seal_certificate_of(held.original), *embedded_certificates(held.token)]
    known = {one.public_bytes(Encoding.DER) for one in there}
    added = _values(data, known)
    if not added:
        raise ReceiptInvalidError("there is no validation data to raise the receipt with")
    return _with(receipt, added, held.original)


def archive_imprint(
    receipt: bytes, algorithm: str = "sha256", *, earlier: ValidationData | None = None
) -> bytes:
    """Return the hash by `sha256` or `sha512` that the next archive time-stamp of a raised receipt is about.

    `earlier` is what the archive time-stamp before it is validated by: it is put in first, under the new one.

    Raises: `ReceiptInvalidError`, `ValueError` for another algorithm.
    """
    return imprint_of(_raised(_with_earlier(receipt, earlier)), algorithm)


def add_archive_timestamp(receipt: bytes, token: bytes, *, earlier: ValidationData | None = None) -> bytes:
    """Return a raised receipt with an archive time-stamp behind all that it holds, and `earlier` before that.

    The token is taken as it is: who asked for it has checked it against `archive_imprint` with the same
    `earlier`.

    Raises: `ReceiptInvalidError` where the receipt is not of level LT in our spelling, or would be larger
    than any.
    """
    before = _with_earlier(receipt, earlier)
    held = _raised(before)
    if sum(one.tag == ARCHIVE_STAMP for one in held.properties) >= ARCHIVE_STAMPS_AT_MOST:
        raise ReceiptInvalidError("the receipt holds as many archive time-stamps as are read")
    name = b"xades141:ArchiveTimeStamp"
    added = b"<" + name + _OF_1_4_1 + _METHOD + _element("EncapsulatedTimeStamp", token) + b"</" + name + b">"
    return _with(before, added, held.original)


def _raised(receipt: bytes) -> Held:
    held = take_apart(receipt)
    if not held.properties:
        raise ReceiptInvalidError("only a receipt of level LT gets an archive time-stamp")
    return held


def _with_earlier(receipt: bytes, data: ValidationData | None) -> bytes:
    """Return a receipt with what its last archive time-stamp is validated by (§5.5.1), where it is told."""
    if data is None:
        return receipt
    held = _raised(receipt)
    if held.properties[-1].tag != ARCHIVE_STAMP:
        raise ReceiptInvalidError("there is no archive time-stamp just before, which the data would be of")
    name = b"xades141:TimeStampValidationData"
    added = b"<" + name + _OF_1_4_1 + _values(data, ()) + b"</" + name + b">"
    return _with(receipt, added, held.original)


def _with(receipt: bytes, added: bytes, original: bytes) -> bytes:
    """Return a receipt with more unsigned properties behind those it has; they must be read as such."""
    if not receipt.endswith(_END):
        raise ReceiptInvalidError("the receipt is not in the spelling in which the gateway raises receipts")
    raised = receipt.removesuffix(_END) + added + _END
    if take_apart(raised).original != original:
        raise ReceiptInvalidError("the receipt cannot be raised")
    return raised


def _values(data: ValidationData, known: Iterable[bytes]) -> bytes:
    """Write validation data (§5.4.1, §5.4.2): each value once, and no element that would be empty."""
    left_out = {hashlib.sha256(one).digest() for one in known}
    fresh = [one for one in data.certificates if hashlib.sha256(one).digest() not in left_out]
    lists = _group("CRLValues", _each("EncapsulatedCRLValue", data.revocation_lists))
    answers = _group("OCSPValues", _each("EncapsulatedOCSPValue", data.status_answers))
    certificates = _group("CertificateValues", _each("EncapsulatedX509Certificate", fresh))
    return certificates + _group("RevocationValues", lists + answers)


def _each(name: str, values: Iterable[bytes]) -> bytes:
    return b"".join(_element(name, one) for one in dict.fromkeys(values))


def _group(name: str, content: bytes) -> bytes:
    return f"<xades:{name}>".encode() + content + f"</xades:{name}>".encode() if content else b""


def _element(name: str, value: bytes) -> bytes:
    return _group(name, base64.b64encode(value))
