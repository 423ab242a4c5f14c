"""The seal on a PDF: PAdES with the gateway's seal key, invisible, over the whole file.

Made as an incremental update by pyHanko, certified so that no change is allowed after it. Verified
against the pinned seal certificates like every receipt: no path and no authority is consulted. A time-stamp
of the seal is put into the room for it later, and others may append what ETSI EN 319 142-1 lets them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from asn1crypto.cms import ContentInfo  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from notigateway.errors import RenditionInvalidError, StampInvalidError
from notigateway.evidence.cms import as_signed, container, is_right, pss, room_for, signed_attributes
from notigateway.evidence.history import dated
from notigateway.evidence.naming import not_in_use, not_pinned
from notigateway.evidence.pdf_additions import check_additions
from notigateway.evidence.pdf_seal import find_seal, is_about
from notigateway.evidence.pdf_structure import read_structure
from notigateway.evidence.pdf_validation import read_as_written
from notigateway.evidence.statement import EITHER_FORM
from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST, embedded_certificates, read_stamp
from notigateway.evidence.validation_data import ValidationData
from notigateway.instants import instant_text
from notigateway.pki.asn1_classes import complete_classes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from pyhanko.sign.signers.pdf_signer import PdfSigningSession

    from notigateway.evidence.history import Pin
    from notigateway.evidence.pdf_seal import PdfSeal
    from notigateway.evidence.sealing import Seal
    from notigateway.evidence.timestamp import Stamp

complete_classes()

PDF_MAX_BYTES: Final = 16 * 1024 * 1024
_FIELD: Final = "Seal"
_DRY_SIGNATURE: Final = bytes(72)
_NO_DATA: Final = ValidationData(())


@dataclass(frozen=True, slots=True)
class SealedPdf:
    """What a sealed PDF holds: the receipt attached to it, who sealed the PDF, and when it says so.

    `stamps` are the words of pinned authorities that the seal existed, in the order in which they were put
    there: each is also about those before it, and about the validation data of the same place in `covered`;
    `data` are all that there are. `has_additions`: somebody has appended validation data or
    time-stamps, which are not under the seal.
    """

    receipt: bytes
    certificate: x509.Certificate
    sealed_at: datetime
    stamps: tuple[Stamp, ...] = ()
    has_additions: bool = False
    data: ValidationData = _NO_DATA
    covered: tuple[ValidationData, ...] = ()

    @property
    def timestamped_at(self) -> datetime | None:
        """The earliest instant at which a pinned authority says that the seal existed; None without any."""
        return min((one.at for one in self.stamps), default=None)


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


def verify_pdf(
    data: bytes,
    *,
    seal_certificates: Sequence[Pin],
    timestamp_certificates: Sequence[x509.Certificate] = (),
) -> SealedPdf:
    """Return what a PDF holds if one of the pinned seal certificates sealed exactly these bytes.

    1. The certificate that made the first seal is pinned.
    2. Digest and signature are right, over everything up to where it says it ends. Only now the PDF is read.
       Of ECDSA it is in the low form, unless the receipt is of a policy from before that rule.
    3. Its container is written in the one way: upper-case hexadecimal, zeros after it, nothing unsigned but
       a time-stamp of this very signature, whoever made it.
    4. It is the one signature of what it covers, and allows no change.
    5. The certificate was valid and in use at the instant it states.
    6. What is appended behind it is what anybody may append: validation data and document time-stamps.
    7. One receipt is attached.

    The receipt is returned as it is: its own seal is for `verify_receipt`. Time-stamps count where their
    authority is among `timestamp_certificates`.

    Raises: `RenditionInvalidError` with the reason.
    """
    if len(data) > PDF_MAX_BYTES:
        raise RenditionInvalidError("the PDF is larger than any the gateway makes")
    try:
        return _verify(data, seal_certificates, timestamp_certificates)
    except RenditionInvalidError:
        raise
    except StampInvalidError as error:
        raise RenditionInvalidError(f"the time-stamp of the seal: {error.detail}") from error
    except Exception as error:  # whatever a parser meets in foreign bytes, it is no form of ours
        raise RenditionInvalidError(f"the PDF cannot be read: {type(error).__name__}: {error}") from error


def since(form: SealedPdf, known_until: datetime) -> str:
    """Return since when a PDF is as it is, in words for whoever verifies it as of an instant."""
    said = f"unchanged since {instant_text(form.sealed_at)}"
    if form.timestamped_at is not None and form.timestamped_at > known_until:
        said += f" (its time-stamp of {instant_text(form.timestamped_at)} is later, and counts for nothing)"
    elif form.timestamped_at is not None:
        said += f", time-stamped on {instant_text(form.timestamped_at)}"
    if form.has_additions:
        said += "; validation data or time-stamps are appended, which the seal does not cover"
    return said


def _verify(
    data: bytes, seal_certificates: Sequence[Pin], authorities: Sequence[x509.Certificate]
) -> SealedPdf:
    seal = find_seal(data)
    der = seal.certificate.dump()
    pinned = dated(seal_certificates).get(hashlib.sha256(der).hexdigest())
    if pinned is None:  # 1
        raise RenditionInvalidError(not_pinned("the PDF", der))
    is_it = is_about(seal.attributes, seal.digest(data), seal.certificate)
    key = pinned.certificate.public_key()
    if not (is_it and is_right(seal.attributes, seal.signature, key, either_form=True)):  # 2
        raise RenditionInvalidError("the PDF differs from the PDF that was sealed")
    if data[seal.start : seal.end] != seal.written(seal.token):  # 3
        raise RenditionInvalidError("the seal's container is not written as it was made")
    found = read_structure(data, seal)  # 4, 7
    if not (_is_of_either_form(found.receipt) or is_right(seal.attributes, seal.signature, key)):  # 2
        raise RenditionInvalidError("the seal's signature is in the form that the seal does not write")
    if not pinned.covers(found.sealed_at):  # 5
        raise RenditionInvalidError(not_in_use(pinned, found.sealed_at))
    stamps = _stamp_of(seal, found.sealed_at, authorities)
    has_additions = seal.covered < len(data)
    covered = [_NO_DATA] * len(stamps)
    written = read_as_written(data, seal) if has_additions else _NO_DATA
    if written is None:  # 6
        appended = check_additions(data, seal, authorities=authorities)
        stamps += [stamp for stamp, _ in appended.stamps]
        covered += [before for _, before in appended.stamps]
        written = appended.data
    return SealedPdf(
        found.receipt,
        pinned.certificate,
        found.sealed_at,
        tuple(stamps),
        has_additions,
        written,
        tuple(covered),
    )


def _is_of_either_form(receipt: bytes) -> bool:
    """Tell whether a receipt is from before an ECDSA signature had one form; no text in it has brackets."""
    return any(f"<EvidenceIssuerPolicyID>{one}<".encode() in receipt for one in EITHER_FORM)


def _stamp_of(seal: PdfSeal, sealed_at: datetime, authorities: Sequence[x509.Certificate]) -> list[Stamp]:
    """Return what the time-stamp in the container says; nothing where there is none, or nobody is pinned."""
    token = seal.token
    if token is None:
        return []
    stamp = read_stamp(token, imprint=seal.imprint(), authorities=authorities or embedded_certificates(token))
    if stamp.at < sealed_at - CLOCKS_DIFFER_AT_MOST:
        raise RenditionInvalidError("the time-stamp is from before the seal that it is about")
    # It is about the seal, which hangs on the content by SHA-256, whatever it hashes itself.
    return [replace(stamp, algorithms=stamp.algorithms | {"SHA-256"})] if authorities else []
