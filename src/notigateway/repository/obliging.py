"""Finds the ground on which an addressee is obliged, when something is put at disposal or comes to be.

It is fixed at the instant at which a notification arrives. Whoever changes an obligation, a choice, a main
account or a power looks again at what has not arrived, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notigateway.law.deadlines import deadline
from notigateway.law.obligation import (
    DEFAULT_OBLIGATION,
    Access,
    Issued,
    Obligation,
    ObligationPolicy,
    access_to,
    standing_obligations,
)
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.addressees import chosen_channel, find_addressee
from notigateway.repository.model import Addressee
from notigateway.repository.obligations import is_natural, issued_of, known_obligations, lock_scheduled

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from notigateway.repository.model import Notification
    from notigateway.repository.rights import Power
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
        known = known_obligations(session, addressee, self.policy)
        choice = chosen_channel(session, addressee) if is_natural(addressee) else None
        return access_to(issued, known, choice=choice, at=at, policy=self.policy)

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
