"""The MessageID, by which an answer says to whom and to what it is: what of it is missing, and what is wrong.

A message without it is accepted, and its answer cannot be told from another's. So these are remarks; only a
MessageID that names another signer, or that cannot be repeated, is refused.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.soap.addressing import Addressing
from notigateway.wss.envelope import is_for_us
from notigateway.wss.ns import WSA, namespace_of, wsa
from notigateway.wss.references import find_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.explaining.sight import Sight

_NAME: Final = wsa("MessageID")
_SEE: Final = "see integration.md, Answers that answer"
_DER: Final = "write # and the SHA-256 of the DER of the certificate that you send, 64 hexadecimal digits"
_UUID: Final = re.compile(r"\{?[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}\}?(?:#.*)?")
# The shortest text that is taken for a digest of something: base64 of SHA-1 without its padding.
_SHORTEST: Final = 27

NONE: Final = Known("no-message-id", "no MessageID: the answer cannot be told from another one", _SEE, None)
UNSIGNED: Final = Known(
    "message-id-not-signed", "MessageID is not signed: it is ignored, the answer will have no RelatesTo",
    "put its id into a Reference of the signature", None,
)  # fmt: skip
ANOTHER_NAMESPACE: Final = Known(
    "message-id-of-another-namespace",
    "MessageID is not in the namespace of WS-Addressing 1.0: it is ignored, and the answer has no RelatesTo",
    f"write it in {WSA}", None,
)  # fmt: skip
FOR_ANOTHER: Final = Known(
    "message-id-for-another",
    "MessageID is addressed to another actor: it is ignored, the answer will have no RelatesTo",
    "leave actor or role out", None,
)  # fmt: skip
UNNAMED: Final = Known(
    "message-id-without-signer",
    "MessageID does not end with # and the SHA-256 of the DER: others can ask under it", f"{_DER}; {_SEE}",
    None,
)  # fmt: skip
REMARKS: Final[tuple[Known[Any], ...]] = (NONE, UNSIGNED, ANOTHER_NAMESPACE, FOR_ANOTHER, UNNAMED)

OTHER_SIGNER: Final = Known(
    "message-id-of-another-signer",
    "MessageID ends with # and another SHA-256 than that of the certificate that signs",
    "hash the DER of the certificate that you send", None,
)  # fmt: skip
BARE: Final = Known(
    "message-id-bare-uuid", "MessageID is a UUID alone, and no URI", "write urn:uuid: before it", None
)
NO_URI: Final = Known(
    "message-id-no-uri", "MessageID is no absolute URI of at most 256 characters",
    "write urn:uuid: and a random UUID, without spaces", None,
)  # fmt: skip
ALL: Final[tuple[Known[Any], ...]] = (OTHER_SIGNER, BARE, NO_URI)


def remarks(sight: Sight, *, is_confirmed: bool) -> Iterator[Cause]:
    """Tell why the answer cannot be bound to an accepted message, or not against everybody.

    `is_confirmed` says that the answer repeats the signature value, which binds it too (WSS 1.1.1 §8.5).
    """
    envelope = sight.envelope
    if envelope is None or is_confirmed:
        return
    blocks = list(envelope.header) if envelope.header is not None else []
    named = [one for one in blocks if str(one.tag).rpartition("}")[2] == "MessageID"]
    ours = [one for one in named if one.tag == _NAME]
    read = [one for one in ours if is_for_us(one, envelope.soap)]
    signed = [one for one in read if _is_signed(one, sight)]
    if not named:
        yield NONE.cause(Certainty.SEEN)
    elif not ours:
        yield ANOTHER_NAMESPACE.cause(Certainty.SEEN, repr(namespace_of(str(named[0].tag))[:100]))
    elif not read:
        yield FOR_ANOTHER.cause(Certainty.SEEN)
    elif not signed:
        yield UNSIGNED.cause(Certainty.SEEN)
    elif sight.certificate is not None:
        yield from _signer_remarks(_text(signed[0]), sight.certificate)


def _signer_remarks(text: str, certificate: x509.Certificate) -> Iterator[Cause]:
    """Tell that a MessageID names nobody; of one that names a certificate, the service has compared it."""
    if Addressing(message_id=text).names_signer:
        return
    known = recognised(text, certificate)
    if known:
        yield UNNAMED.cause(Certainty.SURE, f"it ends with {known}")
    elif text.endswith("#"):
        yield UNNAMED.cause(Certainty.SEEN, "nothing stands behind #")
    else:
        yield UNNAMED.cause(Certainty.SEEN)


def message_id_causes(sight: Sight, rule: str) -> Iterator[Cause]:
    """Tell why a MessageID is refused: the rule is that of the service."""
    blocks = sight.envelope.header if sight.envelope is not None else None
    text = _text(next((one for one in blocks if one.tag == _NAME), None) if blocks is not None else None)
    if rule == "other-signer" and sight.certificate is not None:
        known = recognised(text, sight.certificate)
        certainty = Certainty.SURE if known else Certainty.SEEN
        yield OTHER_SIGNER.cause(certainty, f"it is {known}" if known else "")
    elif rule == "uri" and _UUID.fullmatch(text):
        yield BARE.cause(Certainty.SEEN, repr(text[:60]))
    elif rule == "uri":
        yield NO_URI.cause(Certainty.SEEN, repr(text[:60]) if text else "it is empty")


def recognised(text: str, certificate: x509.Certificate) -> str:
    """Return which way of naming this certificate a MessageID ends with, or nothing."""
    for words, octets in _hashed(certificate):
        for hash_name, title in _HASHES:
            digest = hashlib.new(hash_name, octets, usedforsecurity=False).digest()
            for form, written in _written(digest):
                if len(written) >= _SHORTEST and text.lower().endswith(written.lower()):
                    separator = text[: -len(written)][-1:]
                    behind = "" if separator == "#" else f", behind {separator!r} instead of '#'"
                    return f"the {title} of {words}{form}{behind}"
    return ""


_HASHES: Final = (
    ("sha256", "SHA-256"), ("sha1", "SHA-1 (thumbprint)"), ("sha512", "SHA-512"), ("sha384", "SHA-384"),
    ("md5", "MD5"),
)  # fmt: skip


def _hashed(certificate: x509.Certificate) -> Iterator[tuple[str, bytes]]:
    """Yield what is hashed in place of the DER, the DER first."""
    der = certificate.public_bytes(Encoding.DER)
    pem = certificate.public_bytes(Encoding.PEM)
    key = certificate.public_key()
    yield "the DER", der
    yield "the PEM", pem
    yield "the PEM without the last line end", pem.rstrip(b"\n")
    yield "the PEM with CR LF", pem.replace(b"\n", b"\r\n")
    yield "the base64 of the DER", base64.b64encode(der)
    yield "the base64 of the DER in lines", b"\n".join(pem.split(b"\n")[1:-2])
    yield "the hexadecimal digits of the DER", der.hex().encode()
    yield "the public key", key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield "what the issuer signed of the certificate", certificate.tbs_certificate_bytes


def _written(digest: bytes) -> Iterator[tuple[str, str]]:
    yield "", digest.hex()
    yield " with colons", digest.hex(":")
    yield " with hyphens", digest.hex("-")
    for form, text in (
        (" in base64", base64.b64encode(digest)),
        (" in base64url", base64.urlsafe_b64encode(digest)),
    ):
        yield form, text.decode()
        yield form, text.decode().rstrip("=")


def _is_signed(block: _Element, sight: Sight) -> bool:
    references = sight.signed_info.references if sight.signed_info is not None else ()
    return any(find_part(one.uri, sight.parts) is block for one in references)


def _text(block: _Element | None) -> str:
    return (block.text or "").strip() if block is not None else ""
