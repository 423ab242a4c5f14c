"""Finds out why a digest or a signature value differs, by trying what clients do wrong.

Each reading is one mistake, made again: the part indented or not, another prefix list, another
canonical form, other line ends, another part altogether. A reading whose octets have the digest that
the message states *is* what the client digested, so what is said here is proven, not guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from notigateway.wss.canonical import canonical
from notigateway.wss.header import decode_base64
from notigateway.wss.ns import WSU_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.explaining.sight import Sight
    from notigateway.wss.signature_value import VerifyingKey
    from notigateway.wss.signed_info import Reference

_MAX_DIGEST_BYTES: Final = 64
_MAX_VALUE_BYTES: Final = 2048
# Readings cost a canonical form each; a larger part gets the cheapest only.
_MAX_READ_AGAIN_BYTES: Final = 256 * 1024
# Inclusive C14N writes every declaration at every element that could use it.
_MAX_DECLARATIONS: Final = 64
_MAX_PREFIXES: Final = 8
_HASH_OF_LENGTH: Final = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}
_HASHES: Final[tuple[hashes.HashAlgorithm, ...]] = (
    hashes.SHA256(),
    hashes.SHA1(),  # noqa: S303  (to recognise it, not to accept it)
    hashes.SHA384(),
    hashes.SHA512(),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Octets that a client may have digested instead, and the mistake that leads to them."""

    mistake: str
    octets: bytes


# --- digests --------------------------------------------------------------------------------------


def digest_causes(reference: Reference, target: etree._Element, sight: Sight) -> Iterator[str]:
    """Tell which mistake gives the digest that the reference states; nothing if none is known."""
    try:
        wanted = decode_base64(reference.digest, max_bytes=_MAX_DIGEST_BYTES)
    except ValueError:
        yield "DigestValue is not base64 of a digest"
        return
    name = _HASH_OF_LENGTH.get(len(wanted))
    if name is None:
        yield f"DigestValue has {len(wanted)} bytes: no digest that is read here is so long"
        return
    for reading in _readings(target, reference.prefixes, sight):
        if hmac.compare_digest(hashlib.new(name, reading.octets).digest(), wanted):
            if name != reference.method.hash_name:
                yield f"DigestMethod says {reference.method.short_name}, the value is a {name} digest"
            if reading.mistake:
                yield reading.mistake
            return
    yield "no reading of the part that was tried has this digest: its content was changed after signing"


def _readings(target: etree._Element, prefixes: tuple[str, ...], sight: Sight) -> Iterator[Reading]:
    """Yield what may have been digested, the likely first."""
    octets = canonical(target, prefixes=prefixes)
    yield Reading("", octets)
    yield from _line_ends(octets)
    for part in {id(part): part for part in sight.parts.values()}.values():
        if part is not target:
            local = etree.QName(part).localname
            yield Reading(f"the digest is that of {local}: two references are exchanged", canonical(part))
    for child in target:
        mistake = "the digest is that of the element inside: digest the signed part itself, its tag included"
        yield Reading(mistake, canonical(child, prefixes=prefixes))
    if len(octets) > _MAX_READ_AGAIN_BYTES:
        return
    yield from _other_forms(target, sight)
    for mistake, change in _CHANGES.items():
        changed = _changed(target, change)
        for form in _exclusive_forms(changed, prefixes):
            yield Reading(mistake, form)
    yield from _as_written(target, sight.data)


def _line_ends(octets: bytes) -> Iterator[Reading]:
    if b"\n" in octets:
        with_returns = octets.replace(b"\n", b"&#xD;\n")
        yield Reading("CR LF was digested where LF arrives: XML parsers read CR LF as LF", with_returns)
    if b"&#xD;" in octets:
        mistake = "carriage returns (&#13;) are in the message that were not there when it was digested"
        yield Reading(mistake, octets.replace(b"&#xD;", b""))


def _other_forms(target: etree._Element, sight: Sight) -> Iterator[Reading]:
    """Yield the part as it stands, by other rules of canonicalisation."""
    yield Reading("digested without the PrefixList that the Transform states", canonical(target))
    if sight.data.count(b"xmlns") <= _MAX_DECLARATIONS:
        inclusive = etree.tostring(target, method="c14n", exclusive=False, with_comments=False)
        yield Reading("digested in inclusive C14N, while the Transform says exclusive C14N", inclusive)
    for listed in _prefix_lists(target):
        words = " ".join(listed)
        mistake = f"digested with the prefixes {words!r}, which the Transform's PrefixList does not state"
        yield Reading(mistake, canonical(target, prefixes=listed))
    commented = _with_comments(target, sight.data)
    if commented is not None:
        yield Reading("digested with its comments (#WithComments); comments are left out here", commented)


def _prefix_lists(target: etree._Element) -> Iterator[tuple[str, ...]]:
    """Yield lists of the prefixes in scope: each alone, and all together."""
    scope = tuple(prefix or "#default" for prefix in target.nsmap)[:_MAX_PREFIXES]
    yield from ((prefix,) for prefix in scope)
    yield scope


def _exclusive_forms(target: etree._Element, prefixes: tuple[str, ...]) -> Iterator[bytes]:
    octets = canonical(target, prefixes=prefixes)
    yield octets
    yield octets.replace(b"\n", b"&#xD;\n")
    if prefixes:
        yield canonical(target)


def _with_comments(target: etree._Element, data: bytes) -> bytes | None:
    """Return the canonical form with comments, or None where there are none."""
    if b"<!--" not in data:
        return None
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    for step in _path(target):
        root = [child for child in root if isinstance(child.tag, str)][step]
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=True)


def _as_written(target: etree._Element, data: bytes) -> Iterator[Reading]:
    """Yield the characters of the file: what is digested by who joins strings instead of XML."""
    qualified = f"{target.prefix}:" if target.prefix else ""
    name = re.escape(f"{qualified}{etree.QName(target).localname}".encode())
    found = re.search(rb"<" + name + rb"[\s>].*</" + name + rb"\s*>", data, re.DOTALL)
    if found:
        yield Reading("the text was digested as it is written, not its canonical form", found[0])


# --- the same tree, changed -----------------------------------------------------------------------


def _path(element: etree._Element) -> list[int]:
    """Return the place of an element by counting: from the root, which child of each."""
    steps: list[int] = []
    parent = element.getparent()
    while parent is not None:
        steps.insert(0, parent.index(element))
        element, parent = parent, parent.getparent()
    return steps


def _changed(target: etree._Element, change: Callable[[etree._Element], None]) -> etree._Element:
    """Return the part in a copy of the whole document, so that its namespaces stay, after a change."""
    copy = deepcopy(target.getroottree().getroot())
    for step in _path(target):
        copy = copy[step]
    change(copy)
    return copy


def _without_indentation(part: etree._Element) -> None:
    for element in part.iter():
        if len(element) and not (element.text or "").strip():
            element.text = None
        if element is not part and not (element.tail or "").strip():
            element.tail = None


def _without_outer_space(part: etree._Element) -> None:
    for element in part.iter():
        element.text = (element.text or "").strip() or None
        if element is not part:
            element.tail = (element.tail or "").strip() or None


def _without_id(part: etree._Element) -> None:
    for name in (WSU_ID, "Id"):
        part.attrib.pop(name, None)


def _indented(space: str, *, from_root: bool) -> Callable[[etree._Element], None]:
    def indent(part: etree._Element) -> None:
        etree.indent(part.getroottree().getroot() if from_root else part, space=space)

    return indent


_CHANGES: Final[dict[str, Callable[[etree._Element], None]]] = {
    "pretty-printed after signing: the digest is that of the part without its indentation": (
        _without_indentation
    ),
    "white space was added around texts after signing": _without_outer_space,
    "the Id attribute was set after the digest was taken": _without_id,
    "signed with an indentation of 2 that was removed afterwards": _indented("  ", from_root=True),
    "signed with an indentation of 4 that was removed afterwards": _indented("    ", from_root=True),
    "signed with an indentation by tabs that was removed afterwards": _indented("\t", from_root=True),
}


# --- the signature value --------------------------------------------------------------------------


def signature_causes(sight: Sight) -> Iterator[str]:
    """Tell what the signature value covers, where it does not verify over SignedInfo as it stands."""
    header, signed_info, key = sight.header, sight.signed_info, sight.key
    if header is None or signed_info is None or key is None:
        return
    try:
        value = decode_base64(header.signature_value, max_bytes=_MAX_VALUE_BYTES)
    except ValueError:
        yield "SignatureValue is not base64"
        return
    for reading in _readings(header.signed_info, signed_info.prefixes, sight):
        for words in _methods_that_verify(value, reading.octets, key):
            if words != signed_info.method.short_name:
                yield f"SignatureMethod says {signed_info.method.short_name}, the value is of {words}"
            if reading.mistake:
                yield f"SignedInfo: {reading.mistake}"
            return
    yield from _whose_value(value, key)


def _methods_that_verify(value: bytes, octets: bytes, key: VerifyingKey) -> Iterator[str]:
    for algorithm in _HASHES:
        for words, verify in _verifications(value, octets, key, algorithm):
            try:
                verify()
            except (InvalidSignature, ValueError):
                continue
            yield words


def _verifications(
    value: bytes, octets: bytes, key: VerifyingKey, algorithm: hashes.HashAlgorithm
) -> Iterator[tuple[str, Callable[[], None]]]:
    if isinstance(key, RSAPublicKey):
        pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
        yield (
            f"rsa-{algorithm.name}",
            lambda: key.verify(value, octets, padding.PKCS1v15(), algorithm),
        )
        yield f"{algorithm.name}-rsa-MGF1", lambda: key.verify(value, octets, pss, algorithm)
    elif isinstance(key, EllipticCurvePublicKey):
        half = len(value) // 2
        r, s = int.from_bytes(value[:half]), int.from_bytes(value[half:])
        raw, name = encode_dss_signature(r, s), f"ecdsa-{algorithm.name}"
        yield name, lambda: key.verify(raw, octets, ECDSA(algorithm))
        yield f"{name} in DER form", lambda: key.verify(value, octets, ECDSA(algorithm))


def _whose_value(value: bytes, key: VerifyingKey) -> Iterator[str]:
    """Tell whether the certificate's key made the value at all: RSA PKCS #1 v1.5 shows it."""
    if not isinstance(key, RSAPublicKey):
        yield "signed with another key than the certificate's, or SignedInfo was changed after signing"
        return
    try:
        key.recover_data_from_signature(value, padding.PKCS1v15(), None)
    except (InvalidSignature, ValueError):
        yield "signed with another key than the certificate's: compare key file and certificate"
    else:
        yield "the certificate's key signed another SignedInfo: it was changed after signing"
