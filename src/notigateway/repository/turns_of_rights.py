"""Who acts by another's right and who changes such rights take turns, in the order in which they come.

The rows of a right are shared by all who act by it, and PostgreSQL lets whoever shares a row pass whoever
waits to have it alone: an attorney that never stops deciding would keep its own revocation waiting for ever.
Advisory locks are granted in order, so each takes one before it touches a row; of the party that acts, so
that others do not meet. SQLite has one writer anyway.

One order everywhere: the row of an addressee, a turn, the rows of notifications, the rows of rights. Of
several parties natural persons come first: whoever works for entities knows for which once it has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Select, String, Uuid, bindparam, func, literal, select

from notigateway.law.identifiers import is_company_nif
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_users import RedUser
from notigateway.repository.rights import Power

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import SQLColumnExpression

    from notigateway.repository.session import Session


def take_turn_to_act(session: Session, parties: Iterable[str]) -> None:
    """Let the transaction act by what others have given these parties, beside whoever does so too."""
    _take(session, _TO_ACT, parties)


def take_turn_to_change(session: Session, parties: Iterable[str]) -> None:
    """Let the transaction alone change what these parties may do by right of others."""
    _take(session, _TO_CHANGE, parties)


def take_turn_to_tell(session: Session, power_id: UUID) -> None:
    """Let the transaction rely on a power, beside whoever acts by it."""
    _take_of(session, _TO_TELL_A_POWER, power_id)


def take_turn_to_change_power(session: Session, power_id: UUID) -> None:
    """Let the transaction alone change a power, and what else its attorney has been given."""
    _take_of(session, _TO_CHANGE_A_POWER, power_id)


def take_turn_to_change_user(session: Session, user_id: UUID) -> None:
    """Let the transaction alone change a registration, and what else that person has been given."""
    _take_of(session, _TO_CHANGE_A_USER, user_id)


def _take(session: Session, turn: Prepared, parties: Iterable[str]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        for party in sorted(set(parties), key=lambda one: (is_company_nif(one), one)):
            turn.rows(session, party=party)


def _take_of(session: Session, turn: Prepared, right: UUID) -> None:
    if session.get_bind().dialect.name == "postgresql":
        turn.rows(session, right=right)


def _shared(party: SQLColumnExpression[str]) -> Select[None]:
    return select(func.pg_advisory_xact_lock_shared(_key(party)).label("turn"))


def _alone(party: SQLColumnExpression[str]) -> Select[None]:
    return select(func.pg_advisory_xact_lock(_key(party)).label("turn"))


def _key(party: SQLColumnExpression[str]) -> SQLColumnExpression[int]:
    return func.hashtextextended(literal("rights ").concat(party), 0)


_PARTY: Final = bindparam("party", type_=String)
_RIGHT: Final = bindparam("right", type_=Uuid)
_TO_ACT: Final = Prepared(_shared(_PARTY))
_TO_CHANGE: Final = Prepared(_alone(_PARTY))
_TO_TELL_A_POWER: Final = Prepared(_shared(Power.attorney).where(Power.id == _RIGHT))
_TO_CHANGE_A_POWER: Final = Prepared(_alone(Power.attorney).where(Power.id == _RIGHT))
_TO_CHANGE_A_USER: Final = Prepared(_alone(RedUser.person).where(RedUser.id == _RIGHT))
