"""Which title gives a representative a notification: what a receipt names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from notigateway.law.representation import Role
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.rights import Power, RedAssignment, power_covers, red_covers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session


def lock_titles(
    session: Session, rows: Sequence[Notification], *, party: str, now: datetime, rights: RightsPolicy
) -> dict[int, str]:
    """Return the title of each row by its code: a power's identifier or a RED authorisation.

    The titles stay locked until the end of the transaction: a revocation waits for a decision taken by
    the power, and a decision that waited for a revocation no longer finds the power.
    """
    by_role = {role: [r.code for r in rows if r.seen_as is role] for role in (Role.ATTORNEY, Role.RED)}
    titles: dict[int, str] = {}
    if by_role[Role.ATTORNEY]:
        powers = (
            select(Notification.code, Power.id)
            .join(Act, Notification.act_id == Act.id)
            .join(Power, Power.grantor_id == Notification.addressee_id)
            .where(Notification.code.in_(by_role[Role.ATTORNEY]), Power.attorney == party)
            .where(*power_covers(Power, now, rights))
            # Several may give it: the one that has stood longest is named.
            .order_by(Power.accepted_at.desc(), Power.id.desc())
            .with_for_update(of=Power, read=True)
        )
        titles.update((code, str(power_id)) for code, power_id in session.execute(powers))
    if by_role[Role.RED]:
        assignments = (
            select(Notification.code, RedAssignment.authorisation)
            .join(Act, Notification.act_id == Act.id)
            .join(Addressee, Notification.addressee_id == Addressee.id)
            .join(RedAssignment, RedAssignment.addressee_id == Addressee.id)
            .where(Notification.code.in_(by_role[Role.RED]), RedAssignment.red_party == party)
            .where(*red_covers(RedAssignment, now, rights))
            .order_by(RedAssignment.starts_at.desc(), RedAssignment.id.desc())
            .with_for_update(of=RedAssignment, read=True)
        )
        titles.update((code, authorisation) for code, authorisation in session.execute(assignments))
    return titles
