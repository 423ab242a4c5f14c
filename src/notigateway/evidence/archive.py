"""Archive time-stamps on a receipt (ETSI EN 319 132-1 §5.5.2): what one is about, and how it is read.

An archive time-stamp is about everything of a signature that stands before it: the signed data themselves,
not only their digests, the seal, and every unsigned property, the earlier time-stamps among them. So it says
of all of these that they existed, whatever becomes of their algorithms and certificates later.

What it is about is written from the tree of the file as it was given: who has written the file anew may have
chosen other prefixes, and its time-stamp is about those.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.errors import ReceiptInvalidError, StampInvalidError
from notigateway.evidence.additions import ARCHIVE_STAMP, encapsulated_token
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.template import XADES
from notigateway.evidence.timestamp import (
    CLOCKS_DIFFER_AT_MOST,
    check_not_before_seal,
    kept_form,
    read_stamp,
    stated_hash,
)
from notigateway.wss.ns import EXC_C14N, ds, names_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.evidence.additions import Held
    from notigateway.evidence.timestamp import Stamp

# One in some years is what anybody needs; those behind are not read.
ARCHIVE_STAMPS_AT_MOST: Final = 16
IMPRINT_ALGORITHMS: Final = ("sha256", "sha512")
_xades: Final = names_in(XADES)


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """An archive time-stamp that is not verified yet: its token, and the hashes of what it must be about.

    `place` is how many unsigned properties stand before it: these are what it covers beside the seal.
    `lack` says why it cannot be judged at all.
    """

    place: int
    token: bytes
    imprints: dict[str, bytes]
    lack: str | None = None

    def kept(self, authorities: Sequence[x509.Certificate]) -> tuple[bytes, bytes]:
        """Return its token as tokens are kept, and the hash it must state. Raises: `StampInvalidError`."""
        if self.lack is not None:
            raise StampInvalidError(self.lack)
        token = kept_form(self.token, authorities)
        named = stated_hash(token)
        if named not in self.imprints:
            raise StampInvalidError(f"it is about a hash by {named}, which is not read here")
        return token, self.imprints[named]


def archive_stamps(held: Held) -> list[ArchiveStamp]:
    """Return the archive time-stamps of a receipt, in the order in which they stand, and what each is about.

    The receipt's seal must be proven: the places of its parts are taken for granted.
    """
    found: list[ArchiveStamp] = []
    if not any(one.tag == ARCHIVE_STAMP for one in held.properties):
        return found
    digests = {name: hashlib.new(name) for name in IMPRINT_ALGORITHMS}
    for part in _sealed_parts(held.original):
        for digest in digests.values():
            digest.update(part)
    for place, one in enumerate(held.properties):
        if one.tag == ARCHIVE_STAMP and len(found) < ARCHIVE_STAMPS_AT_MOST:
            imprints = {name: digest.copy().digest() for name, digest in digests.items()}
            found.append(ArchiveStamp(place, encapsulated_token(one), imprints, _lack(one)))
        canonical = _canonical(one)
        for digest in digests.values():
            digest.update(canonical)
    return found


def read_archive_stamp(
    held: Held,
    one: ArchiveStamp,
    authorities: Sequence[x509.Certificate],
    *,
    covered: Iterable[tuple[int, datetime]],
) -> Stamp:
    """Return what an archive time-stamp states; `covered` are place and instant of the others that are right.

    1. What it is about is all that stands before it, in exclusive canonical form.
    2. It is by one of the authorities, whose certificate was valid then, and intact.
    3. It is not from before the seal, nor before an earlier time-stamp that it covers.

    Raises: `StampInvalidError`.
    """
    token, imprint = one.kept(authorities)  # 1
    stamp = read_stamp(token, imprint=imprint, authorities=authorities)  # 2
    check_not_before_seal(held.original, stamp.at)  # 3
    if any(place < one.place and stamp.at < at - CLOCKS_DIFFER_AT_MOST for place, at in covered):
        raise StampInvalidError("it is from before a time-stamp that it covers")
    return stamp


def imprint_of(held: Held, algorithm: str) -> bytes:
    """Return the hash that an archive time-stamp behind all that a receipt holds is about.

    EN 319 132-1 §5.5.2.2, the case that is not distributed: 1. what the references name, as it is hashed for
    them; 2. SignedInfo, SignatureValue, KeyInfo; 3. the unsigned properties before it; each in canonical
    form. There is no other ds:Object in a receipt (4).

    Raises: `ReceiptInvalidError`, `ValueError` for a hash that no time-stamp is about.
    """
    if algorithm not in IMPRINT_ALGORITHMS:
        raise ValueError(f"a time-stamp is about a hash by one of {', '.join(IMPRINT_ALGORITHMS)}")
    digest = hashlib.new(algorithm)
    for part in _sealed_parts(held.original):
        digest.update(part)
    for one in held.properties:
        digest.update(_canonical(one))
    return digest.digest()


def _sealed_parts(original: bytes) -> Iterator[bytes]:
    """Yield the parts of a receipt that are common to all archive time-stamps (1, 2).

    The references of a seal are always three: the root without the seal, the signed properties, the key.
    """
    root = parse_receipt(original)
    signature = root[-1]
    try:
        info, value, key = (
            _child(signature, ds(name)) for name in ("SignedInfo", "SignatureValue", "KeyInfo")
        )
        path = f"{ds('Object')}/{_xades('QualifyingProperties')}/{_xades('SignedProperties')}"
        (properties,) = signature.findall(path)
    except ValueError as error:
        raise ReceiptInvalidError("the receipt has no seal in the structure of the profile") from error
    behind = [properties, key, info, value, key]
    written = [_canonical(one) for one in behind]
    root.remove(signature)
    yield _canonical(root)
    yield from written


def _child(element: _Element, tag: str) -> _Element:
    (found,) = element.findall(tag)
    return found


def _canonical(element: _Element) -> bytes:
    try:
        return etree.tostring(element, method="c14n", exclusive=True)
    except etree.C14NError as error:
        raise ReceiptInvalidError("the receipt with additions has no canonical form") from error


def _lack(element: _Element) -> str | None:
    methods = element.findall(ds("CanonicalizationMethod"))
    if len(methods) != 1 or methods[0].get("Algorithm") != EXC_C14N or len(methods[0]):
        return "it is about another canonical form than the exclusive one"
    if {one.tag for one in element} != {ds("CanonicalizationMethod"), _xades("EncapsulatedTimeStamp")}:
        return "it names by itself what it is about"
    return None
