"""The steps about what stands around a receipt: the one before it, the log, its form for people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from notigateway.evidence import bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.existence import Proof
from notigateway.evidence.inclusion import read_inclusion
from notigateway.evidence.pades import since
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.evidence.statement import EITHER_FORM
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.xades import seal_certificate_of, verify_receipt
from notigateway.instants import instant_text
from notigateway.pki.keys import subject_of
from notigateway.tlog.checkpoint import read_checkpoint
from notigateway.tlog.dating import verify_checkpoint_token
from notigateway.tlog.leaf import Leaf, LeafKind, commitment
from notigateway.tlog.merkle import is_included, leaf_hash
from notigateway.tlog.note import Note, SealedHead, read_note, verify_note
from notigateway.tlog.quorum import WITNESS_CLOCKS, WITNESSES, count_cosignatures
from notigateway.verifier.archives import read_archives
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from notigateway.evidence.timestamp import Stamp
    from notigateway.verifier.examination import Examination

_POLICY: Final = "EvidenceIssuerPolicy", "EvidenceIssuerPolicyID"


_NO_CHECKPOINT: Final = "there is no checkpoint in this file"
_HEAD_NOT_PROVEN: Final = "the seal on the checkpoint is not proven"


@dataclass
class Surroundings:
    """What came beside the receipt of a case; the seal on the log's head is kept once it is proven."""

    case: Examination
    note: Note | None = None
    head: SealedHead | None = None
    # Since when the head exists by the clocks of witnesses, where the trust folder trusts them.
    seen: Proof | None = None
    is_included: bool = False

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
            raise self.case.absent("the receipt before this one is not in this file")
        held = take_apart(data)
        original = held.original
        if hashlib.sha256(original).hexdigest() != stated:  # before anything of it is read
            raise FailedError("the receipt before this one is not the one that it names")
        trust, existence = self.case.trust, self.case.existence
        previous = verify_receipt(original, seal_certificates=trust.seals)
        if previous.notification_id != facts.notification_id:
            raise FailedError("the receipt before this one is about another notification")
        existence.check_named(bundle.PREVIOUS)
        stamps = stamps_on_seal(held, trust.stampers)
        archives = read_archives(self.case, held)
        known = list(archives.all)
        if trust.authorities:
            known += [existence.proof(stamp, archives.after(place)) for place, stamp in stamps]
        existence.seals.append(("the seal of the receipt before it", seal_certificate_of(original), known))
        return f"follows {previous.receipt_id}, as it says{held.remark}"

    def inclusion(self) -> str:
        """Check that the log holds this receipt, at the checkpoint of this file."""
        facts = self.case.proven()
        if bundle.LEAF not in self.case.files:
            raise self.case.absent("there is no proof of the log in this file")
        proof = read_inclusion(self.case.files[bundle.INCLUSION])
        leaf = self.case.files[bundle.LEAF]
        record = commitment(self.case.original(), proof.salt)
        if leaf != Leaf(LeafKind.RECEIPT, facts.receipt_id, record).to_bytes():
            raise FailedError("the leaf does not speak of this receipt")
        head = read_checkpoint(read_note(self.case.files[bundle.CHECKPOINT]).text)
        if not is_included(leaf_hash(leaf), proof.index, head.size, proof=proof.proof, root=head.root):
            raise FailedError("the proof does not lead from the receipt to the root of the log")
        self.is_included = True
        return f"entry {proof.index} of {head.size} in the log {head.origin}"

    @property
    def _is_of_either_form(self) -> bool:
        """Whether the receipt, and so perhaps the head over it, is from before a seal had one form."""
        is_proven = self.case.facts is not None
        return is_proven and self.case.reading.get(*_POLICY) in EITHER_FORM

    def checkpoint(self) -> str:
        """Check the seal on the log's head."""
        if bundle.CHECKPOINT not in self.case.files:
            raise self.case.absent(_NO_CHECKPOINT)
        self.case.need_seals()
        self.note = read_note(self.case.files[bundle.CHECKPOINT])
        self.head = verify_note(
            self.note, seal_certificates=self.case.trust.seals, either_form=self._is_of_either_form
        )
        sealer = subject_of(self.head.seal.certificate)
        return f"sealed by {sealer} on {instant_text(self.head.checkpoint.at)}"

    def cosignatures(self) -> str:
        """Check who else has seen the log's head: the witnesses that the trust folder names."""
        quorum = self.case.trust.quorum
        if bundle.CHECKPOINT not in self.case.files:
            if not self.case.needs_witnesses:
                raise self.case.absent(_NO_CHECKPOINT)
            return self._without_witnesses(_NO_CHECKPOINT)
        if quorum is None:
            return self._without_witnesses(f"the trust folder names no witness in {WITNESSES}")
        if self.head is None or self.note is None:
            raise UndeterminedError(_HEAD_NOT_PROVEN)
        found = count_cosignatures(
            self.note, quorum, stated=self.head.checkpoint.at, at=self.case.known_until
        )
        if not found.is_enough:
            lack = FailedError if self.case.needs_witnesses else UndeterminedError
            raise lack(f"fewer witnesses have cosigned the checkpoint than are needed: {found.words}")
        if found.existed_at is not None:
            self.seen = Proof(found.existed_at, WITNESS_CLOCKS, frozenset({"Ed25519", "SHA-256"}))
        return f"cosigned by {found.words}"

    def _without_witnesses(self, lack: str) -> str:
        if self.case.needs_witnesses:
            raise UndeterminedError(f"cosignatures are required: {lack}")
        raise SkippedError(lack)

    def checkpoint_timestamp(self) -> str:
        """Check since when the log's head exists, by somebody else's clock; and that its seal counts now."""
        if bundle.CHECKPOINT not in self.case.files:
            raise self.case.absent(_NO_CHECKPOINT)
        if self.head is None:
            raise UndeterminedError(_HEAD_NOT_PROVEN)
        stamp = self._stamp_of(self.head)
        known = [] if stamp is None else [self.case.existence.proof(stamp)]
        known += [] if self.seen is None else [self.seen]
        later = self._later(self.head, stamp)
        # Whoever saw the head saw the receipt's leaf, which commits to its bytes.
        if self.is_included and later is None:
            self.case.existence.proofs += [
                replace(one, algorithms=one.algorithms | {"SHA-256"}) for one in known
            ]
        why = self.case.existence.lack(self.head.seal.certificate, known)
        if why is not None and self.case.existence.is_past_sha_256 and self.case.existence.is_bound:
            raise SkippedError(
                f"{why}; nothing is concluded from this head, and nothing needs it: the renewed heads and "
                "the second tree prove the receipt"
            )
        if why is not None:
            raise UndeterminedError(f"the seal on the checkpoint: {why}")
        if later is not None:
            raise SkippedError(f"{later}: nothing is concluded from it")
        if stamp is not None:
            return f"the head of the log existed on {instant_text(stamp.at)}"
        if self.seen is not None:
            return f"the head of the log existed on {instant_text(self.seen.at)}, by the clocks of witnesses"
        if bundle.CHECKPOINT_TOKEN in self.case.files:
            raise SkippedError(
                "its time-stamp proves no time, since the trust folder has no authority in timestamp/"
            )
        raise SkippedError("the checkpoint has no time-stamp yet: a bundle fetched later may have it")

    def _later(self, head: SealedHead, stamp: Stamp | None) -> str | None:
        """Return what of head and time-stamp was not there at the instant as of which is verified."""
        said = [("the head was made", head.checkpoint.at)]
        said += [] if stamp is None else [("its time-stamp was given", stamp.at)]
        late = (self.case.is_later(what, when) for what, when in said if when > self.case.known_until)
        return next(late, None)

    def _stamp_of(self, head: SealedHead) -> Stamp | None:
        """Return the head's time-stamp; None where there is none, or nobody is pinned who could say so."""
        token = self.case.files.get(bundle.CHECKPOINT_TOKEN)
        if token is None:
            return None
        stampers = self.case.trust.stampers
        stamp = verify_checkpoint_token(
            token,
            head.line.signature,
            head.checkpoint,
            authorities=stampers or embedded_certificates(token),
        )
        return stamp if stampers else None

    def form(self) -> str:
        """Check that the PDF is the sealed form of this very receipt."""
        self.case.proven()
        if bundle.FORM not in self.case.files:
            raise self.case.absent("there is no PDF in this file")
        if self.case.sets_form_aside and bundle.MANIFEST in self.case.files:
            raise SkippedError("it was not looked at (--without-form): what its pages show is not proven")
        form = self.case.read_form(self.case.files[bundle.FORM])
        if form.receipt != self.case.original():
            raise FailedError("the receipt attached to the PDF is not this one")
        if form.sealed_at > self.case.known_until:
            raise SkippedError(f"{self.case.is_later('it was made', form.sealed_at)}: it proves nothing")
        known = self.case.existence.chain(form.stamps)
        self.case.existence.proofs += known  # whoever saw the PDF saw the receipt in it
        why = self.case.existence.lack(form.certificate, known)
        if why is not None:
            raise UndeterminedError(f"the seal on the PDF: {why}{self._instead_of_form()}")
        return f"holds this receipt and is {since(form, self.case.known_until)}"

    def _instead_of_form(self) -> str:
        """Say what to do about a PDF that nothing proves any more, beside a receipt that is proven."""
        if bundle.MANIFEST not in self.case.files or not self.case.existence.is_bound:
            return ""
        return (
            ". The second tree is about the receipt, and not about what these pages show: do not read them. "
            "To verify all the rest, give --without-form"
        )
