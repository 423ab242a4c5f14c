"""From what is asked to what the use cases take; documents by hash are found among the body's uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.issuer.reporting import Report
from notigateway.issuer.succeeding import SuccessionTerms
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Channel, Kind
from notigateway.law.reports import Reported
from notigateway.law.submission import (
    ActSubmission,
    StoredDocument,
    SubmittedAddressee,
    SubmittedDocument,
    invalid,
)
from notigateway.law.succession import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notigateway.contract import issuing_v1


def act(dir3: str, asked: issuing_v1.Act, uploads: Mapping[str, int]) -> ActSubmission:
    """Return an act as it is submitted; `uploads` gives the sizes of the body's stored documents.

    Raises: `InvalidActError` for a document that is neither there nor uploaded.
    """
    addressee = asked.addressee
    return ActSubmission(
        issuing_body=dir3,
        reference=asked.reference,
        subject=asked.subject,
        procedure=asked.procedure,
        matter=asked.matter,
        kind=Kind(asked.kind or Kind.NOTIFICATION),
        addressee=SubmittedAddressee(
            addressee.identifier, addressee.name, ccc=addressee.ccc, naf=addressee.naf
        ),
        documents=tuple(_document(index, one, uploads) for index, one in enumerate(asked.documents)),
        available_at=asked.available_at,
        voluntary=bool(asked.voluntary),
        named_ground=None if asked.obligation_ground is None else Ground(asked.obligation_ground),
        paper=None if asked.paper is None else Paper(asked.paper),
        special_category=bool(asked.special_category),
        means_of_payment=bool(asked.means_of_payment),
        non_convertible=bool(asked.non_convertible),
        metadata=tuple((one.key, one.value) for one in asked.metadata),
    )


def succession(asked: issuing_v1.CommunicateSuccession) -> SuccessionTerms:
    """Return what is communicated of a succession."""
    return SuccessionTerms(
        predecessor=asked.predecessor,
        successor=asked.successor.identifier,
        successor_name=asked.successor.name or "",
        cause=Cause(asked.cause),
        fact_at=asked.fact_at,
        document=asked.document,
        procedures=frozenset(asked.procedures),
        account=asked.account,
    )


def _document(
    index: int, asked: issuing_v1.Document, uploads: Mapping[str, int]
) -> SubmittedDocument | StoredDocument:
    """Return a document with its bytes or as it was stored."""
    place = f"documents[{index}]"
    content, sha256 = asked.content, asked.sha256
    if content is not None and sha256 is None:
        return SubmittedDocument(asked.name, asked.media_type, content)
    if content is not None or sha256 is None:
        raise invalid(place, "content_or_sha256", "needs either content or sha256")
    if sha256 not in uploads:
        raise invalid(f"{place}.sha256", "not_uploaded", "is not the hash of a document that you uploaded")
    return StoredDocument(asked.name, asked.media_type, uploads[sha256], sha256)


def hashes(acts: Iterable[issuing_v1.Act]) -> set[str]:
    """Return the hashes by which the acts name their documents."""
    return {one.sha256 for asked in acts for one in asked.documents if one.sha256 is not None}


def report(asked: issuing_v1.Report) -> Report:
    """Return what happened elsewhere."""
    decided_by = asked.decided_by
    return Report(
        reference=asked.reference,
        channel=Channel(asked.channel),
        what=Reported(asked.decision),
        at=asked.at,
        evidence=asked.evidence,
        first_attempt_at=asked.first_attempt_at,
        party=None if decided_by is None else decided_by.identifier,
        party_name=None if decided_by is None else decided_by.name,
    )
