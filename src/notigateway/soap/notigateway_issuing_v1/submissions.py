"""From wire types to what the use cases take; documents by hash are found among the body's uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notigateway.issuer.amending import Cancellation, Extension
from notigateway.issuer.reporting import Report
from notigateway.law.lifecycle import Channel, Decision, Kind
from notigateway.law.submission import (
    ActSubmission,
    StoredDocument,
    SubmittedAddressee,
    SubmittedDocument,
    invalid,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notigateway.soap.notigateway_issuing_v1 import types

_DECISIONS = {"accepted": Decision.ACCEPT, "rejected": Decision.REJECT}


def act(dir3: str, asked: types.Act, uploads: Mapping[str, int]) -> ActSubmission:
    """Return an act as it is submitted; `uploads` gives the sizes of the body's stored documents.

    Raises: `InvalidActError` for a document that is neither there nor uploaded.
    """
    addressee = asked.addressee
    return ActSubmission(
        issuing_body=dir3,
        reference=asked.reference or "",
        subject=asked.subject or "",
        procedure=asked.procedure or "",
        matter=asked.matter or "",
        kind=Kind(asked.kind or Kind.NOTIFICATION),
        addressee=SubmittedAddressee(
            addressee.identifier or "", addressee.name or "", ccc=addressee.ccc, naf=addressee.naf
        ),
        documents=tuple(_document(index, one, uploads) for index, one in enumerate(asked.document)),
        available_at=asked.availableAt,
        voluntary=bool(asked.voluntary),
        special_category=bool(asked.specialCategory),
        means_of_payment=bool(asked.meansOfPayment),
        non_convertible=bool(asked.nonConvertible),
    )


def _document(
    index: int, asked: types.Document, uploads: Mapping[str, int]
) -> SubmittedDocument | StoredDocument:
    """Return a document with its bytes or as it was stored."""
    place = f"documents[{index}]"
    name, media_type, content, sha256 = asked.name or "", asked.mediaType or "", asked.content, asked.sha256
    if (content is None) == (sha256 is None):
        raise invalid(place, "content_or_sha256", "needs either content or sha256")
    if sha256 is None:
        return SubmittedDocument(name, media_type, joined(content))
    if sha256 not in uploads:
        raise invalid(f"{place}.sha256", "not_uploaded", "is not the hash of a document that you uploaded")
    return StoredDocument(name, media_type, uploads[sha256], sha256)


def joined(content: Any) -> bytes:  # noqa: ANN401  (what Spyne makes of base64: bytes or pieces of them)
    """Return the bytes of a base64 element."""
    return content if isinstance(content, bytes) else b"".join(content or ())


def hashes(acts: Iterable[types.Act]) -> set[str]:
    """Return the hashes by which the acts name their documents."""
    return {one.sha256 for asked in acts for one in asked.document if one.sha256 is not None}


def cancellation(asked: types.Cancellation) -> Cancellation:
    """Return what is to be withdrawn."""
    return Cancellation(asked.reference or "", asked.reason)


def extension(asked: types.Extension) -> Extension:
    """Return what is to be extended."""
    return Extension(asked.reference or "", asked.deadline, asked.reason or "")


def report(asked: types.Report) -> Report:
    """Return what happened elsewhere."""
    decided_by = asked.decidedBy
    return Report(
        reference=asked.reference or "",
        channel=Channel(asked.channel),
        decision=_DECISIONS[asked.decision],
        at=asked.at,
        evidence=asked.evidence or "",
        party=None if decided_by is None else decided_by.identifier or "",
        party_name=None if decided_by is None else decided_by.name,
    )
