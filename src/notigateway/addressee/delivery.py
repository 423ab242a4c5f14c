"""How an addressee is notified: postal or electronic (Orden ISM/903/2020 art. 4.2 and 9).

A choice counts for what is put at disposal after it. Who is obliged to electronic means cannot choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.law.obligation import (
    changes_channel,
    channel_in_force,
    is_obliged,
    obligations_by_nature,
    standing_obligations,
)
from notigateway.receipts.recording import record_request
from notigateway.repository.addressees import DeliveryChoice, find_addressee, find_delivery_choice
from notigateway.repository.powers import lock_party
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.law.obligation import Obligation
    from notigateway.law.representation import DeliveryChannel
    from notigateway.receipts.asking import Asking
    from notigateway.repository.obliging import Obliging
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Delivery:
    """How the addressee is notified; without `chosen_at` it never chose.

    `is_obliged` says that it has no choice at all; of the `obligations` some may be for some acts only.
    """

    is_obliged: bool
    channel: DeliveryChannel | None
    chosen_at: datetime | None
    obligations: tuple[Obligation, ...]


@dataclass(frozen=True)
class Delivering:
    """What a party learns and chooses of its own delivery."""

    obliging: Obliging

    def get_channel(self, session: Session, asking: Asking) -> Delivery:
        """Return the caller's own channel: also of who was never notified."""
        addressee = find_addressee(session, asking.party)
        if addressee is None:
            standing = standing_obligations(obligations_by_nature(asking.party), asking.now)
            return _delivery(None, standing, now=asking.now)
        standing = self.obliging.standing(session, addressee, now=asking.now)
        return _delivery(find_delivery_choice(session, addressee), standing, now=asking.now)

    def choose_channel(self, session: Session, asking: Asking, channel: DeliveryChannel) -> Delivery:
        """Choose the channel of everything put at disposal from now on, scheduled acts among it.

        Who was never notified chooses too, and becomes an addressee (Orden ISM/903/2020 art. 4.2).

        Raises: `ChannelObligedError` for paper where electronic means are obligatory.
        """
        addressee = lock_party(session, asking.party, name=asking.caller.party_name)
        choice = find_delivery_choice(session, addressee)
        standing = self.obliging.standing(session, addressee, now=asking.now)
        obliged, before = is_obliged(standing, asking.now), None if choice is None else choice.channel
        if changes_channel(channel, before, obliged=obliged):
            choice = DeliveryChoice(
                id=uuid7(asking.now),
                addressee_id=addressee.id,
                channel=channel,
                chosen_at=asking.now,
                chosen_by=asking.caller.signer,
            )
            session.add(choice)
            record_request(session, asking)
            self.obliging.look_again(session, addressee.id, now=asking.now)
        return _delivery(choice, standing, now=asking.now)


def _delivery(choice: DeliveryChoice | None, standing: tuple[Obligation, ...], *, now: datetime) -> Delivery:
    """Say how the addressee is notified."""
    obliged = is_obliged(standing, now)
    channel = channel_in_force(None if choice is None else choice.channel, obliged=obliged)
    chosen_at = None if choice is None or obliged else choice.chosen_at
    return Delivery(obliged, channel, chosen_at, standing)
