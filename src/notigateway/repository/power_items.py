"""Rows of what a power names: its matters, procedures and groups, each with an end of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Integer, String, UniqueConstraint, Uuid, and_, exists, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from notigateway.law import representation
from notigateway.law.representation import ItemKind, PowerState
from notigateway.repository.aliases import alias_of
from notigateway.repository.columns import Row, UtcDateTime, Word
from notigateway.repository.model import Act
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from notigateway.repository.asking_party import Instant
    from notigateway.repository.own_inbox import OwnItem
    from notigateway.repository.rights import Power


class PowerItemProcedure(Row):
    """A procedure of a group, as the group was when the power was granted."""

    __tablename__ = "power_item_procedures"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("power_items.id"), primary_key=True)
    procedure: Mapped[str] = mapped_column(String(16), primary_key=True)


class PowerItem(Row):
    """One matter, group or procedure of a power, until it ends."""

    __tablename__ = "power_items"
    __table_args__ = (UniqueConstraint("power_id", "position"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    power_id: Mapped[UUID] = mapped_column(ForeignKey("powers.id"))
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[ItemKind] = mapped_column(Word(ItemKind))
    value: Mapped[str] = mapped_column(String(64))
    # As the catalogue said when the power was granted.
    name: Mapped[str] = mapped_column(String(255))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_cause: Mapped[PowerState | None] = mapped_column(Word(PowerState))

    procedures: Mapped[list[PowerItemProcedure]] = relationship(lazy="raise")

    @classmethod
    def of(cls, item: representation.PowerItem, *, position: int, name: str, now: datetime) -> PowerItem:
        """Return the row of what a new power names."""
        return cls(
            id=uuid7(now),
            position=position,
            kind=item.kind,
            value=item.value,
            name=name,
            procedures=[PowerItemProcedure(procedure=one) for one in sorted(item.procedures)],
        )

    @property
    def terms(self) -> representation.PowerItem:
        """What the rules need to know of this row."""
        return representation.PowerItem(
            kind=self.kind,
            value=self.value,
            procedures=frozenset(one.procedure for one in self.procedures),
            ended_at=self.ended_at,
            end_cause=self.end_cause,
        )

    def end(self, cause: PowerState, now: datetime) -> None:
        """End it at `now`, for ever."""
        self.ended_at, self.end_cause = now, cause


def an_item_covers(power: type[Power], now: Instant, act: type[Act | OwnItem] = Act) -> ColumnElement[bool]:
    """Say in SQL that a standing item of the power names the notification.

    `act` is what tells its procedure and matter, in the outermost query: so it is said from where it comes.
    """
    item, procedure = alias_of(PowerItem, "covers"), alias_of(PowerItemProcedure, "covers")
    of_the_group = exists().where(procedure.item_id == item.id, procedure.procedure == act.procedure)
    return (
        exists()
        .where(
            item.power_id == power.id,
            or_(item.ended_at.is_(None), item.ended_at > now),
            or_(
                and_(item.kind == ItemKind.MATTER, item.value == act.matter),
                and_(item.kind == ItemKind.PROCEDURE, item.value == act.procedure),
                and_(item.kind == ItemKind.GROUP, of_the_group.correlate(item, act)),
            ),
        )
        .correlate(power, act)
    )
