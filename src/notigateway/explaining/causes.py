"""The likely causes of a refusal, in words: what clients do wrong, recognised in the envelope.

One function for each kind of error. They may quote the envelope, because their reader is whoever
has it in hand; a fault never does.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway import errors
from notigateway.explaining.tries import digest_causes, signature_causes
from notigateway.wss.freshness import read_instant
from notigateway.wss.ns import ENVELOPED_SIGNATURE, SOAP11, SOAP12, WSSE, WSU_ID, ds, namespace_of, wsse, wsu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight

_HOUR: Final = timedelta(hours=1)
_NEAR: Final = timedelta(minutes=6)
# Whose default an algorithm is, and where it is changed.
_DEFAULT_OF: Final = {
    "rsa-sha1": (
        "rsa-sha1 is the default of zeep (`signature_method`), SoapUI and wse-php, and what CXF sends for "
        "Basic256Sha256 unless `ws-security.asymmetric.signature.algorithm` is set"
    ),
    "sha1": "SHA-1 is the default digest of zeep (`digest_method`), SoapUI and wse-php",
    "inclusive-c14n": "inclusive C14N is the default of xmlsec templates and of old Java stacks",
    "inclusive-c14n-with-comments": "inclusive C14N with comments is the default of XWSS and Rampart",
    "hmac-sha1": "an HMAC needs a shared secret: there is none here, use the certificate's key",
}


def likely_causes(sight: Sight, refusals: Sequence[errors.GatewayError]) -> Iterator[str]:
    """Yield what probably led to these errors, in their order; nothing for what explains itself."""
    for error in refusals:
        for kind, causes in _CAUSES:
            if isinstance(error, kind):
                # a part without canonical form ends what can be tried
                with suppress(errors.CanonicalFormError):
                    yield from causes(sight, error)


# --- before the signature -------------------------------------------------------------------------


def _not_xml(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    if sight.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "the file is UTF-16: send UTF-8"
    elif sight.data[:4] in {b"POST", b"HTTP"}:
        yield "the file begins with HTTP headers: keep the body only"
    elif sight.data.lstrip()[:2] == b"--":
        yield "the file is a MIME message (MTOM or attachments): send plain SOAP"
    elif not sight.data.strip():
        yield "the file is empty"


def _document_type(_sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    yield "a DOCTYPE is never needed in SOAP: remove it"


def _version(_sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    yield f"the Envelope is in the namespace of neither SOAP 1.1 ({SOAP11}) nor SOAP 1.2 ({SOAP12})"


def _no_security(sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    if sight.envelope is None or sight.envelope.header is None:
        yield "the message has no Header: WS-Security is not switched on in the client"
        return
    blocks = [block for block in sight.envelope.header if etree.QName(block).localname == "Security"]
    for block in blocks:
        if namespace_of(str(block.tag)) != WSSE:
            yield f"Security is in another namespace: {namespace_of(str(block.tag))} instead of {WSSE}"
        elif "no Security header" in error.detail:
            yield "the Security header is addressed to another actor"
        elif block.find(ds("Signature")) is None:
            yield "Security holds no Signature: the client sends a user name or a token only"
    if not blocks:
        yield "the Header holds no Security: WS-Security is not switched on in the client"


def _duplicate_id(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    if sight.envelope is None:
        return
    places: dict[str, list[str]] = {}
    for element in sight.envelope.root.iter():
        for value in {value for name, value in element.attrib.items() if _is_id(name)}:
            places.setdefault(value, []).append(etree.QName(element).localname)
    for value, names in places.items():
        if len(names) > 1:
            yield f"the id {value!r} stands on {', '.join(names)}: old versions of node-soap repeat ids"


# --- algorithms, references -----------------------------------------------------------------------


def _algorithm(sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    received = str(error.facts.get("received", ""))
    if received in _DEFAULT_OF:
        yield _DEFAULT_OF[received]
    elif received == "unknown" and sight.header is not None:
        used = {element.get("Algorithm") for element in sight.header.signed_info.iter()}
        yield f"algorithms of the message: {', '.join(sorted(uri for uri in used if uri))}"
    client = _client_of(sight)
    if client:
        yield f"the message looks like one of {client}"
    if "Transforms" in str(error.facts.get("part")) and "without" in error.detail:
        yield "a Reference without Transforms means inclusive C14N: state exclusive C14N (XWSS writes none)"


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


def _reference(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    if sight.signed_info is None or sight.envelope is None:
        return
    for reference in sight.signed_info.references:
        name = (reference.uri or "").removeprefix("#")
        if not (reference.uri or "").startswith("#"):
            yield f"the reference {reference.uri!r} is no `#id` of this document"
        elif name not in sight.parts:
            yield _who_has(name, sight.envelope.root)


def _who_has(name: str, root: _Element) -> str:
    """Tell where a value stands as an attribute, whatever the attribute is called."""
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if value == name and attribute != "URI":
                local = etree.QName(element).localname
                if attribute in {WSU_ID, "Id"}:
                    return f"{name!r} is the id of {local}, which may not be signed here: sign Body itself"
                return f"wrong Id attribute: {local} has {attribute}={name!r}, read are wsu:Id and Id"
    return f"no element has the id {name!r}: it was signed and left out, or renamed, after signing"


def _not_signed(sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    part = error.facts.get("part")
    if part == "Body":
        yield (
            "Body not signed: WCF signs only the Timestamp under TransportWithMessageCredential; use "
            "MutualCertificate with ProtectionLevel.Sign"
        )
    elif part == "Timestamp":
        yield "the Timestamp was added after signing, or the client signs the Body only: sign both"
    body = sight.envelope.body if sight.envelope is not None else None
    if part == "Body" and body is not None and body.get(WSU_ID) is None and body.get("Id") is None:
        yield "the Body has no id (wsu:Id), so no reference can point to it"


# --- time -----------------------------------------------------------------------------------------


def _freshness(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    timestamp = sight.header.timestamp if sight.header is not None else None
    text = timestamp.findtext(wsu("Created")) if timestamp is not None else None
    if text is None:
        return
    ahead = read_instant(text.strip()) - sight.now
    seconds = abs(ahead).total_seconds()
    word = "ahead of" if ahead > timedelta(0) else "behind"
    yield f"clock skew: Created is {seconds:,.0f} s {word} the gateway's time"
    hours = round(seconds / 3600)
    if ahead > _HOUR / 2 and abs(ahead - hours * _HOUR) < _NEAR:
        yield f"{hours} h to the minute: local time was written as UTC"
    if ahead < timedelta(0):
        yield f"an old message is explained as it was seen with --at {text.strip()}"


def _timestamp(sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    timestamp = sight.header.timestamp if sight.header is not None else None
    if "missing" in error.detail:
        yield "no wsu:Timestamp in the Security header: zeep adds none by itself, WCF wants includeTimestamp"
    elif timestamp is not None:
        for child in timestamp:
            text = (child.text or "").strip()
            if text and text[-1:].isdigit() and "+" not in text and "-" not in text[10:]:
                yield f"{etree.QName(child).localname} {text!r} has no zone: write UTC with Z"


# --- token and certificate ------------------------------------------------------------------------


def _token_missing(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    if sight.header is None:
        return
    reference = sight.header.key_info.find(f"{wsse('SecurityTokenReference')}/{wsse('Reference')}")
    uri = reference.get("URI") if reference is not None else None
    if not sight.header.tokens:
        yield f"BinarySecurityToken missing: KeyInfo points to {uri!r}, and the header holds no token"
    else:
        ids = ", ".join(repr(token.get(WSU_ID) or token.get("Id")) for token in sight.header.tokens)
        yield f"KeyInfo points to {uri!r}, the tokens of the header are {ids}"


def _token_type(sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    if sight.header is None:
        return
    inside = Counter(etree.QName(element).localname for element in sight.header.key_info.iter())
    if inside["X509Data"]:
        yield "KeyInfo holds X509Data (zeep `Signature`, WSS4J IssuerSerial): send a BinarySecurityToken"
    if inside["KeyIdentifier"]:
        yield "KeyInfo holds a KeyIdentifier (WSS4J SKIKeyIdentifier or Thumbprint): use DirectReference"
    types = ", ".join(str(token.get("ValueType")) for token in sight.header.tokens)
    if error.facts.get("part") == "BinarySecurityToken":
        yield f"ValueType of the tokens: {types}; X509PKIPathv1 is the default of SoapUI"


def _issuer(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    if sight.certificate is None:
        return
    try:
        is_self_signed = sight.certificate.issuer == sight.certificate.subject
    except ValueError:
        return  # names that cannot be read: the step says so
    if is_self_signed:
        yield "the certificate is self-signed: no authorised issuer issued it"
    else:
        yield "certificate not from an authorised issuer: its issuer's certificate is not in the trust folder"


def _expired(_sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    yield f"the certificate is valid from {error.facts['not_before']} to {error.facts['not_after']} only"


_NAMES_NOBODY: Final = {
    "no-nif": "the certificate names nobody by NIF in an attribute that is read; a common name is none",
    "no-person": (
        "the certificate names no person by NIF, and no policy makes it a seal: an entity calls with its "
        "qualified seal (QCP-l) or by a representative's certificate"
    ),
    "no-entity": "a representative's certificate without organizationIdentifier VATES-…",
    "not-an-entity": (
        "the organizationIdentifier is a natural person's NIF: a person is represented by a power"
    ),
    "pseudonym": "the certificate names its holder by a pseudonym: use one with the NIF",
    "limited-representation": (
        "the representation is of limited scope (RD 203/2021 art. 34.2): use a general one, or a power"
    ),
    "foreign-identifier": "not an identifier of Spain: IDCES-, PNOES-, TINES- or VATES-, bare where C is ES",
    "not-a-nif": "a NIF has nine letters and digits without spaces or hyphens; PAS, NTR and LEI are no NIF",
    "contradiction": "two sources of the certificate name different holders, or a seal names a person",
}


def _identity(_sight: Sight, error: errors.GatewayError) -> Iterator[str]:
    advice = _NAMES_NOBODY.get(str(error.facts.get("reason")))
    if advice is not None:
        yield advice


# --- digests and value ----------------------------------------------------------------------------


def _digest(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    for reference, target in sight.differing:
        local = etree.QName(target).localname
        for cause in digest_causes(reference, target, sight):
            yield f"{local}: {cause}"


def _value(sight: Sight, _error: errors.GatewayError) -> Iterator[str]:
    yield from signature_causes(sight)


def _is_id(name: str) -> bool:
    return name == "{http://www.w3.org/XML/1998/namespace}id" or name.rpartition("}")[2] in {"Id", "ID"}


_CAUSES: Final[
    tuple[tuple[type[errors.GatewayError], Callable[[Sight, errors.GatewayError], Iterator[str]]], ...]
] = (
    (errors.MalformedXmlError, _not_xml),
    (errors.ForbiddenXmlError, _document_type),
    (errors.VersionMismatchError, _version),
    (errors.SecurityHeaderMissingError, _no_security),
    (errors.DuplicateIdError, _duplicate_id),
    (errors.AlgorithmError, _algorithm),
    (errors.SignatureReferenceError, _reference),
    (errors.NotSignedError, _not_signed),
    (errors.FreshnessError, _freshness),
    (errors.TimestampInvalidError, _timestamp),
    (errors.TokenUnavailableError, _token_missing),
    (errors.TokenTypeError, _token_type),
    (errors.IssuerNotAuthorisedError, _issuer),
    (errors.CertificateExpiredError, _expired),
    (errors.IdentityError, _identity),
    (errors.DigestError, _digest),
    (errors.SignatureValueError, _value),
)
