"""Finds out why a digest differs: which known mistakes give the one that the message states.

A digest is explained by how it is written, by which hash it is, and by what was digested. All that fit are
looked for: where one explanation alone fits it is sure; where several do, only what they share is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from notigateway.explaining.cause import Cause, Certainty, Explained, Known, told
from notigateway.explaining.encodings import decodings
from notigateway.explaining.readings import Part, readings
from notigateway.wss.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight
    from notigateway.wss.signed_info import Reference

_HASH_OF_LENGTH: Final = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}
OTHER_HASH: Final = Known(
    "digest-of-another-hash",
    "DigestMethod names another hash than the one that was computed",
    "state the hash that is computed",
    None,
)
NO_DIGEST: Final = Known(
    "digest-unreadable",
    "DigestValue is not base64 of a digest, nor another way of writing that is known",
    "write the digest's octets in base64",
    None,
)
WRONG_LENGTH: Final = Known(
    "digest-length", "DigestValue has the length of no digest that is read here", "write all its octets", None
)
CHANGED: Final = Known(
    "changed-after-signing",
    "no mistake that is known gives this digest: most likely its content was changed after signing",
    "sign last; compare the canonical octets above with your own (the command writes all of them: --octets)",
    None,
)
NOT_IN_SCOPE: Final = Known(
    "prefix-list-not-in-scope", "the PrefixList names prefixes that no declaration in scope binds",
    "declare them at the Envelope, or leave them out of the list", None,
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (OTHER_HASH, NOT_IN_SCOPE, NO_DIGEST, WRONG_LENGTH, CHANGED)


def digest_causes(reference: Reference, target: _Element, sight: Sight) -> Iterator[Cause]:
    """Tell which mistakes give the digest that the reference states."""
    at = str(target.tag).partition("}")[2]
    written = list(decodings(reference.digest))
    if not written:
        yield NO_DIGEST.cause(Certainty.SEEN, at=at)
        return
    found = list(_explanations(reference, target, sight))
    if found:
        yield from told(found, at=at)
    elif all(len(octets) not in _HASH_OF_LENGTH for _, octets in written):
        yield WRONG_LENGTH.cause(Certainty.SEEN, f"{len(written[0][1])} octets", at=at)
    else:
        yield CHANGED.cause(Certainty.LIKELY, at=at)
        missing = [one for one in reference.prefixes if one != "#default" and one not in target.nsmap]
        if missing:
            yield NOT_IN_SCOPE.cause(Certainty.SEEN, " ".join(missing)[:100], at=at)


def _explanations(reference: Reference, target: _Element, sight: Sight) -> Iterator[Explained]:
    wanted: dict[str, list[tuple[Known[Any] | None, bytes]]] = {}
    for known, octets in decodings(reference.digest):
        name = _HASH_OF_LENGTH.get(len(octets))
        if name is not None:
            wanted.setdefault(name, []).append((known, octets))
    part = Part(target, reference.prefixes, sight, canonical(target, prefixes=reference.prefixes))
    stated = reference.method.hash_name
    for reading, octets in readings(part):
        for name, values in wanted.items():
            digest = hashlib.new(name, octets).digest()
            for written, value in values:
                if value != digest:
                    continue
                other = () if name == stated else ((OTHER_HASH, f"{stated} is stated, {name} was computed"),)
                marks = [(one, "") for one in (written, reading) if one is not None]
                yield Explained((*marks, *other))
