"""The files of a notification that is new to an archive: documents, receipts and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notigateway.client.disk import write_file
from notigateway.client.file_names import safe_name
from notigateway.client.shapes import as_json
from notigateway.client.stored import DESCRIPTION, described_as, said_of, with_who, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from notigateway.contract.v1 import Document, Notification, Receipt


def fill(
    folder: int,
    notification: Notification,
    documents: Sequence[tuple[Document, Iterable[bytes]]],
    receipts: Sequence[Receipt],
    *,
    decided_at: datetime | None,
) -> dict[str, Any]:
    """Write the files of a new notification; return what is said of it."""
    said_documents, said_receipts = [], []
    for name, document, pieces in named_documents(documents):
        write_file(name, folder, pieces)
        said_documents.append({"file": name, **as_json(document)})
    for receipt in receipts:
        file = receipt_file(receipt)
        write_file(file, folder, [receipt.xml()])
        said_receipts.append(said_of(receipt, file))
    about = described_as(
        notification, documents=said_documents, receipts=said_receipts, decided_at=decided_at
    )
    with_who(about["decision"], ((one.receipt_id, one.xml()) for one in receipts))
    write_file(DESCRIPTION, folder, [written(about)])
    return about


def named_documents(
    documents: Sequence[tuple[Document, Iterable[bytes]]],
) -> Iterator[tuple[str, Document, Iterable[bytes]]]:
    """Yield the file name of each document, the document and its bytes."""
    for position, (document, pieces) in enumerate(documents, start=1):
        yield safe_name(position, document.name), document, pieces


def receipt_file(receipt: Receipt) -> str:
    """Return the name of the file of a receipt."""
    return f"receipt-{receipt.receipt_id.lower()}.xml"
