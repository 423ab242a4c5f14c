"""What proves a receipt to others: its PDF, made once and kept, and its bundle, made when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.evidence import bundle
from notigateway.evidence.form import Stamp
from notigateway.evidence.history import dated, load_seals
from notigateway.evidence.inclusion import inclusion_text
from notigateway.evidence.lasting import Lasting
from notigateway.evidence.pdf_seal import add_stamp, find_seal, stamp_imprint
from notigateway.evidence.pdf_validation import add_validation_data
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.timestamp import embedded_certificates, take_out
from notigateway.evidence.wording import Reading
from notigateway.evidence.xades import seal_certificate_of
from notigateway.log.growing import included
from notigateway.log.notes import note_of
from notigateway.log.second import with_renewals
from notigateway.pki.keys import fingerprint
from notigateway.receipts.named import Signing, names_in
from notigateway.repository.cosignatures import list_cosignatures
from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import find_form, keep_form, replace_form
from notigateway.repository.receipts import RequestEnvelope, find_party_of
from notigateway.repository.timestamps import find_timestamped
from notigateway.repository.trust import get_revocation_data
from notigateway.trust.kept import choose, read_chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedCertificate
    from notigateway.evidence.sealing import Seal
    from notigateway.pki.families import Families
    from notigateway.pki.known import KnownCertificates
    from notigateway.receipts.named import Names
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.forms import ReceiptForm
    from notigateway.repository.log import LogCheckpoint
    from notigateway.repository.model import Receipt
    from notigateway.repository.timestamps import ReceiptTimestamp


def load() -> None:
    """Load what sets and seals a PDF: a service does so before it answers, so that nobody waits for that.

    A sandbox loads it when somebody asks for one: it is a seventh of all that is loaded.
    """
    for name in ("pades", "rendition"):
        import_module(f"notigateway.evidence.{name}")


@dataclass(frozen=True, kw_only=True)
class Proving:
    """Proves receipts with what the gateway holds; `verify_url` is the public page for its code.

    `authorities` reads those of time-stamps, with their periods.
    """

    engine: Engine
    store: DocumentStore
    seal: Seal = field(repr=False)
    verify_url: str
    log_origin: str
    retired_seals: Path
    authorities: Callable[[], Sequence[DatedCertificate]]
    # How many cosignatures a head of the log should have.
    cosignatures: int = 0
    known: KnownCertificates
    families: Families

    def form_of(self, receipt: Receipt, *, now: datetime) -> bytes:
        """Return the sealed PDF of a receipt: the one that is kept, or else a new one, and keep it.

        Two at once may both make one; the first to be kept is the one that both return. It comes with the
        time-stamp of its seal, once the job has got that: nobody waits for an authority here. With it comes
        what both are validated by, where that is kept (PAdES-BASELINE-LT). One that nothing proves any more,
        decades later, is made anew by the seal of now.

        Raises: `RenditionError`, `TemporarilyUnavailableError`, `DocumentDamagedError`.
        """
        with reading(self.engine) as session:
            kept = find_form(session, receipt.id)
            stamped = None if kept is not None else find_timestamped(session, [receipt.id]).get(receipt.id)
        has_lapsed = kept is not None and self._has_lapsed(kept, now)
        if kept is not None and not has_lapsed:
            return self._as_kept(kept)
        from notigateway.evidence.pades import seal_pdf  # noqa: PLC0415  (see `load`)
        from notigateway.evidence.rendition import render_pdf  # noqa: PLC0415

        self.seal.check(now)  # the instant in a PDF is in whole seconds, and may be a moment earlier
        made = seal_pdf(
            render_pdf(receipt.xml, verify_url=self.verify_url, stamp=_stamp_of(stamped)),
            seal=self.seal,
            at=now.replace(microsecond=0),
        )
        sha256 = self.store.put(made)
        with writing(self.engine) as session:
            is_kept = (replace_form if has_lapsed else keep_form)(
                session,
                receipt.id,
                sha256=sha256,
                made_at=now,
                seal_sha256=fingerprint(self.seal.certificate),
                imprint=stamp_imprint(made).hex(),
            )
            kept = None if is_kept else find_form(session, receipt.id)
        return made if kept is None else self._as_kept(kept)

    def _has_lapsed(self, kept: ReceiptForm, now: datetime) -> bool:
        """Tell whether a form convinces nobody any more: a seal of before made it, and nothing dates it."""
        if kept.seal_sha256 in {None, fingerprint(self.seal.certificate)}:
            return False
        if kept.token is not None and self._lasting(now).has_ended(kept.token):
            return True
        pin = dated(self._former()).get(kept.seal_sha256 or "")
        ended = now if pin is None else pin.until
        return ended < now and (kept.timestamped_at is None or ended < kept.timestamped_at)

    def _former(self) -> Sequence[DatedCertificate]:
        """Return the seals of before, with their periods. Raises: `TemporarilyUnavailableError`."""
        try:
            return load_seals(self.retired_seals)
        except ConfigurationError as error:  # it was right when this process began
            raise TemporarilyUnavailableError(error.detail) from error

    def _lasting(self, now: datetime) -> Lasting:
        """Return what tells which time-stamps convince now, by the periods as the folder has them now.

        Raises: `TemporarilyUnavailableError` where it cannot be read.
        """
        try:
            return Lasting.of(self.authorities(), now)
        except ConfigurationError as error:  # it was right when this process began
            raise TemporarilyUnavailableError(error.detail) from error

    def _as_kept(self, kept: ReceiptForm) -> bytes:
        made = self.store.get(kept.sha256)
        if kept.token is None or kept.timestamped_at is None:
            return made
        stamped = add_stamp(made, kept.token)
        seal = load_der_x509_certificate(find_seal(made).certificate.dump())
        (authority,) = embedded_certificates(kept.token)
        with reading(self.engine) as session:
            chosen = choose(session, (seal, authority), kept.timestamped_at)
            return stamped if chosen is None else add_validation_data(stamped, read_chosen(session, chosen))

    def bundle_of(
        self,
        receipt: Receipt,
        stamped: ReceiptTimestamp | None,
        *,
        previous: Receipt | ReceiptTimestamp | None,
        may_see: Callable[[Names], bool],
        now: datetime,
        write: Callable[..., bytes] = bundle.write_bundle,
    ) -> bytes:
        """Return everything that proves a receipt, in one file; `previous` is the one before it, as raised.

        It holds the time-stamped form, where there is one. What no checkpoint of the log covers yet makes it
        sign one. `may_see` tells whether the request may be in it, by what that names; `write` puts the file
        together: a bundle, or a container of associated signatures.

        Raises: what `form_of` raises; `LogDamagedError`.
        """
        self.seal.check(now)  # its manifest is sealed whatever else is kept already
        inclusion = included(
            self.engine,
            receipt.id,
            seal=self.seal,
            origin=self.log_origin,
            cosignatures=self.cosignatures,
            now=now,
        )
        lasting = self._lasting(now)
        with reading(self.engine) as session:
            inclusion, renewals = with_renewals(session, receipt.id, inclusion, lasting)
        request, left_out = self._request(receipt, may_see)
        files: dict[str, bytes | None] = {
            bundle.RECEIPT: receipt.xml if stamped is None else stamped.xml,
            bundle.FORM: self.form_of(receipt, now=now),
            bundle.PREVIOUS: None if previous is None else previous.xml,
            bundle.SEAL_CERTIFICATE: seal_certificate_of(receipt.xml).public_bytes(Encoding.DER),
            bundle.AUTHORITY_CERTIFICATE: None
            if stamped is None
            else _authority_of(stamped.xml).public_bytes(Encoding.DER),
            bundle.LEAF: inclusion.leaf,
            bundle.INCLUSION: inclusion_text(
                index=inclusion.index, salt=inclusion.salt or b"", proof=inclusion.proof
            ),
            bundle.CHECKPOINT: self._note(inclusion.checkpoint),
            bundle.CHECKPOINT_TOKEN: inclusion.checkpoint.token,
            bundle.RENEWALS: renewals,
            **request,
        }
        present = {name: content for name, content in files.items() if content is not None}
        return write(present, receipt_id=receipt.id, seal=self.seal, made_at=now, left_out=left_out)

    def _note(self, head: LogCheckpoint) -> bytes:
        """Return a head of the log with whatever witnesses have signed of it.

        Raises: `TemporarilyUnavailableError` where the certificate of its seal is not there.
        """
        present = self.seal.certificate
        seals = {fingerprint(present): present}
        try:
            if head.seal_sha256 not in seals:
                retired = [one.certificate for one in self._former()]
                seals |= {fingerprint(one): one for one in retired}
            with reading(self.engine) as session:
                return note_of(head, seals, list_cosignatures(session, head.size))
        except ConfigurationError as error:  # it was right when this process began
            raise TemporarilyUnavailableError(error.detail) from error

    def _request(
        self, receipt: Receipt, may_see: Callable[[Names], bool]
    ) -> tuple[dict[str, bytes | None], Sequence[bundle.LeftOut]]:
        """Return the request that caused it, who signed that, and how the certificate was found good.

        And whether the request is left out: who signed it, and how that is known, stands in the receipt.
        """
        said = Reading(parse_receipt(receipt.xml))
        envelope_sha256 = said.find("RequestEvidence", "EnvelopeSha256")
        revocation_sha256 = said.find("ActorAuthentication", "RevocationSha256")
        with reading(self.engine) as session:
            envelope = None if envelope_sha256 is None else session.get(RequestEnvelope, envelope_sha256)
            decided = find_party_of(session, receipt)
            found = get_revocation_data(session, [revocation_sha256] if revocation_sha256 else [])
        data = [content for _, _, content in found]
        files: dict[str, bytes | None] = {
            bundle.REVOCATION: data[0]
            if data and hashlib.sha256(data[0]).hexdigest() == revocation_sha256
            else None,
        }
        if envelope is None or envelope_sha256 is None:
            return files, ()
        about = said.find("UserContentInfo", "NotificationId")
        signing = Signing(
            certificate=None
            if envelope.certificate is None
            else load_der_x509_certificate(envelope.certificate),
            party=envelope.party,
            stated=said.find("ActorAuthentication", "CertificateSha256"),
            decided=decided,
        )
        names = names_in(
            envelope.xml,
            signing,
            about=None if about is None else UUID(about),
            known=self.known,
            families=self.families,
        )
        if names.certificate is not None:
            files[bundle.CALLER_CERTIFICATE] = names.certificate.public_bytes(Encoding.DER)
        if may_see(names):
            return {**files, bundle.REQUEST: envelope.xml}, ()
        return files, (bundle.LeftOut(bundle.REQUEST, envelope_sha256, bundle.NAMES_OTHERS),)


def _authority_of(stamped: bytes) -> Certificate:
    """Return the certificate of who made the time-stamp in a receipt: a token is kept with that one alone."""
    (certificate,) = embedded_certificates(take_out(stamped)[1] or b"")
    return certificate


def _stamp_of(stamped: ReceiptTimestamp | None) -> Stamp | None:
    """Return what the form of a receipt names of its time-stamp."""
    if stamped is None:
        return None
    return Stamp(stamped.at, _authority_of(stamped.xml).subject.rfc4514_string())
