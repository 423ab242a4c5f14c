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
from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]
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
from notigateway.evidence.cms import as_signed, container, is_right, pss, room_for, signed_attributes
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
    sealing = _SealSigner(seal, at)
    signer = _SealAt(metadata, signer=sealing, new_field_spec=SigFieldSpec(_FIELD))
    signer.at = at
    # In hexadecimal digits; whoever reads the PDF reads each of them, so there are no more than are needed.
    reserved = 2 * room_for(sealing.signing_cert, seal.certificate.public_key())
    sealed: bytes = signer.sign_pdf(out, bytes_reserved=reserved).getvalue()
    return sealed


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
        mechanism = pss() if is_rsa else None
        super().__init__(
            signing_cert=certificate,
            cert_registry=no_others,
            prefer_pss=is_rsa,
            signature_mechanism=mechanism,
        )
        self._seal = seal
        self._at = at

    async def async_sign(
        self,
        data_digest: bytes,
        digest_algorithm: str,  # noqa: ARG002  (signature given by pyHanko; the seal has one digest)
        dry_run: bool = False,  # noqa: FBT001, FBT002
        *_: Any,  # noqa: ANN401  (what pyHanko would write into the container, which has one form)
        **_options: Any,  # noqa: ANN401
    ) -> ContentInfo:
        """Return the container, written in its one form."""
        certificate = self.signing_cert
        attributes = signed_attributes(data_digest, certificate)
        signature = _DRY_SIGNATURE if dry_run else self._seal.sign(as_signed(attributes), now=self._at)
        return ContentInfo.load(container(attributes, signature, certificate))

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
    # A form of its own: as they came, so before anything in them is read.
    (signer,) = ContentInfo.load(embedded.pkcs7_content)["content"]["signer_infos"]
    attributes, signature = signer["signed_attrs"].dump(), signer["signature"].native
    _check_container(data, embedded.byte_range, container(attributes, signature, embedded.signer_cert))  # 2
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
    if not (is_intact and is_valid and is_right(attributes, signature, pinned.certificate.public_key())):
        raise RenditionInvalidError("the PDF differs from the PDF that was sealed")
    return SealedPdf(_attached(reader), pinned.certificate, sealed_at)


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
