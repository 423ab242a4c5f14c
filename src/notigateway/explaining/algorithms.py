"""Algorithms that are refused: whose default they are, and names that are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.wss.ns import ENVELOPED_SIGNATURE, EXC_C14N, ds
from notigateway.wss.policy import DigestMethod, SignatureMethod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from notigateway import errors
    from notigateway.explaining.sight import Sight

_RSA: Final = SignatureMethod.RSA_SHA256.value
# Whose default an algorithm is, and where it is changed; by the words of `REFUSED_BUT_KNOWN`.
DEFAULTS: Final[tuple[Known[str], ...]] = (
    Known(
        "rsa-sha1",
        "rsa-sha1 is the default of zeep (`signature_method`), SoapUI and wse-php, and what CXF sends for "
        "Basic256Sha256 unless `ws-security.asymmetric.signature.algorithm` is set", f"set {_RSA}",
        "rsa-sha1"),
    Known("sha1", "SHA-1 is the default digest of zeep (`digest_method`), SoapUI and wse-php",
          f"set {DigestMethod.SHA256.value}", "sha1"),
    Known("inclusive-c14n-stated", "inclusive C14N is the default of xmlsec templates and of old Java stacks",
          f"set {EXC_C14N}", "inclusive-c14n"),
    Known("c14n-with-comments-stated", "canonicalisation with comments is the default of XWSS and Rampart",
          f"set {EXC_C14N}", "inclusive-c14n-with-comments"),
    Known("c14n-with-comments-exclusive", "exclusive C14N with comments is stated", f"set {EXC_C14N}",
          "exclusive-c14n-with-comments"),
    Known("hmac", "an HMAC needs a shared secret: there is none here",
          f"sign with the certificate's key: {_RSA}",
          "hmac-"),
)  # fmt: skip
SHORT_NAME: Final = Known(
    "algorithm-without-uri", "an algorithm is named by its short name, or with another beginning",
    "write the URI of RFC 6931", None,
)  # fmt: skip
UNKNOWN: Final = Known("algorithm-unknown", "an algorithm is none that is read", "see docs/security.md", None)
NO_TRANSFORMS: Final = Known(
    "no-transforms", "a Reference without Transforms means inclusive C14N (XWSS writes none)",
    f"state {EXC_C14N}", None,
)  # fmt: skip
OTHER_KEY_KIND: Final = Known(
    "method-of-another-key", "the method belongs to another kind of key than the certificate's",
    "RSA keys sign by rsa-…, keys on curves by ecdsa-…", None,
)  # fmt: skip
PARAMETERS: Final = Known(
    "algorithm-with-parameters", "an algorithm has parameters, where none is allowed", "leave them out", None
)  # fmt: skip
TRANSFORMS: Final = Known(
    "transforms", "a Reference has other transforms than exclusive C14N, perhaps after enveloped-signature",
    f"state {EXC_C14N} alone", None,
)  # fmt: skip
LOOKS_LIKE: Final = Known(
    "client-looks-like", "the message looks like one of", "see docs/integration.md", None
)
ALL: Final[tuple[Known[Any], ...]] = (
    *DEFAULTS, SHORT_NAME, UNKNOWN, NO_TRANSFORMS, OTHER_KEY_KIND, PARAMETERS, TRANSFORMS, LOOKS_LIKE,
)  # fmt: skip
_METHODS: Final = {one.short_name.lower(): one.value for one in SignatureMethod}
_DIGESTS: Final = {one.short_name: one.value for one in DigestMethod}
_RIGHT: Final = {"SignatureMethod": _METHODS, "DigestMethod": _DIGESTS}
_READ: Final = {*_METHODS.values(), *_DIGESTS.values(), EXC_C14N, ENVELOPED_SIGNATURE}


def algorithm_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell which algorithm is refused and why a client sends it."""
    if sight.header is None:
        return
    if "without Transforms" in error.detail:
        yield NO_TRANSFORMS.cause(Certainty.SEEN)
    elif "does not match the key" in error.detail:
        yield OTHER_KEY_KIND.cause(Certainty.SEEN, str(error.facts.get("received", "")))
    elif error.facts.get("part") == "Transform" and "number of transforms" in error.detail:
        yield TRANSFORMS.cause(Certainty.SEEN)
    else:
        yield from _named(sight, sight.header.signed_info, str(error.facts.get("received", "")))
    client = _client_of(sight)
    if client:
        yield LOOKS_LIKE.cause(Certainty.LIKELY, client)


def _named(sight: Sight, signed_info: _Element, received: str) -> Iterator[Cause]:
    default = next((one for one in DEFAULTS if received and received.startswith(one.how)), None)
    exact = next((one for one in DEFAULTS if one.how == received), default)
    if exact is not None and received != "sha1-":
        yield exact.cause(Certainty.SEEN, received)
        return
    expected = {
        *(one.value for one in sight.expectations.signature_methods),
        *(one.value for one in sight.expectations.digest_methods),
        EXC_C14N,
        ENVELOPED_SIGNATURE,
    }
    for element in signed_info.iter(
        ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Transform"), ds("DigestMethod")
    ):
        uri = element.get("Algorithm") or ""
        local = etree.QName(element).localname
        if uri in expected and local in _RIGHT and len(element):
            yield PARAMETERS.cause(Certainty.SEEN, local)
        elif uri not in expected:
            name = re.split(r"[#/]", uri)[-1].lower().replace("withrsa", "").strip()
            right = _RIGHT.get(local, {}).get(name) or _RIGHT.get(local, {}).get(name.replace("-", ""))
            if right is not None and uri not in _READ:
                yield SHORT_NAME.cause(Certainty.SEEN, f"{local} {uri[:100]!r} instead of {right}")
            else:
                yield UNKNOWN.cause(Certainty.SEEN, f"{local} {uri[:100]!r}")
            return


def _client_of(sight: Sight) -> str:
    """Guess the client by its habits; empty where they fit nobody."""
    if sight.header is None:
        return ""
    security = sight.header.security
    order = [etree.QName(child).localname for child in security]
    ids = [str(value) for value in security.xpath(".//@*[local-name()='Id']")]
    uses = {element.get("Algorithm") for element in sight.header.signed_info.iter()}
    habits = {
        "node-soap": ENVELOPED_SIGNATURE in uses,
        "wse-php": any(value.startswith("pfx") for value in ids),
        "WCF": any(value.startswith("uuid-") for value in ids),
        "WSS4J or CXF": any(value.startswith(("TS-", "X509-", "SIG-")) for value in ids),
        "zeep": order[:2] == ["Signature", "BinarySecurityToken"],
    }
    return next((client for client, fits in habits.items() if fits), "")
