"""The steps about what stands around a receipt: the one before it, the log, its form for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.errors import GatewayError
from notigateway.evidence import bundle
from notigateway.evidence.pades import since, verify_pdf
from notigateway.evidence.timestamp import embedded_certificates, take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.instants import instant_text
from notigateway.pki.keys import subject_of
from notigateway.tlog.checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from notigateway.tlog.dating import verify_checkpoint_token
from notigateway.tlog.leaf import Leaf, LeafKind, commitment
from notigateway.tlog.merkle import is_included, leaf_hash
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from notigateway.verifier.examination import Examination


@dataclass
class Surroundings:
    """What came beside the receipt of a case; the seal on the log's head is kept once it is proven."""

    case: Examination
    head: Checkpoint | None = None

    def chain(self) -> str:
        """Check the receipt before this one."""
        facts = self.case.proven()
        stated = self.case.reading.find("PreviousEvidence", "Sha256")
        data = self.case.files.get(bundle.PREVIOUS)
        if stated is None and data is None:
            raise SkippedError("this is the first receipt of its notification")
        if data is None and bundle.MANIFEST in self.case.files:
            raise FailedError("the receipt follows another, which the bundle does not hold")
        if data is None:
            raise SkippedError("the receipt before this one is not in this file; its bundle holds it")
        if hashlib.sha256(_original(data)).hexdigest() != stated:  # before anything of it is read
            raise FailedError("the receipt before this one is not the one that it names")
        previous = verify_receipt(data, seal_certificates=self.case.trust.seals)
        if previous.notification_id != facts.notification_id:
            raise FailedError("the receipt before this one is about another notification")
        return f"follows {previous.receipt_id}, as it says"

    def inclusion(self) -> str:
        """Check that the log holds this receipt, at the checkpoint of this file."""
        facts = self.case.proven()
        if bundle.LEAF not in self.case.files:
            raise SkippedError("there is no proof of the log in this file")
        proof = bundle.read_inclusion(self.case.files[bundle.INCLUSION])
        leaf = self.case.files[bundle.LEAF]
        record = commitment(self.case.original(), proof.salt)
        if leaf != Leaf(LeafKind.RECEIPT, facts.receipt_id, record).to_bytes():
            raise FailedError("the leaf does not speak of this receipt")
        head = read_checkpoint(self.case.files[bundle.CHECKPOINT])
        if not is_included(leaf_hash(leaf), proof.index, head.size, proof=proof.proof, root=head.root):
            raise FailedError("the proof does not lead from the receipt to the root of the log")
        return f"entry {proof.index} of {head.size} in the log {head.origin}"

    def checkpoint(self) -> str:
        """Check the seal on the log's head."""
        if bundle.CHECKPOINT not in self.case.files:
            raise SkippedError("there is no checkpoint in this file")
        self.case.need_seals()
        refusal: GatewayError | None = None
        for pinned in self.case.trust.seals:
            try:
                self.head = verify_checkpoint(
                    self.case.files[bundle.CHECKPOINT],
                    self.case.files[bundle.CHECKPOINT_SIGNATURE],
                    seal_certificate=pinned,
                )
            except GatewayError as error:
                refusal = error
            else:
                return f"sealed by {subject_of(pinned.certificate)} on {instant_text(self.head.at)}"
        raise FailedError(f"no pinned seal signed the checkpoint: {refusal}")

    def checkpoint_timestamp(self) -> str:
        """Check since when the log's head exists, by somebody else's clock."""
        token = self.case.files.get(bundle.CHECKPOINT_TOKEN)
        if token is None:
            raise SkippedError("there is none")
        if self.head is None:
            raise UndeterminedError("the seal on the checkpoint is not proven")
        at = verify_checkpoint_token(
            token,
            self.case.files[bundle.CHECKPOINT_SIGNATURE],
            self.head,
            authorities=self.case.trust.authorities or embedded_certificates(token),
        )
        if not self.case.trust.authorities:
            raise SkippedError("the trust folder has no authority in timestamp/")
        return f"the head of the log existed on {instant_text(at)}"

    def form(self) -> str:
        """Check that the PDF is the sealed form of this very receipt."""
        self.case.proven()
        if bundle.FORM not in self.case.files:
            raise SkippedError("there is no PDF in this file")
        form = verify_pdf(
            self.case.files[bundle.FORM],
            seal_certificates=self.case.trust.seals,
            timestamp_certificates=self.case.trust.authorities,
        )
        if form.receipt != self.case.original():
            raise FailedError("the receipt attached to the PDF is not this one")
        return f"holds this receipt and is {since(form)}"


def _original(receipt: bytes) -> bytes:
    try:
        return take_out(receipt)[0]
    except ValueError as error:
        raise FailedError("the time-stamp of the receipt before this one cannot be read") from error
