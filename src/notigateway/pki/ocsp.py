"""The Online Certificate Status Protocol (RFC 6960): what to ask, and what an answer proves.

A question carries no nonce: responders of public authorities answer from a store and ignore it; an old
answer is recognised by its instants.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from notigateway.errors import RevocationDataError, SecurityError
from notigateway.pki.fitness import STRONG_HASHES, check_key, find_extension
from notigateway.pki.revocation import (
    OCSP_LIFE_WITHOUT_NEXT_UPDATE,
    UNREADABLE,
    OcspAnswer,
    RevocationFinding,
    RevocationSource,
    RevocationStatus,
    key_mark,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

REQUEST_TYPE: Final = "application/ocsp-request"
_STATUS: Final = {
    ocsp.OCSPCertStatus.GOOD: RevocationStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED: RevocationStatus.REVOKED,
}


def responders(certificate: x509.Certificate) -> list[str]:
    """Return the addresses at which a certificate says that its status can be asked."""
    access = find_extension(certificate, x509.AuthorityInformationAccess)
    return [
        one.access_location.value
        for one in access or ()
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]


def question(certificate: x509.Certificate, authority: x509.Certificate) -> bytes:
    """Return the request about one certificate, in DER.

    Its identifier is hashed with SHA-1, the one that every responder knows (RFC 5019 §2.1.1); nothing
    is protected by it.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, authority, SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def read_answer(data: bytes, authorities: Iterable[x509.Certificate]) -> OcspAnswer:
    """Read an answer about one certificate, signed by its authority or by a responder it certified.

    Raises: `RevocationDataError` for an answer that is foreign, forged, about an unknown certificate,
    or cannot be read.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RevocationDataError(f"the responder refused: {response.response_status.name}")
        return _read(response, hashlib.sha256(data).hexdigest(), authorities)
    except (ValueError, TypeError, UnsupportedAlgorithm, *UNREADABLE) as error:
        raise RevocationDataError("the OCSP answer cannot be read") from error


def _read(response: ocsp.OCSPResponse, sha256: str, authorities: Iterable[x509.Certificate]) -> OcspAnswer:
    authority = _authority_of(response, authorities)
    signer = _signer(response, authority)
    _check_signature(response, signer)
    status = _STATUS.get(response.certificate_status)
    if status is None:
        raise RevocationDataError("the responder does not know the certificate")
    mark = key_mark(authority)
    until = response.next_update_utc or response.this_update_utc + OCSP_LIFE_WITHOUT_NEXT_UPDATE
    finding = RevocationFinding(
        status=status,
        source=RevocationSource.OCSP,
        sha256=sha256,
        this_update=response.this_update_utc,
        fresh_until=until,
        revoked_at=response.revocation_time_utc,
        is_final=response.revocation_reason is not x509.ReasonFlags.certificate_hold,
        is_watched=True,
    )
    scope = hashlib.sha256(f"{mark}:{response.serial_number}".encode()).hexdigest()
    return OcspAnswer(
        sha256=sha256,
        issuer_key=mark,
        scope=scope,
        serial=response.serial_number,
        finding=finding,
        delegate=None if signer is authority else signer,
    )


def _authority_of(response: ocsp.OCSPResponse, authorities: Iterable[x509.Certificate]) -> x509.Certificate:
    """Return the trusted authority whose certificate the answer is about (RFC 6960 §4.1.1)."""
    name = response.hash_algorithm.name
    for authority in authorities:
        hashes = [
            hashlib.new(name, part).digest() for part in (authority.subject.public_bytes(), _bits(authority))
        ]
        if hashes == [response.issuer_name_hash, response.issuer_key_hash]:
            return authority
    raise RevocationDataError("the OCSP answer is not about a certificate of an authorised issuer")


def _bits(certificate: x509.Certificate) -> bytes:
    """Return the public key as its bit string holds it."""
    key = certificate.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if isinstance(key, RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    raise RevocationDataError("the issuer's kind of key is not read")


def _signer(response: ocsp.OCSPResponse, authority: x509.Certificate) -> x509.Certificate:
    """Return the authority, or the responder that it certified for this (RFC 6960 §4.2.2.2)."""
    if _is_responder(response, authority):
        return authority
    for delegate in response.certificates:
        if _is_responder(response, delegate):
            _check_delegate(delegate, authority, response.produced_at_utc)
            return delegate
    raise RevocationDataError("the OCSP answer does not hold its responder's certificate")


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    return (
        response.responder_key_hash
        == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    )


def _check_delegate(delegate: x509.Certificate, authority: x509.Certificate, at: datetime) -> None:
    try:
        delegate.verify_directly_issued_by(authority)
        purposes = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        # Without it the responder's own certificate would have to be asked for, and so on.
        delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound) as error:
        raise RevocationDataError("the responder was not certified by the issuer") from error
    if ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        raise RevocationDataError("the responder was not certified for OCSP")
    if not delegate.not_valid_before_utc <= at <= delegate.not_valid_after_utc:
        raise RevocationDataError("the responder's certificate was not valid when it answered")


def _check_signature(response: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    algorithm, key = response.signature_hash_algorithm, signer.public_key()
    if algorithm is None or algorithm.name not in STRONG_HASHES:
        raise RevocationDataError("the OCSP answer is not signed over SHA-2")
    try:
        check_key(key)  # of a responder's certificate nobody else looks at it
    except SecurityError as error:
        raise RevocationDataError("the responder's key is too weak, too large or of another kind") from error
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, PKCS1v15(), algorithm)
        elif isinstance(key, EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ECDSA(algorithm))
        else:
            raise RevocationDataError("the responder's kind of key is not read")
    except InvalidSignature as error:
        raise RevocationDataError("the OCSP answer's signature is wrong") from error
