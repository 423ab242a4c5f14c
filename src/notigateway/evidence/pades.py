"""The seal on a PDF: PAdES baseline B with the gateway's seal key, invisible, over the whole file.

Made as an incremental update by pyHanko, certified so that no change is allowed after it. Verified
against the pinned seal certificates like every receipt: no path and no authority is consulted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from asn1crypto.algos import DigestAlgorithm, SignedDigestAlgorithm  # type: ignore[import-untyped]
from asn1crypto.cms import (  # type: ignore[import-untyped]
    ContentInfo,
    IssuerAndSerialNumber,
    SignedData,
    SignerIdentifier,
    SignerInfo,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.registry import SimpleCertificateStore

from notigateway.errors import RenditionInvalidError
from notigateway.evidence.history import dated
from notigateway.pki.asn1_classes import complete_classes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from pyhanko.sign.signers.pdf_signer import PdfSigningSession

    from notigateway.evidence.history import Pin
    from notigateway.evidence.sealing import Seal

complete_classes()

PDF_MAX_BYTES: Final = 16 * 1024 * 1024
_FIELD: Final = "Seal"
# Room for the certificate, the attributes and the largest signature; the rest stays zero.
_RESERVED_HEX_DIGITS: Final = 8 * 1024
_DRY_SIGNATURE: Final = bytes(72)


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """What a sealed PDF holds: the receipt attached to it, who sealed the PDF, and when it says so."""

    receipt: bytes
    certificate: x509.Certificate
    sealed_at: datetime


def seal_pdf(pdf: bytes, *, seal: Seal, at: datetime) -> bytes:
    """Return the PDF with the seal on it, made at that instant.

    Raises: `TemporarilyUnavailableError` where the seal's certificate is not valid then.
    """
    seal.check(at)
    # A blank line apart, for what is appended: ISO 19005-3 clause 6.1.9.
    out = IncrementalPdfFileWriter(BytesIO(pdf + b"\n"))
    metadata = PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    signer = _SealAt(metadata, signer=_SealSigner(seal, at), new_field_spec=SigFieldSpec(_FIELD))
    signer.at = at
    sealed: bytes = signer.sign_pdf(out, bytes_reserved=_RESERVED_HEX_DIGITS).getvalue()
    return sealed


def _pss() -> SignedDigestAlgorithm:
    """Return how a seal with an RSA key signs; a new one each time, since threads may not share one."""
    sha256 = {"algorithm": "sha256"}
    parameters = {
        "hash_algorithm": sha256,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256},
        "salt_length": 32,
    }
    return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


class _SealAt(PdfSigner):
    """pyHanko's signer, but at a given instant: it would read the clock."""

    at: datetime

    def init_signing_session(self, *args: Any, **options: Any) -> PdfSigningSession:  # noqa: ANN401  (pyHanko's)
        session = super().init_signing_session(*args, **options)
        session.system_time = self.at
        return session


class _SealSigner(Signer):
    """Signs with the seal wherever its key is; pyHanko sees only the certificate."""

    def __init__(self, seal: Seal, at: datetime) -> None:
        certificate = asn1.Certificate.load(seal.certificate.public_bytes(Encoding.DER))
        is_rsa = isinstance(seal.certificate.public_key(), RSAPublicKey)
        no_others = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        # pyHanko would state the longest salt there can be; the seal's is as long as the hash.
        mechanism = _pss() if is_rsa else None
        super().__init__(
            signing_cert=certificate,
            cert_registry=no_others,
            prefer_pss=is_rsa,
            signature_mechanism=mechanism,
        )
        self._seal = seal
        self._at = at

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,  # noqa: ARG002  (signature given by pyHanko; the seal has one digest)
        dry_run: bool = False,  # noqa: FBT001, FBT002
    ) -> bytes:
        """Return the seal's signature over the attributes."""
        return _DRY_SIGNATURE if dry_run else self._seal.sign(data, now=self._at)


def verify_pdf(data: bytes, *, seal_certificates: Sequence[Pin]) -> SealedPdf:
    """Return what a PDF holds if one of the pinned seal certificates sealed exactly these bytes.

    1. There is one signature; it covers the whole file and allows no change.
    2. Its container is written in the one way: upper-case hexadecimal, zeros after it, nothing unsigned.
    3. The certificate that made it is pinned, and was valid and in use at the instant it states.
    4. Digest and signature are right.
    5. One receipt is attached.

    The receipt is returned as it is: its own seal is for `verify_receipt`.

    Raises: `RenditionInvalidError` with the reason.
    """
    if len(data) > PDF_MAX_BYTES:
        raise RenditionInvalidError("the PDF is larger than any the gateway makes")
    try:
        return _verify(data, seal_certificates)
    except RenditionInvalidError:
        raise
    except Exception as error:  # whatever a parser meets in foreign bytes, it is no form of ours
        raise RenditionInvalidError(f"the PDF cannot be read: {type(error).__name__}: {error}") from error


def _verify(data: bytes, seal_certificates: Sequence[Pin]) -> SealedPdf:
    reader = PdfFileReader(BytesIO(data))
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        raise RenditionInvalidError(f"the PDF has {len(signatures)} signatures instead of its one seal")
    (embedded,) = signatures
    embedded.compute_integrity_info()
    if embedded.coverage is not SignatureCoverageLevel.ENTIRE_FILE:  # 1
        raise RenditionInvalidError("the seal does not cover the whole PDF")
    if embedded.docmdp_level is not MDPPerm.NO_CHANGES:
        raise RenditionInvalidError("the seal allows changes")
    _check_container(data, embedded.byte_range, _as_made(embedded.pkcs7_content, embedded.signer_cert))  # 2
    named = hashlib.sha256(embedded.signer_cert.dump()).hexdigest()
    pinned = dated(seal_certificates).get(named)
    if pinned is None:  # 3
        raise RenditionInvalidError("the PDF was not sealed with a pinned seal certificate")
    sealed_at = embedded.self_reported_timestamp
    if sealed_at is None or not pinned.covers(sealed_at):
        raise RenditionInvalidError(
            "the seal certificate was not valid, or not in use, when the PDF was sealed"
        )
    is_intact, is_valid = validate_sig_integrity(  # 4
        embedded.signer_info, embedded.signer_cert, "data", embedded.compute_digest()
    )
    if not (is_intact and is_valid):
        raise RenditionInvalidError("the PDF differs from the PDF that was sealed")
    return SealedPdf(_attached(reader), pinned.certificate, sealed_at)


def _as_made(container: bytes, certificate: asn1.Certificate) -> bytes:
    """Write a seal's container anew: what its signature covers, the signature, its certificate, no more.

    Versions, the certificate's name and serial number, and the names of algorithms are under no signature.
    """
    (signer,) = ContentInfo.load(container)["content"]["signer_infos"]
    is_rsa = certificate.public_key.algorithm == "rsa"
    signer["signed_attrs"].dump(force=True)  # in their one order
    digest = DigestAlgorithm({"algorithm": "sha256"})
    named = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    again = SignerInfo(
        {
            "version": "v1",
            "sid": SignerIdentifier({"issuer_and_serial_number": IssuerAndSerialNumber(named)}),
            "digest_algorithm": digest,
            "signature_algorithm": _pss() if is_rsa else SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signed_attrs": signer["signed_attrs"],
            "signature": signer["signature"],
        }
    )
    content = SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate],
            "signer_infos": [again],
        }
    )
    made: bytes = ContentInfo({"content_type": "signed_data", "content": content}).dump()
    return made


def _check_container(data: bytes, byte_range: Sequence[int], cms: bytes) -> None:
    """Check the only bytes that no digest covers."""
    start, end = byte_range[1], byte_range[2]
    if byte_range[0] != 0 or end + byte_range[3] != len(data):
        raise RenditionInvalidError("the seal does not cover the whole PDF")
    if data[start:end] != b"<" + cms.hex().upper().encode().ljust(end - start - 2, b"0") + b">":
        raise RenditionInvalidError("the seal's container is not written as it was made")


def _attached(reader: PdfFileReader) -> bytes:
    files = reader.root["/AF"]
    if len(files) != 1:  # 5
        raise RenditionInvalidError("the PDF must have its receipt attached and nothing else")
    content: bytes = files[0]["/EF"]["/F"].data
    return content
