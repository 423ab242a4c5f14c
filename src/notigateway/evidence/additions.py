"""What others lawfully add to a receipt: values and time-stamps that prove it for longer (XAdES-LT, -LTA).

ETSI EN 319 132-1 (§5.4, §5.5) lets anybody add unsigned properties to a signature: certificates, revocation
data, archive time-stamps, further time-stamps. The tool that does so writes the whole file anew, as it
spells XML. So the unsigned part is cut out by the tree, and what remains is written in its canonical form:
that is the original as it was issued, or none, and it takes every step of a verification byte for byte.

Nothing of what was cut out counts, but time-stamps where they verify: those on the seal here, archive
time-stamps in `evidence.archive`; values are read in `evidence.embedded`. All else is read only so far that
nothing can be hidden in it that somebody could take for a part of the receipt.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.errors import ReceiptInvalidError, StampInvalidError
from notigateway.evidence.shape import check_most
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.template import XADES
from notigateway.evidence.timestamp import (
    TOKEN_MAX_BYTES,
    add_token,
    embedded_certificates,
    kept_form,
    signature_imprint,
    stated_hash,
    take_out,
)
from notigateway.wss.ns import DS, EXC_C14N, ds, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography import x509
    from lxml.etree import _Element

LEVELS: Final = ("B", "T", "LT", "LTA")
XADES_141: Final = "http://uri.etsi.org/01903/v1.4.1#"
_xades, _xades_141 = names_in(XADES), names_in(XADES_141)
_NAME: Final = b"UnsignedProperties"
# With them a file is still what `bundle` reads as a receipt; lists of revoked certificates are the largest.
WITH_ADDITIONS_MAX_BYTES: Final = 5 * 1024 * 1024
_ELEMENTS_AT_MOST: Final = 2_000
_DEEP_AT_MOST: Final = 12
_TOKENS_AT_MOST: Final = 8
_STAMP: Final = _xades("SignatureTimeStamp")
_VALUES: Final = frozenset(map(_xades, ("CertificateValues", "RevocationValues")))
ARCHIVE_STAMP: Final = _xades_141("ArchiveTimeStamp")
# EN 319 132-1 §5.4 and §5.5. A counter-signature (§5.2.7) is none: it is a second signature in the file.
_ADMITTED: Final = frozenset(
    [_STAMP]
    + [_xades(name) for name in ("CertificateValues", "RevocationValues")]
    + [_xades(name) for name in ("AttrAuthoritiesCertValues", "AttributeRevocationValues")]
    + [_xades_141(name) for name in ("TimeStampValidationData", "AnyValidationData")]
    + [ARCHIVE_STAMP]
)
# What those are made of; nothing else of XML signatures, and nothing at all of other vocabularies.
_OF_DS: Final = frozenset(map(ds, ("CanonicalizationMethod", "DigestMethod", "DigestValue")))
_NOT_OF_XADES: Final = frozenset(
    {"QualifyingProperties", "SignedProperties", "UnsignedProperties", "UnsignedSignatureProperties"}
)
_IDENTIFIERS: Final = frozenset({"id", "{http://www.w3.org/xml/1998/namespace}id"})
_DECLARATION: Final = re.compile(
    rb"""<\?xml version=["']1\.0["'](?: encoding=["'][Uu][Tt][Ff]-8["'])?"""
    rb"""(?: standalone=["'](?:yes|no)["'])? ?\?>[\r\n]*"""
)


@dataclass(frozen=True, slots=True)
class Token:
    """A time-stamp on the seal, as such are kept and not yet verified, and what it must be about.

    `place` is its place among the unsigned properties.
    """

    data: bytes
    imprint: bytes
    place: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A file taken apart: the receipt as it was issued, its time-stamp, and what others have added.

    `token` is the one that stands in our one spelling; `foreign` are those of a file that holds more than it,
    or that others have written anew, `properties` all that is in such a file, in its order.
    """

    original: bytes
    token: bytes | None = None
    foreign: tuple[bytes, ...] = ()
    properties: tuple[_Element, ...] = field(default=(), compare=False, repr=False)

    def tokens(self, authorities: Sequence[x509.Certificate]) -> Iterator[Token]:
        """Yield the time-stamps on the seal, in a file of others those of the authorities that can be read.

        Where nobody is pinned, all that can be read.
        """
        if self.token is not None:
            yield Token(self.token, signature_imprint(self.original))
            return
        places = [place for place, one in enumerate(self.properties) if _is_on_seal(one)]
        for place, one in zip(places, self.foreign, strict=True):
            try:
                kept = kept_form(one, authorities or embedded_certificates(one))
                named = stated_hash(kept)
            except StampInvalidError:
                continue
            if named in {"sha256", "sha512"}:
                yield Token(kept, signature_imprint(self.original, named), place)

    def is_stamped_by(self, certificate: bytes) -> bool:
        """Tell whether one of the time-stamps holds that certificate (DER): of our spelling no other."""
        if self.token is not None:
            return [certificate] == list(map(_der, embedded_certificates(self.token)))
        return any(certificate in _certificates(one) for one in self.foreign)

    @property
    def level(self) -> str:
        """Which of the `LEVELS` it has by what is in it; what that proves is for a verification."""
        if self.token is None and not self.foreign:
            return "B"
        names = {one.tag for one in self.properties}
        if not names & _VALUES:
            return "T"
        return "LTA" if ARCHIVE_STAMP in names else "LT"

    def as_made(self) -> Iterator[bytes]:
        """Yield what the gateway may have written before others added to it: with a time-stamp, without."""
        for one in self.foreign:
            yield add_token(self.original, one)
        yield self.original

    @property
    def remark(self) -> str:
        """What a person is told of what was added to the receipt; nothing where there is nothing."""
        names = ", ".join(dict.fromkeys(etree.QName(one).localname for one in self.properties))
        return f"; to it were added {names}, which the seal does not cover" if names else ""


def take_apart(data: bytes) -> Held:
    """Return the original of a receipt, its time-stamp, and what others have added to it.

    A file in our spelling is taken apart by its bytes, as `take_out` does. Only one in which an unsigned part
    is left is read as others write it: 1. bounded, in UTF-8, without DTD, comment, CDATA or instruction;
    2. one `UnsignedProperties` at its only place; 3. which holds nothing but admitted properties, no
    signature, nothing of our vocabulary, and no identifier that the signed part has.

    Raises: `ReceiptInvalidError`.
    """
    wrong: ValueError | None = None
    try:
        original, token = take_out(data)
    except ValueError as error:
        original, token, wrong = data, None, error
    if _NAME not in original:
        return Held(original, token)
    held = _cut(data)
    if held is not None:
        return held
    if wrong is not None:
        raise ReceiptInvalidError(f"the time-stamp cannot be read: {wrong}") from wrong
    return Held(original, token)


def _cut(data: bytes) -> Held | None:
    """Return a file of others taken apart; None where there is no unsigned part at its place."""
    root = _read(data)
    unsigned = _unsigned_part(root)
    if unsigned is None:
        return None
    qualifying = unsigned.getparent()
    if qualifying is None or unsigned.tail or set(unsigned.attrib) - {"Id"}:
        raise ReceiptInvalidError("the additions to the receipt do not stand at their place")
    qualifying.remove(unsigned)
    properties = admitted_properties(unsigned, root)
    tokens = tuple(encapsulated_token(one) for one in properties if _is_on_seal(one))
    try:
        original = etree.tostring(root, method="c14n", exclusive=True)
    except etree.C14NError as error:
        raise ReceiptInvalidError("the receipt with additions has no canonical form") from error
    return Held(original, None, tokens, tuple(properties))


def _read(data: bytes) -> _Element:
    if len(data) > WITH_ADDITIONS_MAX_BYTES:
        raise ReceiptInvalidError("the receipt is larger than any, with all that may be added to it")
    declared = _DECLARATION.match(data)
    rest = data if declared is None else data[declared.end() :]
    if not rest.startswith(b"<") or b"<!" in rest or b"<?" in rest or b"\0" in rest:
        raise ReceiptInvalidError("the receipt is written in a way that no addition needs")
    check_most(data)
    try:
        return parse_receipt(rest.decode("utf-8").encode("utf-8"))
    except (UnicodeDecodeError, etree.XMLSyntaxError) as error:
        raise ReceiptInvalidError("the receipt with additions cannot be read") from error


def _unsigned_part(root: _Element) -> _Element | None:
    """Return the unsigned part where EN 319 132-1 has it: in the properties of the signature at the end."""
    signature = root[-1] if len(root) else root
    path = f"{ds('Object')}/{_xades('QualifyingProperties')}/{_xades('UnsignedProperties')}"
    found = signature.findall(path) if signature.tag == ds("Signature") else []
    if len(found) > 1:
        raise ReceiptInvalidError("the receipt has two unsigned parts")
    return found[0] if found else None


def _identifiers(root: _Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            if str(name).lower() in _IDENTIFIERS:
                yield str(value)


def admitted_properties(unsigned: _Element, signed: _Element) -> list[_Element]:
    """Return the properties of an unsigned part that was cut out, each of an admitted name and kind.

    No identifier in it may be one of the `signed` rest. Raises: `ReceiptInvalidError`.
    """
    taken = {*_identifiers(signed)}
    if [one.tag for one in unsigned] != [_xades("UnsignedSignatureProperties")]:
        raise ReceiptInvalidError("the additions are not those of a signature")
    properties = list(unsigned[0])
    if sum(one.tag == _STAMP for one in properties) > _TOKENS_AT_MOST:
        raise ReceiptInvalidError("the additions hold more time-stamps than any")
    if not {one.tag for one in properties} <= _ADMITTED:
        raise ReceiptInvalidError("the additions hold a property that is not admitted")
    for count, (depth, element) in enumerate(_walk(unsigned)):
        if count > _ELEMENTS_AT_MOST or depth > _DEEP_AT_MOST:
            raise ReceiptInvalidError("the additions are more, or deeper, than any")
        if depth > 1 and not _is_harmless(element):
            raise ReceiptInvalidError("the additions hold what is no addition")
    for one in _identifiers(unsigned):
        if one in taken:
            raise ReceiptInvalidError("the additions have an identifier twice")
        taken.add(one)
    return properties


def _walk(top: _Element) -> Iterator[tuple[int, _Element]]:
    """Yield every element with its depth below the top; there is nothing but elements, by `_read`."""
    waiting = [(0, top)]
    while waiting:
        depth, element = waiting.pop()
        yield depth, element
        waiting += [(depth + 1, child) for child in element]


def _is_harmless(element: _Element) -> bool:
    name = etree.QName(element)
    if name.namespace == DS:
        return element.tag in _OF_DS
    return name.namespace in {XADES, XADES_141} and name.localname not in _NOT_OF_XADES


def _is_on_seal(element: _Element) -> bool:
    """Tell whether it is a time-stamp on the seal as we canonicalise; of others we say nothing."""
    method = element.find(ds("CanonicalizationMethod"))
    return element.tag == _STAMP and method is not None and method.get("Algorithm") == EXC_C14N


def encapsulated_token(element: _Element) -> bytes:
    """Return the token of a time-stamp, empty where there is none to be read: then it is of nobody."""
    found = element.findall(_xades("EncapsulatedTimeStamp"))
    text = "".join((found[0].text or "").split()) if len(found) == 1 and not len(found[0]) else ""
    if len(text) > TOKEN_MAX_BYTES * 2:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _certificates(token: bytes) -> list[bytes]:
    try:
        return list(map(_der, embedded_certificates(token)))
    except StampInvalidError:
        return []
