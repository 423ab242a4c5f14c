"""The seal inside a PDF, as bytes: where its container stands, what is in it, and the time-stamp put into it.

The container is the only part that the seal does not cover. Room for a time-stamp is reserved in it, so that
one can be put in later without touching a byte that is sealed. No parser of PDF sees a file before its seal
is proven: the container is found by the text of the byte range, which is itself under the seal.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from asn1crypto.cms import CMSAttributes, ContentInfo  # type: ignore[import-untyped]

from notigateway.errors import RenditionInvalidError
from notigateway.evidence.cms import container
from notigateway.pki.asn1_classes import complete_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asn1crypto import x509 as asn1  # type: ignore[import-untyped]

complete_classes()

_BYTE_RANGE: Final = re.compile(rb"/ByteRange ?\[ ?0 ([1-9]\d{0,8}) ([1-9]\d{0,8}) ([1-9]\d{0,8}) *\]")
# So that whoever names many large places does not have them all read.
_MOST_RANGES: Final = 64
_CONTAINER_MAX_DIGITS: Final = 256 * 1024
_DIGITS: Final = re.compile(rb"<(?:[0-9A-Fa-f]{2})+>")
_TIMESTAMP_TOKEN: Final = "signature_time_stamp_token"  # noqa: S105  (a name in CMS)
_ATTRIBUTES: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})
# Of earlier forms, which a library wrote.
_MORE_ATTRIBUTES: Final = frozenset({"cms_algorithm_protection"})


@dataclass(frozen=True, slots=True)
class ByteRange:
    """What a signature in a PDF says it covers: all up to `covered`, but its container.

    That stands at `start` to `end`, with its brackets. Nothing of it is proven yet.
    """

    start: int
    end: int
    covered: int

    def digest(self, data: bytes, algorithm: str = "sha256") -> bytes:
        """Return the hash of what it says it covers."""
        view = memoryview(data)
        found = hashlib.new(algorithm, view[: self.start])
        found.update(view[self.end : self.covered])
        return found.digest()

    def content(self, data: bytes) -> bytes:
        """Return what is in its container, with the zeros behind it."""
        return bytes.fromhex(data[self.start + 1 : self.end - 1].decode("ascii"))


@dataclass(frozen=True, slots=True)
class PdfSeal(ByteRange):
    """A seal found in a PDF; `token` is the time-stamp in its container, if there is one."""

    attributes: bytes
    signature: bytes
    certificate: asn1.Certificate
    token: bytes | None

    def imprint(self) -> bytes:
        """Return what a time-stamp of this seal is about: the SHA-256 of its signature (RFC 3161 app. A)."""
        return hashlib.sha256(self.signature).digest()

    def written(self, token: bytes | None) -> bytes:
        """Return the container in its one spelling, with that time-stamp in it.

        Raises: `RenditionInvalidError` where it does not fit.
        """
        room = self.end - self.start - 2
        content = container(self.attributes, self.signature, self.certificate, token).hex().upper().encode()
        if len(content) > room:
            raise RenditionInvalidError("the time-stamp is larger than the room for it in the PDF")
        return b"<" + content.ljust(room, b"0") + b">"


def find_ranges(data: bytes, begin: int = 0) -> Iterator[ByteRange]:
    """Find every byte range from there on that fits the bytes around it."""
    for found in islice(_BYTE_RANGE.finditer(data, begin), _MOST_RANGES):
        start, end, rest = (int(number) for number in found.groups())
        is_within = begin <= start < end <= min(len(data) - rest, start + _CONTAINER_MAX_DIGITS)
        if is_within and _DIGITS.fullmatch(data, start, end):
            yield ByteRange(start, end, end + rest)


def find_seal(data: bytes) -> PdfSeal:
    """Return the seal of a PDF: the first whose byte range fits the bytes around it.

    Raises: `RenditionInvalidError`.
    """
    found = next(find_ranges(data), None)
    if found is None:
        raise RenditionInvalidError("the PDF has no seal: it is another one, or was printed or saved anew")
    try:
        return _read(found, found.content(data))
    except RenditionInvalidError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise RenditionInvalidError(f"the seal's container cannot be read: {error}") from error


def _read(place: ByteRange, padded: bytes) -> PdfSeal:
    signed = ContentInfo.load(padded)["content"]
    (signer,), (certificate,) = signed["signer_infos"], signed["certificates"]
    # As they came, so before anything in them is read: what asn1crypto has read it writes anew.
    attributes, signature = signer["signed_attrs"].dump(), signer["signature"].native
    token = _token_in(signer["unsigned_attrs"])
    return PdfSeal(place.start, place.end, place.covered, attributes, signature, certificate.chosen, token)


def _token_in(unsigned: object) -> bytes | None:
    found = [*unsigned] if unsigned else []  # type: ignore[misc]
    if not found:
        return None
    (attribute,) = found
    (token,) = attribute["values"]
    if attribute["type"].native != _TIMESTAMP_TOKEN:
        raise RenditionInvalidError("the seal's container is not written as it was made")
    dumped: bytes = token.dump()
    return dumped


def is_about(attributes: bytes, digest: bytes, certificate: asn1.Certificate) -> bool:
    """Tell whether signed attributes state that digest, and name that certificate by its hash (RFC 5035)."""
    read = CMSAttributes.load(b"\x31" + attributes[1:], strict=True)
    stated = {one["type"].native: one["values"] for one in read}
    if len(stated) != len(read) or not _ATTRIBUTES <= set(stated) <= _ATTRIBUTES | _MORE_ATTRIBUTES:
        return False
    ((kind,), (said,), (signing,)) = (stated[name] for name in sorted(_ATTRIBUTES))
    (named, *_) = signing["certs"]
    is_sha256 = named["hash_algorithm"]["algorithm"].native == "sha256"
    is_it = named["cert_hash"].native == hashlib.sha256(certificate.dump()).digest()
    return bool(kind.native == "data" and said.native == digest and is_sha256 and is_it)


def stamp_imprint(pdf: bytes) -> bytes:
    """Return the SHA-256 that a time-stamp of the PDF's seal is to be about."""
    return find_seal(pdf).imprint()


def add_stamp(pdf: bytes, token: bytes) -> bytes:
    """Return a sealed PDF with the time-stamp of its seal put into the room for it.

    Raises: `RenditionInvalidError` where there is no seal, or no room.
    """
    seal = find_seal(pdf)
    return b"".join((pdf[: seal.start], seal.written(token), pdf[seal.end :]))
