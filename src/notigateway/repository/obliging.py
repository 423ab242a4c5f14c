"""Finds the ground on which an addressee is obliged, when something is put at disposal or comes to be.

It is fixed at the instant at which a notification arrives. Whoever changes an obligation, a choice, a main
account or a power looks again at what has not arrived, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from notigateway.law.deadlines import deadline
from notigateway.law.obligation import (
    DEFAULT_OBLIGATION,
    Access,
    Issued,
    Obligation,
    ObligationPolicy,
    access_to,
    obligations_by_nature,
    standing_obligations,
)
from notigateway.repository.accounts import MainAccount
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.addressees import DeliveryChoice, chosen_channel, find_addressee
from notigateway.repository.model import Addressee
from notigateway.repository.obligations import (
    ObligationRow,
    is_natural,
    issued_of,
    known_obligations,
    lock_scheduled,
)
from notigateway.repository.rights import Power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from notigateway.law.representation import DeliveryChannel
    from notigateway.repository.model import Notification
    from notigateway.repository.session import Session


@dataclass(frozen=True, kw_only=True)
class Obliging:
    """How obligations are found: what the texts leave open.

    With `is_working_day` the last day of a term is a working one (a policy, see the settings).
    """

    policy: ObligationPolicy = DEFAULT_OBLIGATION
    is_working_day: Callable[[date], bool] | None = None

    def access(self, session: Session, addressee: Addressee, issued: Issued, *, at: datetime) -> Access:
        """Return how an act that arrives at `at` is at the addressee's disposal."""
        return self.registered(session, [addressee]).access(addressee, issued, at=at)

    def registered(self, session: Session, addressees: Iterable[Addressee]) -> Registered:
        """Return what is known of these addressees; of most of them nothing is registered."""
        natural = [row for row in addressees if is_natural(row)]
        some = _with_entries(session, natural) if natural else set()
        found = {
            row.id: (known_obligations(session, row, self.policy), chosen_channel(session, row))
            for row in natural
            if row.id in some
        }
        return Registered(self.policy, found)

    def deadline(self, access: Access, available_at: datetime) -> datetime | None:
        """Return when it lapses; None for what never does."""
        return deadline(available_at, is_working_day=self.is_working_day) if access.lapses else None

    def standing(self, session: Session, addressee: Addressee, *, now: datetime) -> tuple[Obligation, ...]:
        """Return on which grounds the addressee is obliged at `now`."""
        return standing_obligations(known_obligations(session, addressee, self.policy), now)

    def look_again(self, session: Session, addressee_id: int, *, now: datetime) -> None:
        """Find anew the ground and the deadline of what has not arrived at `now`.

        A deadline that was moved stays where the notification lapses as before. Nobody publishes
        meanwhile: what is published at the same time would otherwise miss the change.
        """
        if session.ahead is None:
            session.flush()
        addressee = session.get_one(Addressee, addressee_id)
        if not is_natural(addressee):
            return
        wait_for_turn_to_publish(session)
        scheduled = lock_scheduled(session, addressee, now=now)
        if not scheduled:
            return
        known = known_obligations(session, addressee, self.policy)
        choice = chosen_channel(session, addressee)
        for row in scheduled:
            issued = issued_of(row.act, row)
            access = access_to(issued, known, choice=choice, at=row.available_at, policy=self.policy)
            row.find_anew(access, self.deadline(access, row.available_at))

    def settle(self, session: Session, row: Notification, addressee: Addressee) -> None:
        """Find anew the ground and the deadline of a notification that will arrive for this addressee."""
        access = self.access(session, addressee, issued_of(row.act, row), at=row.available_at)
        row.find_anew(access, self.deadline(access, row.available_at))

    def look_again_by_power(self, session: Session, power: Power, *, now: datetime) -> None:
        """Look again at what has not arrived for the attorney; by policy also for the grantor."""
        attorney = find_addressee(session, power.attorney)
        if attorney is not None:
            self.look_again(session, attorney.id, now=now)
        if self.policy.attorney_obliges_grantor:
            self.look_again(session, power.grantor_id, now=now)


@dataclass(frozen=True)
class Registered:
    """What the registers say of several addressees: obligations, and the channel that was chosen."""

    policy: ObligationPolicy
    found: Mapping[int, tuple[tuple[Obligation, ...], DeliveryChannel | None]]

    def access(self, addressee: Addressee, issued: Issued, *, at: datetime) -> Access:
        """Return how an act that arrives at `at` is at the disposal of one of them."""
        by_nature = obligations_by_nature(addressee.identifier)
        known, choice = self.found.get(addressee.id, (by_nature, None))
        return access_to(issued, known, choice=choice, at=at, policy=self.policy)


def _with_entries(session: Session, addressees: Sequence[Addressee]) -> set[int]:
    """Return the keys of those of whom any of the registers says something that `registered` reads."""
    query = select(Addressee.id).where(
        Addressee.id.in_([row.id for row in addressees]),
        or_(
            exists().where(ObligationRow.addressee_id == Addressee.id),
            exists().where(MainAccount.addressee_id == Addressee.id),
            exists().where(Power.grantor_id == Addressee.id),
            exists().where(Power.attorney == Addressee.identifier),
            exists().where(DeliveryChoice.addressee_id == Addressee.id),
        ),
    )
    return set(session.scalars(query))
