"""Rows of representation, and the rules of `representation.py` as conditions of a query."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notigateway.law import representation
from notigateway.law.representation import DEFAULT_RIGHTS, PowerScope, PowerState, Role, power_state
from notigateway.law.spans import Span
from notigateway.law.windows import Assigned
from notigateway.repository.aliases import alias_of
from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime, Word
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.outages import is_overdue, may_move
from notigateway.repository.own_inbox import OwnItem
from notigateway.repository.pending import closed_on_record
from notigateway.repository.power_items import PowerItem, an_item_covers
from notigateway.repository.red_users import RedUser, is_under, works_at
from notigateway.repository.successions import shown_by_succession
from notigateway.repository.windows import RedWindow, red_covers

if TYPE_CHECKING:
    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.asking_party import Instant, Party


class RedAssignment(Row):
    """Who manages an addressee's account in the RED system, from when until when, as that system says."""

    __tablename__ = "red_assignments"
    __table_args__ = (
        Index(None, "addressee_id"),
        Index(None, "red_party"),
        CheckConstraint("ends_at IS NULL OR ends_at >= starts_at", name="ends_after_start"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    addressee_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    account: Mapped[str] = mapped_column(String(15))
    red_party: Mapped[str] = mapped_column(String(9))
    red_name: Mapped[str] = mapped_column(String(255))
    authorisation: Mapped[str] = mapped_column(String(16))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # In which time it has effect: an entry dated back has it from when it was made. Null on rows of an
    # earlier release: from the start, until the end.
    gives_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    gives_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    addressee: Mapped[Addressee] = relationship(lazy="raise")

    def stands_at(self, now: datetime) -> bool:
        """Tell whether what is put at disposal at `now` is also for the RED person."""
        return now in Span(self.starts_at, self.ends_at)

    @property
    def assigned(self) -> Assigned:
        """What the rules need to know of this row."""
        span = Span(self.gives_from or self.starts_at, self.gives_until or self.ends_at)
        return Assigned(self.id, self.account, span)


# So that the assignment is written before its windows; here, where both are known whoever is loaded first.
RedWindow.assignment = relationship(RedAssignment, lazy="raise")


class Power(Row):
    """A power of attorney to receive notifications, in the register."""

    __tablename__ = "powers"
    __table_args__ = (Index(None, "grantor_id"), Index(None, "attorney", "grantor_id"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    grantor_id: Mapped[int] = mapped_column(ForeignKey("addressees.id"))
    attorney: Mapped[str] = mapped_column(String(9))
    attorney_name: Mapped[str] = mapped_column(String(255))
    scope: Mapped[PowerScope] = mapped_column(Word(PowerScope))
    # The one matter or procedure; NULL for a general power, and for one of several items or of a group.
    value: Mapped[str | None] = mapped_column(String(64))
    # Without effect: no power excludes data of a special category. The release before reads it.
    special_category: Mapped[bool]
    is_void: Mapped[bool]
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_cause: Mapped[PowerState | None] = mapped_column(Word(PowerState))
    # A legal person as attorney: whether it must state that it may represent others, and since when it has.
    needs_statement: Mapped[bool] = mapped_column(server_default=false())
    stated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grantor_contact: Mapped[str | None] = mapped_column(String(255))
    attorney_contact: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer)

    grantor: Mapped[Addressee] = relationship(lazy="raise")
    items: Mapped[list[PowerItem]] = relationship(order_by="PowerItem.position", lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (read by SQLAlchemy)

    @property
    def terms(self) -> representation.Power:
        """What the rules need to know of this row."""
        return representation.Power(
            scope=self.scope,
            items=tuple(item.terms for item in self.items) or self._one_item(),
            registered_at=self.registered_at,
            accepted_at=self.accepted_at,
            expires_at=self.expires_at,
            ended_at=self.ended_at,
            end_cause=self.end_cause,
            is_void=self.is_void,
            needs_statement=self.needs_statement,
            stated_at=self.stated_at,
        )

    def _one_item(self) -> tuple[representation.PowerItem, ...]:
        """Return what a power names that was granted before powers had rows of items."""
        if self.value is None:
            return ()
        return (representation.PowerItem(representation.ItemKind(self.scope), self.value),)

    def state_at(self, now: datetime) -> PowerState:
        """Return the state at `now`."""
        return power_state(self.terms, now)

    def end(self, cause: PowerState, now: datetime) -> None:
        """End it at `now`, for ever."""
        self.ended_at, self.end_cause = now, cause


class RightsChange(Row):
    """Who changed a power or a RED assignment, how and when: append-only, with the hash of the proof."""

    __tablename__ = "rights_changes"
    __table_args__ = (Index(None, "power_id"), Index(None, "red_assignment_id"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    power_id: Mapped[UUID | None] = mapped_column(ForeignKey("powers.id"))
    red_assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("red_assignments.id"))
    change: Mapped[str] = mapped_column(String(24))
    # Of a correction: why it moves what is at disposal already.
    ground: Mapped[str | None] = mapped_column(Text)
    # When it was asked for: an end that waited for a decision comes a moment later (`Power.ended_at`).
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # NULL where the operator did it.
    party: Mapped[str | None] = mapped_column(String(9))
    signer: Mapped[str | None] = mapped_column(String(9))
    request_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)

    # So that the title is written before.
    power: Mapped[Power | None] = relationship(lazy="raise")
    red_assignment: Mapped[RedAssignment | None] = relationship(lazy="raise")


def own_gives(party: Party, now: Instant, rights: RightsPolicy) -> ColumnElement[bool]:
    """Say `representation.own_covers` in SQL, also in the place of another; the query must join Act."""
    addressee = select(Addressee.id).where(Addressee.identifier == party).scalar_subquery()
    is_own = or_(Notification.addressee_id == addressee, shown_by_succession(party, now))
    if Role.OWN in rights.special_category_roles:
        return is_own
    return and_(is_own, ~Act.special_category)


def is_in_force(power: type[Power], now: Instant) -> list[ColumnElement[bool]]:
    """Return the conditions of a power by which its attorney may act at `now`."""
    return [
        ~power.is_void,
        power.accepted_at <= now,
        or_(~power.needs_statement, power.stated_at <= now),
        power.expires_at > now,
        or_(power.ended_at.is_(None), power.ended_at > now),
    ]


def power_covers(power: type[Power], now: Instant, rights: RightsPolicy) -> list[ColumnElement[bool]]:
    """Say `representation.power_covers` in SQL; the query must join Act."""
    # The lapse counts whether or not its evidence was written already.
    closed_at = case(
        (Notification.decided_at.is_not(None), Notification.decided_at),
        (is_overdue(now), Notification.deadline),
        else_=None,
    )
    conditions: list[ColumnElement[bool]] = [
        power.grantor_id == Notification.addressee_id,
        *is_in_force(power, now),
        _names(power, now, Act),
        or_(closed_at.is_(None), _has_effect_by(power, closed_at), _was_pending(power, Notification)),
    ]
    if Role.ATTORNEY not in rights.special_category_roles:
        conditions.append(~Act.special_category)
    return conditions


def power_gives_item(power: type[Power], now: Instant, rights: RightsPolicy) -> list[ColumnElement[bool]]:
    """Say the same of what is kept for each addressee; of whom, the query says."""
    # A deadline that has yet to come lies after whatever stands at `now`: so nothing is asked of it.
    closes_at = func.coalesce(OwnItem.decided_at, OwnItem.deadline)
    conditions: list[ColumnElement[bool]] = [
        *is_in_force(power, now),
        _names(power, now, OwnItem),
        or_(
            closes_at.is_(None),
            _has_effect_by(power, closes_at),
            and_(OwnItem.decided_at.is_(None), may_move(OwnItem, now)),
            _was_pending(power, OwnItem),
        ),
    ]
    if Role.ATTORNEY not in rights.special_category_roles:
        conditions.append(~OwnItem.special_category)
    return conditions


def _names(power: type[Power], now: Instant, act: type[Act | OwnItem]) -> ColumnElement[bool]:
    """Say that it is general, or names what the notification is about."""
    return or_(
        power.scope == PowerScope.GENERAL,
        an_item_covers(power, now, act),
        # of a time when a power named one, in its own row
        and_(power.scope == PowerScope.MATTER, power.value == act.matter),
        and_(power.scope == PowerScope.PROCEDURE, power.value == act.procedure),
    )


def _has_effect_by(power: type[Power], instant: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Say that it had effect when something was closed: what was closed before it does not give."""
    return and_(instant >= power.accepted_at, or_(~power.needs_statement, instant >= power.stated_at))


def _was_pending(power: type[Power], row: type[Notification | OwnItem]) -> ColumnElement[bool]:
    """Say that it had effect when what is decided was first known to be: earlier events are told later."""
    return and_(row.decided_at.is_not(None), _has_effect_by(power, closed_on_record(row)))


def red_gives(party: Party, now: Instant, rights: RightsPolicy) -> ColumnElement[bool]:
    """Return the condition of what the party sees by RED: as holder, or as secondary user of a holder.

    Two conditions, since most are holders: the first one is answered by the index alone, and whether the
    party is a user at all is asked once a query, not row by row.
    """
    own, holders = alias_of(RedWindow, "own"), alias_of(RedWindow, "holders")
    user, any_user = alias_of(RedUser, "user"), alias_of(RedUser, "any")
    is_user = exists().where(any_user.person == party)
    return or_(
        # Nothing is asked of a window but what stands in the index.
        select(own.opens_at).where(own.red_party == party, *red_covers(own, now, rights)).exists(),
        and_(
            is_user,
            exists().where(
                *works_at(user, party, now), *is_under(user, holders), *red_covers(holders, now, rights)
            ),
        ),
    )


def power_gives(party: Party, now: Instant, rights: RightsPolicy) -> ColumnElement[bool]:
    """Return the condition of what the party sees by a power.

    Whether it is anybody's attorney at all is asked once a query, not row by row.
    """
    any_power, power = alias_of(Power, "any"), alias_of(Power, "gives")
    is_attorney = exists().where(any_power.attorney == party)
    return and_(is_attorney, exists().where(power.attorney == party, *power_covers(power, now, rights)))


def role_of(
    party: Party, now: Instant, *, rights: RightsPolicy = DEFAULT_RIGHTS
) -> ColumnElement[str | None]:
    """Say `representation.role_of` in SQL: its own right first, then a power, then RED; NULL for nothing.

    The query must join Act.
    """
    return case(
        (own_gives(party, now, rights), literal(str(Role.OWN))),
        (power_gives(party, now, rights), literal(str(Role.ATTORNEY))),
        (red_gives(party, now, rights), literal(str(Role.RED))),
        else_=None,
    )
