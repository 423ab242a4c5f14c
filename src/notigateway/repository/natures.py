"""What events and receipts are where their state alone does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.lifecycle import MOVING_NOTHING, Nature
from notigateway.repository.columns import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.repository.model import Receipt


class WithNature:
    """The column of an event, and of its receipt; null where the state says it all."""

    nature: Mapped[Nature | None] = mapped_column(Word(Nature))


def chain_of(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Return the receipts of a notification each of which names the one before it, in that order.

    What moves nothing stands beside them, so that who is not told of it sees the chain whole.
    """
    chained = (receipt for receipt in receipts if receipt.nature not in MOVING_NOTHING)
    return sorted(chained, key=lambda receipt: (receipt.position or 0, receipt.id))
