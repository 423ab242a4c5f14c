"""What leaves of a notification: its metadata, its documents, its receipts, or why they stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from notigateway import errors
    from notigateway.addressee.contents import Content
    from notigateway.repository.model import Document, Notification, Receipt
    from notigateway.repository.timestamps import ReceiptTimestamp

    Stamped = tuple[Receipt, ReceiptTimestamp | None]


@dataclass(frozen=True)
class Retrieved:
    """What may be delivered of one notification.

    `documents` are without content until `with_contents`, and stay so where they go by reference;
    `receipts` are there where they are asked for.
    """

    id: UUID
    notification: Notification | None = None
    documents: Sequence[tuple[Document, Content | None]] = ()
    problem: type[errors.GatewayError] | None = None
    is_for_information: bool = False
    receipts: Sequence[Stamped] = ()

    @property
    def has_content(self) -> bool:
        """Tell whether content is to leave with it."""
        return any(content is not None for _, content in self.documents)

    @property
    def is_first_handover(self) -> bool:
        """Tell whether content is to leave that nobody has been given before: see `hand_over`."""
        return self.has_content and self.notification is not None and self.notification.awaits_handover()


@dataclass(frozen=True)
class HandedOver:
    """What may not leave any more, and why; what was found, with the receipts that there are now."""

    lost: Mapping[UUID, type[errors.GatewayError]]
    found: Mapping[UUID, Notification]


def with_its_receipts(
    result: Retrieved, row: Notification | None, stamped: Mapping[UUID, ReceiptTimestamp]
) -> Retrieved:
    """Return it with the receipts that the notification has by now."""
    receipts = in_order(None if row is None else row.receipts) or ()
    return replace(result, receipts=[(one, stamped.get(one.id)) for one in receipts])


def with_receipts_of(results: Sequence[Retrieved], handed: HandedOver) -> list[Retrieved]:
    """Return what was retrieved with its receipts, where it has them, as they are after the handing over."""
    return [
        with_its_receipts(one, handed.found[one.id], {row.id: stamp for row, stamp in one.receipts if stamp})
        if one.receipts and one.id in handed.found
        else one
        for one in results
    ]


def in_order(receipts: Sequence[Receipt] | None) -> list[Receipt] | None:
    """Return a notification's receipts in the order of their events, those of one instant as sealed."""
    if receipts is None:
        return None
    return sorted(receipts, key=lambda r: (r.event_time, r.position or 0, r.id))
