"""The steps of a verification, each of them one question with a reason for its answer.

A step that others build on keeps what it proved; where it did not pass, they say that they cannot tell.
Nothing is read of a receipt before its seal was verified but the name of the certificate to look for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from notigateway.errors import GatewayError
from notigateway.evidence import asic, bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.existence import Judgement
from notigateway.evidence.history import dated
from notigateway.evidence.naming import not_in_use, not_pinned
from notigateway.evidence.pades import since, verify_pdf
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.evidence.shape import check_spelling
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.wording import Reading, title
from notigateway.evidence.xades import seal_certificate_of, verify_receipt
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, subject_of
from notigateway.published import published_folder
from notigateway.verifier.archives import Archives
from notigateway.verifier.existing import Existence
from notigateway.verifier.misfits import CUT_SHORT
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.evidence.additions import Held
    from notigateway.evidence.algorithms import Algorithms
    from notigateway.evidence.pades import SealedPdf
    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.evidence.timestamp import Stamp
    from notigateway.verifier.pins import Trust

LEVEL_LT, LEVEL_LTA = "LT", "LTA"
_BEFORE_ITS_SEAL = "the receipt's seal is not proven"
_ELSEWHERE = "not in this file: where there is such a thing, the bundle of this receipt holds it"
# A PDF ends with a mark, and perhaps a line break (ISO 32000-1 clause 7.5.5).
_END_OF_PDF_BYTES = 64


@cache
def _schema() -> etree.XMLSchema:
    """Return the published schema of receipts: read once, however many are verified."""
    return etree.XMLSchema(etree.parse(published_folder("wsdl") / "notigateway-evidence-1.xsd"))


def _sealed_at(receipt: Reading) -> datetime:
    """Return the instant by which a receipt that is not proven yet chooses its seal certificate."""
    try:
        stated = receipt.instant("Report", "ReportedAt") or receipt.event_time
        if stated.tzinfo is None:
            raise FailedError("the receipt states an instant without its zone")
        return stated.astimezone(UTC)
    except (ValueError, LookupError, OverflowError) as error:  # such as the year 1, 14 hours before UTC
        raise FailedError("the receipt states no instant that can be read") from error


@dataclass
class Examination:
    """One receipt with what came beside it, before its judge."""

    trust: Trust
    at: datetime
    required_level: str | None
    files: Mapping[str, bytes] = field(default_factory=dict)
    container: Mapping[str, bytes] = field(default_factory=dict)
    left_out: Mapping[str, bundle.LeftOut] = field(default_factory=dict)
    facts: ReceiptFacts | None = None
    pdf: SealedPdf | None = None
    is_manifest_proven: bool = True
    algorithms: Algorithms = field(default_factory=known_algorithms)
    needs_witnesses: bool = False
    sets_form_aside: bool = False
    # How far the clock of `at` may be behind those of others; nothing where somebody named the instant.
    ahead: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Prepare what the steps about time will judge."""
        self.existence = Existence(self.trust, Judgement(self.at, self.algorithms, self.known_until))
        self.archives = Archives()
        self.stamp: Stamp | None = None

    # --- the file --------------------------------------------------------------------------------

    def open_bundle(self, data: bytes) -> str:
        """Check the container, byte by byte."""
        self.files = bundle.read_container(data)
        return f"a ZIP file in the one form, with {len(self.files)} files"

    def open_container(self, data: bytes) -> str:
        """Check a container of associated signatures; what others have added to it stays aside."""
        self.container = asic.read_container(data)
        self.files = asic.members_of(self.container)
        return f"a container of associated signatures (ASiC-E) with {len(self.files)} files of a bundle"

    def manifest(self) -> str:
        """Check the seal on the manifest and the hash of every file."""
        self.need_seals()
        manifest = self._manifest()
        self.left_out = manifest.left_out
        self.is_manifest_proven = False
        lack = self.existence.lack(manifest.certificate, ())
        made_at = datetime.fromisoformat(manifest.made_at)
        if made_at > self.known_until:
            raise SkippedError(
                f"{self.is_later('it was made', made_at)}: it says nothing; every file is proven by itself"
            )
        if lack is not None:
            raise SkippedError(
                f"{lack}: a manifest has no time-stamp, so it says nothing; every file is proven by itself"
            )
        self.is_manifest_proven = True
        without = f"; it leaves out {', '.join(self.left_out)}" if self.left_out else ""
        return (
            f"sealed by {subject_of(manifest.certificate)} on {manifest.made_at}; "
            f"the SHA-256 of all {len(set(self.files) - bundle.SEALED)} files is as stated{without}"
        )

    def _manifest(self) -> bundle.Manifest:
        """Return the manifest, proven by its own signature or by the one over the container."""
        if not self.container:
            return bundle.verify_manifest(self.files, seal_certificates=self.trust.seals)
        sealed = asic.verify_container(self.container, seal_certificates=self.trust.seals)
        return bundle.read_manifest(self.files, certificate=sealed.certificate)

    def open_form(self, data: bytes) -> str:
        """Check the seal of a PDF and take the receipt out of it."""
        self.need_seals()
        try:
            form = self.read_form(data)
        except GatewayError as error:
            if b"%%EOF" not in data[-_END_OF_PDF_BYTES:]:
                raise FailedError(CUT_SHORT.format(how="it does not end as a PDF does")) from error
            raise
        if form.sealed_at > self.known_until:
            raise UndeterminedError(self.is_later("the PDF was sealed", form.sealed_at))
        self.files = {bundle.FORM: data, bundle.RECEIPT: form.receipt}
        return f"sealed by {subject_of(form.certificate)}, {since(form, self.known_until)}"

    def read_form(self, data: bytes) -> SealedPdf:
        """Return what a PDF holds, verified once."""
        if self.pdf is None:
            self.pdf = verify_pdf(
                data, seal_certificates=self.trust.seals, timestamp_certificates=self.trust.stampers
            )
        return self.pdf

    # --- the receipt -----------------------------------------------------------------------------

    def schema(self) -> str:
        """Check the receipt against the published schema."""
        root, schema = self._root(), _schema()
        if not schema.validate(root):
            raise FailedError(f"not a receipt: {schema.error_log[0].message}")
        return "valid against notigateway-evidence-1.xsd"

    def seal_certificate(self) -> str:
        """Check that the certificate on the seal is pinned, and was valid when it sealed."""
        self.need_seals()
        root = self._root()
        try:
            named = seal_certificate_of(self.original())
        except ValueError as error:
            raise FailedError("the seal names no readable certificate") from error
        beside = self.files.get(bundle.SEAL_CERTIFICATE)
        if beside is not None and hashlib.sha256(beside).hexdigest() != fingerprint(named):
            raise FailedError(f"{bundle.SEAL_CERTIFICATE} is not the certificate on the seal")
        when = _sealed_at(Reading(root))
        pinned = dated(self.trust.seals).get(fingerprint(named))
        if pinned is not None:
            if not pinned.covers(when):
                raise FailedError(not_in_use(pinned, when))
            return f"{subject_of(named)}, pinned in the trust folder (SHA-256 {fingerprint(named)})"
        lack = not_pinned("the receipt", named.public_bytes(Encoding.DER))
        if not any(one.covers(when) for one in self.trust.seals):
            raise UndeterminedError(f"{lack}; the trust folder has none for {instant_text(when)}")
        raise FailedError(lack)

    def signature(self) -> str:
        """Check digests, structure and signature of the seal; keep what the receipt proves."""
        self.need_seals()
        facts = verify_receipt(self.original(), seal_certificates=self.trust.seals)
        if facts.sealed_at > self.known_until:
            raise UndeterminedError(self.is_later("the receipt was sealed", facts.sealed_at))
        self.facts = facts
        self.existence.seals.append(("the seal", seal_certificate_of(self.original()), ()))
        named = title(facts.state, facts.nature).en
        said = f"{named} of {instant_text(facts.event_time)}, notification {facts.notification_id}"
        return said + self.held.remark

    def policy(self) -> str:
        """Check that the policy named is one that is published, word by word."""
        self.proven()
        return self.published_policy()

    def published_policy(self) -> str:
        """Return which published policy it follows. Raises: `FailedError` where it is none."""
        stated = self.reading.get("EvidenceIssuerPolicy", "Sha256")
        for file in sorted(published_folder("wsdl").glob("notigateway-evidence-policy-*.txt")):
            if hashlib.sha256(file.read_bytes()).hexdigest() == stated:
                return f"{self.reading.get('EvidenceIssuerPolicy', 'EvidenceIssuerPolicyID')}, as published"
        raise FailedError("the policy is none of those published")

    def timestamp(self) -> str:
        """Check since when the seal exists, by somebody else's clock."""
        facts = self.proven()
        if facts.sealed_at > self.at:
            raise UndeterminedError(f"the receipt was not sealed yet at {instant_text(self.at)}")
        stamps = stamps_on_seal(self.held, self.trust.stampers)
        self._fits_authority()
        if not stamps and self.is_pdf:
            return self._timestamp_of_pdf()
        if not stamps:
            self._need_no_level("there is no time-stamp", is_failure=True)
            raise SkippedError("there is none: level B, by the gateway's clock")
        self.stamp = stamps[0][1]
        lack = "the trust folder has no authority in timestamp/"
        if self.trust.authorities:
            proofs = [self.existence.proof(one, self.archives.after(place)) for place, one in stamps]
            self.existence.proofs += proofs
            doubts = [self.existence.doubt(proof) for proof in proofs]
            counting = doubts.index(None) if None in doubts else 0
            self.stamp, lack = stamps[counting][1], doubts[counting] or ""
            later = self.existence.judgement.earliest(self.existence.proofs)
            if lack and later is not None:
                by = "an archive time-stamp" if self.archives.proofs else "a renewed head"
                raise SkippedError(f"{lack}; {by} proves that the receipt is older")
        if lack:
            self._need_no_level(lack, is_failure=False)
            raise SkippedError(f"{lack}: level B, by the gateway's clock")
        return f"the seal existed on {instant_text(self.stamp.at)}"

    def _timestamp_of_pdf(self) -> str:
        """Tell that the receipt in a PDF has none; a required level is asked of the PDF's own seal."""
        form = self.read_form(self.files[bundle.FORM])
        proofs = self.existence.chain(form.stamps)
        first = self.existence.judgement.earliest(proofs)
        if first is None:
            self._need_no_level("the PDF has no time-stamp that counts", is_failure=False)
            doubt = f"; of the PDF {self.existence.doubt(proofs[0])}" if proofs else ""
            raise SkippedError(f"there is none{doubt}: level B, by the gateway's clock")
        raise SkippedError(
            f"the receipt in it has none; the seal on the PDF existed on {instant_text(first)}"
        )

    def _fits_authority(self) -> None:
        """Check that the certificate beside a receipt is the one of who made its time-stamp."""
        beside = self.files.get(bundle.AUTHORITY_CERTIFICATE)
        if beside is None:
            return
        if not (self.held.token or self.held.foreign):
            raise FailedError("the receipt was time-stamped, and its time-stamp was taken away")
        if not self.held.is_stamped_by(beside):
            raise FailedError(f"{bundle.AUTHORITY_CERTIFICATE} is not the certificate in the time-stamp")

    def _need_no_level(self, lack: str, *, is_failure: bool) -> None:
        """Refuse what lacks the required level; in a PDF it is a doubt: its time-stamp comes later."""
        if self.required_level is not None:
            said = f"level {self.required_level} is required: {lack}"
            raise FailedError(said) if is_failure else UndeterminedError(said)

    # --- what the steps share --------------------------------------------------------------------

    def need_seals(self) -> None:
        """Refuse to go on without a seal certificate."""
        if not self.trust.seals:
            raise UndeterminedError("the trust folder has no seal certificate in seals/")

    def absent(self, lack: str) -> SkippedError:
        """Return that there is nothing to check: a lone file cannot hold it, a bundle has none."""
        return SkippedError(lack if bundle.MANIFEST in self.files else _ELSEWHERE)

    @property
    def known_until(self) -> datetime:
        """Until when evidence was there at `at`; later evidence counts for nothing."""
        try:
            return self.at + self.ahead
        except OverflowError:  # the last minutes of the calendar
            return self.at

    def is_later(self, what: str, when: datetime) -> str:
        """Return that something is from after the instant as of which is verified, in words."""
        return f"{what} on {instant_text(when)}, after {instant_text(self.at)}, as of which is verified"

    def proven(self) -> ReceiptFacts:
        """Return what the receipt proves, once its seal did."""
        if self.facts is None:
            raise UndeterminedError(_BEFORE_ITS_SEAL)
        return self.facts

    @cached_property
    def held(self) -> Held:
        """The file of the receipt, taken apart; asked for only once it is there."""
        data = self.files[bundle.RECEIPT]
        bundle.check_sizes({bundle.RECEIPT: data})
        return take_apart(data)

    def original(self) -> bytes:
        """Return the receipt as it was issued, without time-stamp and additions. Raises: `GatewayError`."""
        return self.held.original

    @property
    def is_raised(self) -> bool:
        """Whether a proven receipt, or the PDF alone, holds more than its time-stamp, or is required to."""
        if self.facts is None:
            return False
        holds = bool(self.held.properties) or (self.is_pdf and self.pdf is not None and bool(self.pdf.data))
        return holds or self.required_level in {LEVEL_LT, LEVEL_LTA}

    @property
    def is_pdf(self) -> bool:
        """Whether it is a PDF alone, whose own seal a required level is asked of."""
        return bundle.FORM in self.files and bundle.MANIFEST not in self.files

    def _root(self) -> etree._Element:
        """Return the receipt's tree; nothing is parsed that cannot be one, by its size or by its spelling."""
        data = self.original()
        check_spelling(data)
        try:
            return parse_receipt(data)
        except etree.XMLSyntaxError as error:
            raise FailedError(f"not XML: {error.msg}") from error

    @cached_property
    def reading(self) -> Reading:
        """The receipt by the names of its elements; asked for only once its seal is proven."""
        return Reading(self._root())
