"""How an addressee is notified: postal or electronic (Orden ISM/903/2020 art. 4.2 and 9).

A choice counts for what is issued after it. Who is obliged to electronic means cannot choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.law.obligation import changes_channel, channel_in_force, is_obliged
from notigateway.receipts.recording import record_request
from notigateway.repository.addressees import DeliveryChoice, find_addressee, find_delivery_choice
from notigateway.repository.powers import lock_party
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.representation import DeliveryChannel
    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Delivery:
    """How the addressee is notified; without `chosen_at` it never chose and the issuing body decides."""

    is_obliged: bool
    channel: DeliveryChannel | None
    chosen_at: datetime | None


def get_delivery_channel(session: Session, asking: Asking) -> Delivery:
    """Return the caller's own channel: also of who was never notified."""
    addressee = find_addressee(session, asking.party)
    if addressee is None:
        return _delivery(None, obliged=is_obliged(asking.party, ccc=None))
    return _delivery(find_delivery_choice(session, addressee), obliged=addressee.is_obliged)


def set_delivery_channel(session: Session, asking: Asking, channel: DeliveryChannel) -> Delivery:
    """Choose the channel of everything issued from now on.

    Who was never notified chooses too, and becomes an addressee (Orden ISM/903/2020 art. 4.2).

    Raises: `ChannelObligedError` for paper where electronic means are obligatory.
    """
    addressee = lock_party(session, asking.party, name=asking.caller.party_name)
    choice = find_delivery_choice(session, addressee)
    standing = None if choice is None else choice.channel
    if changes_channel(channel, standing, obliged=addressee.is_obliged):
        choice = DeliveryChoice(
            id=uuid7(asking.now),
            addressee_id=addressee.id,
            channel=channel,
            chosen_at=asking.now,
            chosen_by=asking.caller.signer,
        )
        session.add(choice)
        record_request(session, asking)
    return _delivery(choice, obliged=addressee.is_obliged)


def _delivery(choice: DeliveryChoice | None, *, obliged: bool) -> Delivery:
    """Say how the addressee is notified."""
    channel = channel_in_force(None if choice is None else choice.channel, obliged=obliged)
    chosen_at = None if choice is None or obliged else choice.chosen_at
    return Delivery(obliged, channel, chosen_at)
