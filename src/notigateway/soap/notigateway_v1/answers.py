"""From rows to wire types: what the contract says of them."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

from notigateway.contract.problems import texts_of
from notigateway.errors import GatewayError, NotificationUnknownError
from notigateway.law.lifecycle import UNDECIDED
from notigateway.soap.notigateway_v1 import types

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.addressee import mailbox
    from notigateway.repository import model
    from notigateway.repository.timestamps import ReceiptTimestamp


def problem(error: type[GatewayError] | None) -> types.Problem | None:
    """Return the catalogue's entry of an error."""
    if error is None:
        return None
    texts = texts_of(error)
    return types.Problem(code=error.code, textEs=texts.es, textEn=texts.en, retryable=error.retryable)


def notification(row: model.Notification, now: datetime) -> types.Notification:
    """Return a notification's metadata as of `now`."""
    act, body, addressee = row.act, row.act.issuing_body, row.addressee
    state = row.state_at(now)
    sizes = [int(size) for size in act.document_sizes.split()]
    return types.Notification(
        code=row.code,
        id=str(row.id),
        kind=str(row.kind),
        subject=act.subject,
        issuingBody=types.IssuingBody(issuerId=body.dir3, acronym=body.acronym, name=body.name),
        procedure=act.procedure,
        matter=act.matter,
        addressee=types.Party(identifier=addressee.identifier, name=addressee.name),
        role=str(row.seen_as),
        state=str(state),
        availableAt=row.available_at,
        deadline=row.deadline,
        timeLeft=_time_left(row.deadline, now) if state in UNDECIDED else None,
        specialCategory=act.special_category,
        documentCount=len(sizes),
        documentSize=sizes,
    )


def _time_left(deadline: datetime | None, now: datetime) -> timedelta | None:
    """Return what is left of a term: nothing of one that an outage is about to move."""
    return None if deadline is None else max(deadline - now, timedelta(0))


def receipt(
    row: model.Receipt | None, stamped: ReceiptTimestamp | None = None, *, file: bytes | None = None
) -> types.Receipt | None:
    """Return a receipt, its bytes as they are stored: the original, or the form with the time-stamp.

    `file` is its other form, where one is wanted.
    """
    if row is None:
        return None
    form = stamped or row
    return types.Receipt(
        receiptId=str(row.id),
        state=str(row.state),
        eventTime=row.event_time,
        sha256=form.sha256,
        xml=[form.xml],
        level="XAdES-T" if stamped else "XAdES-EPES",
        file=None if file is None else [file],
    )


def retrieved(result: mailbox.Retrieved, now: datetime) -> types.RetrievedNotification:
    """Return one item of RetrieveNotifications."""
    return types.RetrievedNotification(
        id=str(result.id),
        notification=None if result.notification is None else notification(result.notification, now),
        document=[document(row, content) for row, content in result.documents],
        problem=problem(result.problem),
    )


def document(row: model.Document, content: bytes | None) -> types.Document:
    """Return a document, with its bytes or by reference."""
    return types.Document(
        documentId=str(row.id),
        name=row.name,
        mediaType=row.media_type,
        size=row.size,
        sha256=row.sha256,
        content=None if content is None else [content],
    )


def receipts(
    wanted: UUID,
    rows: Sequence[tuple[model.Receipt, ReceiptTimestamp | None]] | None,
    files: Sequence[bytes | None] = (),
) -> types.NotificationReceipts:
    """Return one item of RetrieveReceipts."""
    return types.NotificationReceipts(
        id=str(wanted),
        receipt=[receipt(row, stamped, file=file) for (row, stamped), file in zip_longest(rows or (), files)],
        problem=problem(NotificationUnknownError if rows is None else None),
    )
