"""Which title gives a representative a notification: what a receipt names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from notigateway.law.caller import Title
from notigateway.law.representation import Role
from notigateway.repository.asking_party import NOW, PARTY, asked_by
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Act, Notification
from notigateway.repository.red_users import is_for, lock_registrations
from notigateway.repository.rights import Power, RedAssignment, power_covers
from notigateway.repository.successions import lock_successions
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Select

    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.session import Session


def lock_titles(
    session: Session, rows: Sequence[Notification], *, party: str, now: datetime, rights: RightsPolicy
) -> dict[int, Title]:
    """Return the title of each row by its code: of a power, a succession, or a RED authorisation.

    The titles stay locked until the end of the transaction: a revocation waits for a decision taken by
    the power, and a decision that waited for a revocation no longer finds the power.
    """
    by_role = {role: [r.code for r in rows if r.seen_as is role] for role in (Role.ATTORNEY, Role.RED)}
    succeeded = [row.code for row in rows if row.seen_as is Role.OWN]
    titles = lock_successions(session, succeeded, party=party, now=now) if succeeded else {}
    asked = asked_by(party, now)
    if by_role[Role.ATTORNEY]:
        _lock_powers(session, rows, party=party)
        given = {**asked, "codes": by_role[Role.ATTORNEY]}
        found = session.connection().execute(_powers(rights), given)
        titles.update((code, Title(reference=str(power_id))) for code, power_id in found)
    if by_role[Role.RED]:
        lock_registrations(session, party, now)
        windows = session.connection().execute(_windows(rights), {**asked, "codes": by_role[Role.RED]})
        for code, authorisation, holder, name in windows:
            is_another = holder != party
            titles[code] = Title(
                reference=authorisation,
                holder=holder if is_another else None,
                holder_name=name if is_another else None,
            )
    return titles


@lru_cache(maxsize=16)
def _powers(rights: RightsPolicy) -> Select[int, UUID]:
    """Select the powers that give notifications; several may: the one that has stood longest is named."""
    return (
        select(Notification.code, Power.id)
        .join(Act, Notification.act_id == Act.id)
        .join(Power, Power.grantor_id == Notification.addressee_id)
        .where(one_of(Notification.code, "codes"), Power.attorney == PARTY)
        .where(*power_covers(Power, NOW, rights))
        .order_by(Power.accepted_at.desc(), Power.id.desc())
    )


@lru_cache(maxsize=16)
def _windows(rights: RightsPolicy) -> Select[int, str, str, str]:
    """Select and lock the windows that give them; one's own authorisation is named before one of a holder."""
    is_own = RedWindow.red_party == PARTY
    return (
        select(Notification.code, RedWindow.authorisation, RedWindow.red_party, RedAssignment.red_name)
        .join(Act, Notification.act_id == Act.id)
        .join(RedWindow, RedWindow.addressee_id == Notification.addressee_id)
        .join(RedAssignment, RedAssignment.id == RedWindow.assignment_id)
        .where(one_of(Notification.code, "codes"), is_for(RedWindow, PARTY, NOW))
        .where(*red_covers(RedWindow, NOW, rights))
        .order_by(is_own, RedWindow.opens_at.desc(), RedWindow.id.desc())
        .with_for_update(of=RedWindow, read=True)
    )


def _lock_powers(session: Session, rows: Sequence[Notification], *, party: str) -> None:
    """Lock the party's powers of these addressees, so that the query after this sees how they stand.

    What a power names are rows of their own: a query that waited for its lock would see them as they were
    before.
    """
    grantors = {row.addressee_id for row in rows}
    query = select(Power.id).where(Power.attorney == party, Power.grantor_id.in_(grantors))
    session.execute(query.order_by(Power.id).with_for_update(read=True)).all()
