"""Time-stamps on receipts (RFC 3161): asked for, checked, and put into the receipt as XAdES-T.

Why asn1crypto and not a client library: rfc3161-client refuses sets of certificates that are not in DER
order, which OpenSSL's authority produces, and asking takes six lines. The check is ours because it pins: the
authority's own certificate is trusted, not every certificate below some root.

A token is kept in one form: signed data with the authority's certificate alone. What the signature of a token
does not cover (other certificates, unsigned attributes) is left out when it arrives, and refused when it
is there later: so every byte of a stored token can be verified.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from asn1crypto import algos, cms, tsp  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from notigateway.errors import StampInvalidError
from notigateway.evidence.algorithms import digest_name, key_name
from notigateway.evidence.der import SET
from notigateway.evidence.token_form import HASHES, attribute, named_authority, one_form
from notigateway.pki.asn1_classes import complete_classes
from notigateway.pki.keys import read_certificate
from notigateway.wss.ns import DS, EXC_C14N

if TYPE_CHECKING:
    from collections.abc import Sequence

complete_classes()

TOKEN_MAX_BYTES: Final = 64 * 1024
# What a token states of its own accuracy (RFC 3161 §2.4.2); authorities are held to a second (EN 319 421).
_ACCURACY_SECONDS: Final = 60
# How far the clocks of gateway and authority may differ.
CLOCKS_DIFFER_AT_MOST: Final = timedelta(minutes=5)
_VALUE: Final = b"<ds:SignatureValue>", b"</ds:SignatureValue>"
_SIGNING_TIME: Final = b"<xades:SigningTime>", b"</xades:SigningTime>"
_QUALIFYING_END: Final = b"</xades:QualifyingProperties>"
_BEFORE: Final = (
    b"<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
    b'<ds:CanonicalizationMethod Algorithm="' + EXC_C14N.encode() + b'"></ds:CanonicalizationMethod>'
    b"<xades:EncapsulatedTimeStamp>"
)
_AFTER: Final = (
    b"</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
)
# What a token may be about, by the size of the hash in bytes.
_IMPRINTS: Final = {32: "sha256", 64: "sha512"}
_RSA_MIN_BITS: Final = 2048
# RFC 3161 §2.4.2: to the second, a fraction without zeros behind it, in UTC.
_GEN_TIME: Final = re.compile(rb"[0-9]{14}(?:\.[0-9]*[1-9])?Z")
# What two readers of ASN.1 raise about bytes of a stranger; they also follow them until the stack ends.
_UNREADABLE: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, NotImplementedError),
    *(OverflowError, RecursionError, UnsupportedAlgorithm),
)


# --- in the receipt -----------------------------------------------------------------------------------


def signature_imprint(receipt: bytes, algorithm: str = "sha256") -> bytes:
    """Return the hash of the canonical ds:SignatureValue (ETSI EN 319 132-1 §5.3): of ours the SHA-256.

    Raises: `ValueError` when there is not exactly one in the bytes.
    """
    if receipt.count(_VALUE[0]) != 1:
        raise ValueError("a receipt has one signature value")
    value = receipt.partition(_VALUE[0])[2].partition(_VALUE[1])[0]
    element = b'<ds:SignatureValue xmlns:ds="' + DS.encode() + b'">' + value + _VALUE[1]
    return hashlib.new(algorithm, element).digest()


def check_not_before_seal(receipt: bytes, at: datetime) -> None:
    """Refuse a time-stamp from before the seal on a receipt of ours: its authority's clock is wrong.

    Raises: `StampInvalidError`.
    """
    stated = receipt.partition(_SIGNING_TIME[0])[2].partition(_SIGNING_TIME[1])[0].decode("ascii")
    if at < datetime.fromisoformat(stated) - CLOCKS_DIFFER_AT_MOST:
        raise StampInvalidError("the time-stamp is from before the seal that it is about")


def add_token(receipt: bytes, token: bytes) -> bytes:
    """Return the receipt raised to XAdES-T: the original with the token as its one unsigned property."""
    if receipt.count(_QUALIFYING_END) != 1:
        raise ValueError("a receipt has one set of qualifying properties")
    encoded = base64.b64encode(token)
    return receipt.replace(_QUALIFYING_END, _BEFORE + encoded + _AFTER + _QUALIFYING_END)


def take_out(data: bytes) -> tuple[bytes, bytes | None]:
    """Return the original of a receipt, and its token if it has one.

    Only the one spelling is taken out: any other stays in, and no original has such a thing.

    Raises: `ValueError` for a token that is not in its one base64 form.
    """
    before, found, rest = data.partition(_BEFORE)
    encoded, end, after = rest.partition(_AFTER)
    if not (found and end and after.startswith(_QUALIFYING_END)):
        return data, None
    token = base64.b64decode(encoded, validate=True)
    if base64.b64encode(token) != encoded:
        raise ValueError("the time-stamp is not in its one base64 form")
    return before + after, token


# --- asking -------------------------------------------------------------------------------------------


def make_request(imprint: bytes, nonce: int) -> bytes:
    """Return a request for a token over a SHA-256 or SHA-512, with the authority's certificate in it."""
    content = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": _IMPRINTS[len(imprint)]},
            "hashed_message": imprint,
        },
        "nonce": nonce,
        "cert_req": True,
    }
    data: bytes = tsp.TimeStampReq(content).dump()
    return data


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A checked token in the form in which it is kept, and the instant that it states."""

    token: bytes
    at: datetime


def read_answer(
    answer: bytes, *, imprint: bytes, nonce: int, authorities: Sequence[x509.Certificate]
) -> Timestamp:
    """Return the token that an authority answered, checked, in the form in which it is kept.

    Raises: `StampInvalidError` for a refusal, and for everything that is not the answer to this request.
    """
    try:
        response = tsp.TimeStampResp.load(answer, strict=True)
        status = response["status"]["status"].native
        if status not in {"granted", "granted_with_mods"}:
            raise StampInvalidError(f"the authority answered {status}")
        token = one_form(response["time_stamp_token"], authorities)
        said = _tst_info(token)["nonce"].native
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise StampInvalidError(f"the answer cannot be read: {error}") from error
    if said != nonce:
        raise StampInvalidError("the token answers another request: wrong nonce")
    return Timestamp(token, check_token(token, imprint=imprint, authorities=authorities))


# --- checking -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a checked token states: the instant, whose word that is, and by which algorithms it stands."""

    at: datetime
    authority: x509.Certificate
    algorithms: frozenset[str]


def check_token(token: bytes, *, imprint: bytes, authorities: Sequence[x509.Certificate]) -> datetime:
    """Return the instant that `read_stamp` finds. Raises: `StampInvalidError`."""
    return read_stamp(token, imprint=imprint, authorities=authorities).at


def read_stamp(token: bytes, *, imprint: bytes, authorities: Sequence[x509.Certificate]) -> Stamp:
    """Return what a token states of a hash, if one of the pinned authorities says so.

    The size of the hash tells which it is: SHA-256, or SHA-512 as of the log's second tree.

    1. The bytes are one token with one signer, in the one form in which tokens are kept.
    2. It is about this hash, by this algorithm, and states its instant to the minute at least.
    3. Its signer is a pinned authority, named by its signed attributes too (RFC 5816).
    4. That certificate is for time-stamps only, critically (RFC 3161 §2.3), and was valid then.
    5. Digest and signature are right.

    Raises: `StampInvalidError` with the reason.
    """
    try:
        return _check(token, imprint, authorities)
    except _UNREADABLE as error:
        raise StampInvalidError(f"the token cannot be read: {error}") from error
    except InvalidSignature as error:
        raise StampInvalidError("the signature of the token is wrong") from error


def kept_form(token: bytes, authorities: Sequence[x509.Certificate]) -> bytes:
    """Return a token that somebody else keeps in the form in which we do; nothing of it is proven yet.

    Raises: `StampInvalidError`, also where it is from none of the authorities.
    """
    try:
        return one_form(cms.ContentInfo.load(token), authorities)
    except _UNREADABLE as error:
        raise StampInvalidError(f"the token cannot be read: {error}") from error


def stated_instant(token: bytes) -> datetime:
    """Return the instant that a token states; nothing of it is proven yet. Raises: `StampInvalidError`."""
    try:
        found: datetime = _tst_info(token)["gen_time"].native
    except _UNREADABLE as error:
        raise StampInvalidError(f"the token cannot be read: {error}") from error
    return found


def stated_hash(token: bytes) -> str:
    """Return by which algorithm a token names what it is about; nothing of it is proven yet.

    Raises: `StampInvalidError`.
    """
    try:
        name: str = _tst_info(token)["message_imprint"]["hash_algorithm"]["algorithm"].native
    except _UNREADABLE as error:
        raise StampInvalidError(f"the token cannot be read: {error}") from error
    return name


def embedded_certificates(token: bytes) -> list[x509.Certificate]:
    """Return the certificates in a token: whom it says to be from, which proves nothing by itself.

    Raises: `StampInvalidError`.
    """
    if len(token) > TOKEN_MAX_BYTES:
        raise StampInvalidError("the token is larger than any")
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        return [read_certificate(one.chosen.dump()) for one in signed["certificates"]]
    except _UNREADABLE as error:
        raise StampInvalidError(f"the token cannot be read: {error}") from error


def _check(token: bytes, imprint: bytes, authorities: Sequence[x509.Certificate]) -> Stamp:
    if len(token) > TOKEN_MAX_BYTES:
        raise StampInvalidError("the token is larger than any")
    content = cms.ContentInfo.load(token, strict=True)  # 1
    attributes = content["content"]["signer_infos"][0]["signed_attrs"].dump()
    if one_form(content, authorities) != token:  # 1, 3
        raise StampInvalidError("the token is not in the form in which tokens are kept")
    info = _tst_info(token)
    stated = info["message_imprint"]
    wanted = _IMPRINTS[len(imprint)]
    if stated["hash_algorithm"]["algorithm"].native != wanted:  # 2
        raise StampInvalidError(f"the token is not about a hash by {wanted}")
    if not hmac.compare_digest(stated["hashed_message"].native, imprint):
        raise StampInvalidError("the token is about something else: wrong imprint")
    if not _GEN_TIME.fullmatch(info["gen_time"].contents):  # 2
        raise StampInvalidError("the token does not state its instant as RFC 3161 has it, to the second")
    if any(value is not None and value < 0 for value in (info["accuracy"].native or {}).values()):
        raise StampInvalidError("the token states a negative accuracy")
    if ((info["accuracy"].native or {}).get("seconds") or 0) > _ACCURACY_SECONDS:
        raise StampInvalidError("the token states its instant by the hour only, or by the day")
    (signer,) = content["content"]["signer_infos"]
    certificate = named_authority(signer, authorities)
    at: datetime = info["gen_time"].native
    _check_certificate(certificate, at)  # 4
    _check_signature(content["content"], signer, attributes, certificate)  # 5
    digests = stated["hash_algorithm"]["algorithm"].native, signer["digest_algorithm"]["algorithm"].native
    relied = {key_name(certificate.public_key()), *map(digest_name, digests)}
    return Stamp(at, certificate, frozenset(relied))


def _tst_info(token: bytes) -> tsp.TSTInfo:
    content = cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]
    if content["content_type"].native != "tst_info":
        raise StampInvalidError("the token states no time")
    info = content["content"].parsed
    if not isinstance(info, tsp.TSTInfo) or info["version"].native != "v1":
        raise StampInvalidError("the token states no time")
    return info


def _check_certificate(certificate: x509.Certificate, at: datetime) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise StampInvalidError("the certificate of the authority is not for time-stamps alone")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise StampInvalidError("the certificate of the authority was not valid at the stated time")


def _check_signature(
    signed: cms.SignedData, signer: cms.SignerInfo, attributes: bytes, certificate: x509.Certificate
) -> None:
    name = signer["digest_algorithm"]["algorithm"].native
    algorithm = HASHES[name]()
    digest = hashes.Hash(algorithm)
    digest.update(bytes(signed["encap_content_info"]["content"]))
    if attribute(signer, "content_type").native != "tst_info":
        raise StampInvalidError("the signed attributes are about something else")
    if attribute(signer, "message_digest").native != digest.finalize():
        raise StampInvalidError("the digest of the token is wrong")
    # RFC 5652 §5.4: hashed as a SET OF, not with the tag under which they stand
    signed_bytes = bytes((SET,)) + attributes[1:]
    method, signature, key = (
        signer["signature_algorithm"],
        signer["signature"].native,
        certificate.public_key(),
    )
    if method["algorithm"].native != "rsassa_pkcs1v15" and method.hash_algo != name:
        raise StampInvalidError("the token is hashed in two ways")
    if isinstance(key, ec.EllipticCurvePublicKey) and method.signature_algo == "ecdsa":
        key.verify(signature, signed_bytes, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_MIN_BITS:
        key.verify(signature, signed_bytes, _rsa_padding(method, algorithm), algorithm)
    else:
        raise StampInvalidError("the key of the authority is of no admitted kind")


def _rsa_padding(
    method: algos.SignedDigestAlgorithm, algorithm: hashes.HashAlgorithm
) -> padding.AsymmetricPadding:
    if method.signature_algo == "rsassa_pkcs1v15":
        return padding.PKCS1v15()
    if method.signature_algo == "rsassa_pss":
        return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
    raise StampInvalidError("the signature of the token is of no admitted kind")
