"""SignedInfo: its algorithms, each one on the whitelist, and its references.

Nothing is computed and nothing is resolved here; the document's words select an enum member or
are refused (XML-DSig 1.1 §4.4, Basic Security Profile 1.1 §8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.errors import AlgorithmError, SecurityHeaderInvalidError
from notigateway.wss.header import element_children, text_of
from notigateway.wss.ns import ENVELOPED_SIGNATURE, EXC_C14N, INCLUSIVE_NAMESPACES, ds
from notigateway.wss.policy import REFUSED_BUT_KNOWN, DigestMethod, SignatureMethod

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.etree import _Element

    from notigateway.wss.policy import Expectations

_Method = TypeVar("_Method", SignatureMethod, DigestMethod)

_MAX_TRANSFORMS: Final = 2


@dataclass(frozen=True, slots=True)
class Reference:
    """One ds:Reference as written: where it points, how it is canonicalised, what it digests to."""

    uri: str | None
    prefixes: tuple[str, ...]
    method: DigestMethod
    digest: str


@dataclass(frozen=True, slots=True)
class SignedInfo:
    """What the signature value covers, as written."""

    method: SignatureMethod
    prefixes: tuple[str, ...]
    references: tuple[Reference, ...]


def read_signed_info(element: _Element, expectations: Expectations) -> SignedInfo:
    """Read SignedInfo and accept only algorithms that are expected.

    Raises: `AlgorithmError`; `SecurityHeaderInvalidError` for another structure, no reference, or
    more references or prefixes than allowed.
    """
    children = element_children(element)
    tags = [child.tag for child in children]
    if tags[:2] != [ds("CanonicalizationMethod"), ds("SignatureMethod")]:
        raise SecurityHeaderInvalidError("SignedInfo must begin with its two methods")
    if set(tags[2:]) != {ds("Reference")}:
        raise SecurityHeaderInvalidError("SignedInfo needs references and nothing else")
    references = children[2:]
    if len(references) > expectations.max_references:
        raise SecurityHeaderInvalidError("references", limit_references=expectations.max_references)
    return SignedInfo(
        method=_method(children[1], expectations.signature_methods),
        prefixes=_exclusive_prefixes(children[0], expectations),
        references=tuple(_reference(child, expectations) for child in references),
    )


def _reference(element: _Element, expectations: Expectations) -> Reference:
    children = element_children(element)
    tags = [child.tag for child in children]
    if tags == [ds("DigestMethod"), ds("DigestValue")]:
        # Without Transforms inclusive C14N would apply. BSP R5416
        raise AlgorithmError("Reference without Transforms", part="Transforms", allowed="exclusive-c14n")
    if tags != [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]:
        raise SecurityHeaderInvalidError("Reference must hold Transforms, DigestMethod and DigestValue")
    transforms, method, value = children
    return Reference(
        uri=element.get("URI"),
        prefixes=_transforms(transforms, expectations),
        method=_method(method, expectations.digest_methods),
        digest=text_of(value),
    )


def _transforms(element: _Element, expectations: Expectations) -> tuple[str, ...]:
    """Return the PrefixList of the exclusive C14N that must be the last transform.

    Enveloped-signature may precede it: it removes a signature inside the target, and no target
    that we accept can contain the signature, so it changes nothing (node-soap writes it always).
    """
    children = element_children(element)
    if any(child.tag != ds("Transform") for child in children):
        raise SecurityHeaderInvalidError("Transforms must hold Transform only")
    if not 1 <= len(children) <= _MAX_TRANSFORMS:
        raise AlgorithmError("number of transforms", part="Transform", allowed="exclusive-c14n")
    for child in children[:-1]:
        if child.get("Algorithm") != ENVELOPED_SIGNATURE or len(child):
            raise _refused(child, ("exclusive-c14n", "enveloped-signature"))
    return _exclusive_prefixes(children[-1], expectations)


def _exclusive_prefixes(element: _Element, expectations: Expectations) -> tuple[str, ...]:
    """Return the PrefixList of an element whose algorithm must be exclusive C14N."""
    if element.get("Algorithm") != EXC_C14N:
        raise _refused(element, ("exclusive-c14n",))
    parameters = element_children(element)
    if not parameters:
        return ()
    if len(parameters) > 1 or parameters[0].tag != INCLUSIVE_NAMESPACES or len(parameters[0]):
        raise SecurityHeaderInvalidError("parameters of exclusive C14N")
    # NMTOKENS: any whitespace, any order; str.split() and never split(" ")
    prefixes = parameters[0].get("PrefixList", "").split()
    if len(prefixes) > expectations.max_prefixes:
        raise SecurityHeaderInvalidError("PrefixList", limit_prefixes=expectations.max_prefixes)
    # `xml` is never declared in a canonical form, listed or not. Exclusive C14N §3
    return tuple(prefix for prefix in dict.fromkeys(prefixes) if prefix != "xml")


def _method(element: _Element, allowed: Collection[_Method]) -> _Method:
    """Return the one of the methods that an element names."""
    uri = element.get("Algorithm", "")
    named = next((method for method in allowed if method.value == uri), None)
    # No method of ours has parameters; HMACOutputLength is how a signature of 0 bits gets in.
    if named is None or len(element):
        raise _refused(element, sorted(method.short_name for method in allowed))
    return named


def _refused(element: _Element, allowed: Collection[str]) -> AlgorithmError:
    """Return the error for an algorithm; what was received is named only in words of our own."""
    part = str(element.tag).partition("}")[2]
    received = REFUSED_BUT_KNOWN.get(element.get("Algorithm", ""), "unknown")
    detail = f"{part}: {received}"
    return AlgorithmError(detail, part=part, received=received, allowed=" ".join(allowed))
