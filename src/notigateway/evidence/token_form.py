"""The one form in which a token is kept: what its signature covers, whose it is, and nothing else.

An authority may send certificates of its issuers, lists, attributes that nobody signed, parameters that mean
nothing. Nothing covers them, so whoever holds a token could write there what they like: each token is written
anew, and one that is spelt otherwise is none of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from asn1crypto import algos, cms, core  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import StampInvalidError
from notigateway.evidence.der import SEQUENCE, SET, TAGGED_0, TAGGED_1, TAGGED_2, V1, V3, der

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509

HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_NULL: Final = b"\x05\x00"
_MGF1: Final = "1.2.840.113549.1.1.8"
_SALTS: Final = {
    core.ObjectIdentifier(oid).dump(): size
    for oid, size in (
        ("2.16.840.1.101.3.4.2.1", 32),
        ("2.16.840.1.101.3.4.2.2", 48),
        ("2.16.840.1.101.3.4.2.3", 64),
    )
}


def one_form(content: cms.ContentInfo, authorities: Sequence[x509.Certificate]) -> bytes:
    """Write a token anew with what its signature covers and the certificate of its signer, no more."""
    if content["content_type"].native != "signed_data":
        raise StampInvalidError("the token is not signed data")
    signed = content["content"]
    (signer,) = signed["signer_infos"]
    # As they came, so before anything in them is read: what asn1crypto has read it writes anew, in 10 ms.
    attributes, signature = signer["signed_attrs"].dump(), signer["signature"].dump()
    digest = core.ObjectIdentifier(signer["digest_algorithm"]["algorithm"].dotted).dump()
    parts = attributes, _spelled(signer["signature_algorithm"], digest), signature
    certificate = named_authority(signer, authorities)
    kept = der(SEQUENCE, V1, signer["sid"].dump(), der(SEQUENCE, digest), *parts)
    wrapped = der(
        SEQUENCE,
        V3,
        der(SET, der(SEQUENCE, digest)),
        signed["encap_content_info"].dump(),
        der(TAGGED_0, certificate.public_bytes(Encoding.DER)),
        der(SET, kept),
    )
    return der(SEQUENCE, content["content_type"].dump(), der(TAGGED_0, wrapped))


def _spelled(method: algos.SignedDigestAlgorithm, digest: bytes) -> bytes:
    """Return a signature's algorithm in one spelling: nothing covers it, so nothing may be hidden there.

    ECDSA has no parameters (RFC 5754 §3.3), PKCS #1 v1.5 a NULL (RFC 3370 §3.2); those of PSS are by the
    digest, with a salt of its size (RFC 4055 §3.1).
    """
    name, kind = method["algorithm"].dump(), method.signature_algo
    if kind == "ecdsa":
        return der(SEQUENCE, name)
    if kind == "rsassa_pkcs1v15":
        return der(SEQUENCE, name, _NULL)
    if kind != "rsassa_pss":
        raise StampInvalidError("the signature of the token is of no admitted kind")
    hashed = der(SEQUENCE, digest, _NULL)
    size = _SALTS.get(digest)
    if size is None:
        raise StampInvalidError("the signature of the token is of no admitted kind")
    mask = der(TAGGED_1, der(SEQUENCE, core.ObjectIdentifier(_MGF1).dump(), hashed))
    salt = der(TAGGED_2, core.Integer(size).dump())
    return der(SEQUENCE, name, der(SEQUENCE, der(TAGGED_0, hashed), mask, salt))


def named_authority(signer: cms.SignerInfo, authorities: Iterable[x509.Certificate]) -> x509.Certificate:
    """Return the pinned certificate that the signed attributes name by its hash."""
    (named,) = attribute(signer, "signing_certificate_v2")["certs"]
    algorithm = named["hash_algorithm"]["algorithm"].native
    if algorithm not in HASHES:
        raise StampInvalidError(f"the token names its signer by {algorithm}")
    for certificate in authorities:
        if certificate.fingerprint(HASHES[algorithm]()) == named["cert_hash"].native:
            sid = signer["sid"]
            if sid.name != "issuer_and_serial_number":
                break
            if sid.chosen["serial_number"].native != certificate.serial_number:
                break
            if sid.chosen["issuer"].dump() != certificate.issuer.public_bytes():
                break
            return certificate
    raise StampInvalidError("the token is not from a pinned authority")


def attribute(signer: cms.SignerInfo, name: str) -> core.Asn1Value:
    """Return the one value of a signed attribute; each may be there once."""
    found = [one["values"] for one in signer["signed_attrs"] if one["type"].native == name]
    ((value,),) = found
    return value
