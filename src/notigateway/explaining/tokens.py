"""Tokens and references to them that cannot be used, and certificates that are not admitted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.errors import TokenTooLargeError
from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.explaining.meant import signs
from notigateway.explaining.token_forms import forms_of
from notigateway.pki.anchors import ISSUER_NOT_VALID, LIST_OUT_OF_DATE
from notigateway.wss.ns import WSU_ID, X509V3, ds, wsse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway import errors
    from notigateway.explaining.sight import Sight

URI_WITHOUT_HASH: Final = Known(
    "token-uri-without-hash", "the Reference in KeyInfo names the token without `#` before its id",
    'write URI="#id"', None,
)  # fmt: skip
OTHER_ID: Final = Known(
    "token-of-another-id", "KeyInfo points to an id that no token has", "name the token's wsu:Id", None
)  # fmt: skip
NO_TOKEN: Final = Known(
    "token-missing", "BinarySecurityToken missing: KeyInfo points to one, and the header holds none",
    "send the certificate as a token", None,
)  # fmt: skip
NAMES_NOBODY: Final = Known(
    "certificate-named-not-sent", "KeyInfo names a certificate that is not registered here",
    "send the certificate as a BinarySecurityToken, or have it registered", None,
)  # fmt: skip
X509_DATA: Final = Known(
    "x509-data", "KeyInfo holds X509Data (zeep `Signature`, WSS4J IssuerSerial)",
    "send a BinarySecurityToken", None
)  # fmt: skip
KEY_IDENTIFIER: Final = Known(
    "key-identifier", "KeyInfo holds a KeyIdentifier of a kind that is not read (WSS4J)",
    "use DirectReference", None
)  # fmt: skip
KEY_INFO: Final = Known(
    "key-info-kind", "KeyInfo holds another kind of reference than is read",
    "point to a BinarySecurityToken", None
)  # fmt: skip
SIGNED_ASIDE: Final = Known(
    "signed-token-not-designated",
    "a BinarySecurityToken is signed, and KeyInfo, which nobody signs, designates another one",
    "point to the signed token by its wsu:Id, and sign no other one", None,
)  # fmt: skip
VALUE_TYPE: Final = Known("token-value-type", "the ValueType is none that is read", f"state {X509V3}", None)
VALUE_TYPES_DIFFER: Final = Known(
    "token-value-types-differ", "the ValueType of the reference is not that of the token", "state the same",
    None
)  # fmt: skip
NOT_READABLE: Final = Known(
    "token-unreadable",
    "the token cannot be read as an X.509 v3 certificate, nor as anything else that is known",
    "send the DER in base64", None
)  # fmt: skip
SEVERAL: Final = Known(
    "certificates-disagree", "what KeyInfo holds or names designates more than one certificate",
    "send the signer's certificate alone", None,
)  # fmt: skip
SELF_SIGNED: Final = Known(
    "self-signed", "the certificate is self-signed: no authorised issuer issued it",
    "use a certificate of an authorised issuer", None,
)  # fmt: skip
ISSUER: Final = Known(
    "issuer-not-authorised",
    "certificate not from an authorised issuer: its issuer's certificate is not in the trust "
    "folder", "use a certificate of an authorised issuer", None,
)  # fmt: skip
ISSUER_RAN_OUT: Final = Known(
    "issuer-not-valid",
    "certificate of an authorised issuer whose own certificate is not valid at that time, or whose trusted "
    "list is out of date: the service says TEMPORARILY_UNAVAILABLE",
    "ask again later: the service's operator brings the issuer's next certificate, or the next list", None,
)  # fmt: skip
EXPIRED: Final = Known("certificate-not-valid", "the certificate is not valid at that time", "renew it", None)
WEAK: Final = Known(
    "key-or-signature-weak",
    "the key is too short, its curve is none that is read, or the issuer signed with SHA-1",
    "use RSA of 2048 bits or more, or P-256, P-384, P-521", None,
)  # fmt: skip
TOO_LARGE: Final = Known(
    "key-too-large", "the RSA key or its exponent is larger than is computed with",
    "use RSA of 2048 to 8192 bits", None
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (
    WEAK, TOO_LARGE,
    URI_WITHOUT_HASH, OTHER_ID, NO_TOKEN, NAMES_NOBODY, X509_DATA, KEY_IDENTIFIER, KEY_INFO,
    SIGNED_ASIDE, VALUE_TYPE, VALUE_TYPES_DIFFER, NOT_READABLE, SEVERAL, SELF_SIGNED, ISSUER,
    ISSUER_RAN_OUT, EXPIRED,
)  # fmt: skip


def unreadable_causes(sight: Sight) -> Iterator[Cause]:
    """Tell in which form the token stands, surely where the certificate in it then signs the message."""
    forms = list(forms_of(sight))
    for form in forms:
        certainty = Certainty.SEEN
        if any(signs(sight, one) for one in form.certificates):
            certainty = Certainty.SURE
        for known in form.mistakes:
            yield known.cause(certainty, at=form.element)
    if forms and not any(form.mistakes for form in forms):
        yield SEVERAL.cause(Certainty.SEEN)
    if not forms:
        yield NOT_READABLE.cause(Certainty.SEEN)


def unavailable_causes(sight: Sight) -> Iterator[Cause]:
    """Tell why KeyInfo designates no certificate."""
    if sight.header is None:
        return
    reference = sight.header.key_info.find(f"{wsse('SecurityTokenReference')}/{wsse('Reference')}")
    if reference is None:
        yield NAMES_NOBODY.cause(Certainty.SEEN)
        return
    uri = reference.get("URI") or ""
    ids = [token.get(WSU_ID) or token.get("Id") or "" for token in sight.header.tokens]
    certainty = Certainty.SEEN
    if sight.certificate is not None and signs(sight, sight.certificate):
        certainty = Certainty.SURE
    if not sight.header.tokens:
        yield NO_TOKEN.cause(Certainty.SEEN, repr(uri[:100]))
    elif uri in ids:
        yield URI_WITHOUT_HASH.cause(certainty, repr(uri[:100]))
    else:
        named = ", ".join(repr(one[:100]) for one in ids)
        yield OTHER_ID.cause(certainty, f"{uri[:100]!r}, the tokens of the header are {named}")


def type_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell which kind of token or reference it is that is not read."""
    if sight.header is None:
        return
    inside = Counter(etree.QName(element).localname for element in sight.header.key_info.iter())
    types = ", ".join(str(token.get("ValueType"))[:120] for token in sight.header.tokens)
    if "differ" in error.detail:
        yield VALUE_TYPES_DIFFER.cause(Certainty.SEEN, types)
    elif inside["X509Data"]:
        yield X509_DATA.cause(Certainty.SEEN)
    elif inside["KeyIdentifier"]:
        yield KEY_IDENTIFIER.cause(Certainty.SEEN)
    elif error.facts.get("part") == "BinarySecurityToken" or "ValueType" in error.detail:
        yield VALUE_TYPE.cause(Certainty.SEEN, types)
    else:
        yield KEY_INFO.cause(Certainty.SEEN, ", ".join(inside))


def strength_causes(error: errors.GatewayError) -> Iterator[Cause]:
    """Tell whether the key is too weak or too large."""
    known = TOO_LARGE if isinstance(error, TokenTooLargeError) else WEAK
    yield known.cause(Certainty.SEEN, ", ".join(str(value) for value in error.facts.values()))


def issuer_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell whether anybody but the holder issued the certificate, and whether that issuer has run out."""
    if error.facts.get("reason") in {ISSUER_NOT_VALID, LIST_OUT_OF_DATE}:
        yield ISSUER_RAN_OUT.cause(Certainty.SEEN, error.detail)
        return
    if sight.certificate is None:
        return
    try:
        is_self_signed = sight.certificate.issuer == sight.certificate.subject
    except ValueError:
        return  # names that cannot be read: the step says so
    yield (SELF_SIGNED if is_self_signed else ISSUER).cause(Certainty.SEEN)


def expired_causes(error: errors.GatewayError) -> Iterator[Cause]:
    """Tell from when until when the certificate is valid."""
    period = f"the certificate is valid from {error.facts['not_before']} to {error.facts['not_after']} only"
    yield EXPIRED.cause(Certainty.SEEN, period)


def key_info_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell what stands in KeyInfo where its structure is not read, or leaves a signed token aside."""
    if error.facts.get("part") == "KeyInfo":
        yield SIGNED_ASIDE.cause(Certainty.SEEN)
    elif sight.header is not None and sight.header.key_info.find(ds("KeyName")) is not None:
        yield KEY_INFO.cause(Certainty.SEEN, "KeyName")
    elif sight.header is not None and sight.header.key_info.find(ds("KeyValue")) is not None:
        yield KEY_INFO.cause(Certainty.SEEN, "KeyValue: a bare key proves nobody's identity")
