"""The step about renewed heads: what proves a receipt once the authority of its time-stamp has ended."""

from __future__ import annotations

from hashlib import sha512
from typing import TYPE_CHECKING

from notigateway.evidence import bundle
from notigateway.evidence.additions import take_apart
from notigateway.evidence.inclusion import read_inclusion
from notigateway.instants import instant_text
from notigateway.tlog.leaf import Leaf, LeafKind, commitment
from notigateway.tlog.renewal import read_renewals
from notigateway.tlog.renewed import follow
from notigateway.verifier.report import FailedError, SkippedError, UndeterminedError

if TYPE_CHECKING:
    from notigateway.verifier.examination import Examination


def _digest(name: str, data: bytes) -> bytes:
    """Return by what the second tree binds a file: of a receipt as it was issued."""
    return sha512(take_apart(data).original if name == bundle.PREVIOUS else data).digest()


def check_renewals(case: Examination, beside: bytes | None = None) -> str:
    """Check the way from the receipt to the newest renewed head; keep since when that proves the receipt.

    `beside` is the request where it was given beside the file: the second tree binds it as one inside.

    Whoever gave the first of its tokens saw a head over the receipt's leaf, which commits to its bytes.
    """
    facts = case.proven()
    text = case.files.get(bundle.RENEWALS)
    if text is None:
        raise case.absent("there are no renewed heads in this file")
    renewals = read_renewals(text)
    leaf, original = case.files[bundle.LEAF], case.original()
    salt = read_inclusion(case.files[bundle.INCLUSION]).salt
    if leaf != Leaf(LeafKind.RECEIPT, facts.receipt_id, commitment(original, salt)).to_bytes():
        raise FailedError("the leaf does not speak of this receipt")
    case.need_seals()
    if not case.trust.authorities:
        raise SkippedError("the trust folder has no authority in timestamp/")
    found = follow(renewals, leaf, original, seals=case.trust.seals, authorities=case.trust.authorities)
    case.existence.proofs.append(found.proof)
    if renewals.second is not None:
        binds = found.second is not None and case.existence.binds(found.second)
        for name, stated in (
            (bundle.PREVIOUS, renewals.second.previous),
            (bundle.REQUEST, renewals.second.request),
        ):
            given = [case.files.get(name), beside if name == bundle.REQUEST else None]
            compared = [one for one in given if one is not None]
            if any(stated != _digest(name, one) for one in compared):
                raise FailedError(f"{name} is not what the second tree binds")
            if binds and compared:
                case.existence.bound.add(name)
        case.existence.is_bound = binds and case.existence.judgement.counts(found.proof)
    times = f"renewed {len(found.heads)} times" if len(found.heads) > 1 else "renewed once"
    if found.statements:
        times += f", with a second tree (SHA-512) since {instant_text(found.statements[0].at)}"
    if not case.existence.judgement.counts(found.proof):
        newest = (found.statements or found.heads)[-1]
        raise UndeterminedError(
            f"{times}, last on {instant_text(newest.at)}: at {instant_text(case.at)} that does not convince "
            "any more; a bundle made now may hold a later one"
        )
    return f"the receipt was in the log on {instant_text(found.proof.at)}, {times}"
