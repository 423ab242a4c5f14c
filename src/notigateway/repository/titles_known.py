"""The titles that a party has or had for some addressees, as the registers hold them, whether they stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, exists, or_, select

from notigateway.law.representation import PowerScope, Role
from notigateway.repository.model import Addressee
from notigateway.repository.power_items import PowerItem
from notigateway.repository.red_users import RedUser
from notigateway.repository.rights import Power, RedAssignment
from notigateway.repository.rights_seen import own_title
from notigateway.repository.successions import SuccessionRow
from notigateway.repository.windows import RedWindow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

    from notigateway.law.spans import Span
    from notigateway.repository.session import Session

_EVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class KnownTitle:
    """A title that the register holds: since when it stands, and when it ends or has ended."""

    title: bytes
    addressee: int
    role: Role
    reference: str | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    # That it stands takes something away: of a power, one thing that it names has ended.
    is_end: bool = False
    # A power of named matters or procedures, or one thing of it: in some matters it may give nothing.
    is_of_some: bool = False

    def within(self, span: Span) -> KnownTitle | None:
        """Return it as who has it in that time alone; None where that one never had it."""
        if self.is_end:
            return replace(self, begins=span.starts_at)
        if self.begins is None:
            return None
        begins = max(self.begins, span.starts_at)
        ends = min((at for at in (self.ends, span.ends_at) if at is not None), default=None)
        return None if ends is not None and ends < begins else replace(self, begins=begins, ends=ends)


@dataclass(frozen=True)
class KnownTitles:
    """A party's titles for some addressees."""

    session: Session
    party: str
    now: datetime
    addressees: Sequence[int]

    def all(self) -> Iterator[KnownTitle]:
        """Yield powers and what of them has ended, windows and successions."""
        yield from self._powers()
        yield from self._ended_items()
        yield from self._windows()
        yield from self._successions()

    def own(self) -> Iterator[KnownTitle]:
        """Yield what it has as an addressee itself: to who works for it that is a title."""
        query = select(Addressee.id).where(
            Addressee.identifier == self.party, Addressee.id.in_(self.addressees)
        )
        for key in self.session.scalars(query):
            yield KnownTitle(own_title(self.party), key, Role.OWN, begins=_EVER)

    def _powers(self) -> Iterator[KnownTitle]:
        for power in self.session.scalars(select(Power).where(*self._is_granted())):
            begins = [at for at in (power.accepted_at, power.stated_at) if at is not None]
            yield KnownTitle(
                power.id.bytes,
                power.grantor_id,
                Role.ATTORNEY,
                str(power.id),
                max(begins, default=None) if power.needs_statement else power.accepted_at,
                power.expires_at if power.ended_at is None else min(power.ended_at, power.expires_at),
                is_of_some=power.scope is not PowerScope.GENERAL,
            )

    def _ended_items(self) -> Iterator[KnownTitle]:
        query = (
            select(PowerItem.id, PowerItem.ended_at, PowerItem.power_id, Power.grantor_id)
            .join(Power, Power.id == PowerItem.power_id)
            .where(*self._is_granted(), PowerItem.ended_at.is_not(None))
        )
        for row in self.session.execute(query):
            reference = str(row.power_id)
            yield KnownTitle(
                row.id.bytes,
                row.grantor_id,
                Role.ATTORNEY,
                reference,
                ends=row.ended_at,
                is_end=True,
                is_of_some=True,
            )

    def _windows(self) -> Iterator[KnownTitle]:
        registered = self._registrations()
        query = select(RedWindow).where(
            RedWindow.addressee_id.in_(self.addressees), self._is_under(RedWindow)
        )
        for window in self.session.scalars(query):
            begins, ends = window.opens_at, None
            if window.red_party != self.party:
                begun, ends = registered[window.red_party, window.authorisation]
                begins = max(begins, begun)
            yield KnownTitle(
                window.id.bytes, window.addressee_id, Role.RED, window.authorisation, begins, ends
            )

    def assigned(self) -> Iterator[KnownTitle]:
        """Yield to whom the party, or a holder under whom it works or worked, was ever assigned."""
        query = select(RedAssignment).where(
            RedAssignment.addressee_id.in_(self.addressees), self._is_under(RedAssignment)
        )
        for row in self.session.scalars(query):
            yield KnownTitle(b"", row.addressee_id, Role.RED, row.authorisation, row.starts_at)

    def _registrations(self) -> dict[tuple[str, str], tuple[datetime, datetime | None]]:
        """Return of each authorisation under which the party works or worked its last time there."""
        query = select(RedUser).where(RedUser.person == self.party, RedUser.starts_at <= self.now)
        rows = self.session.scalars(query.order_by(RedUser.starts_at, RedUser.id))
        return {(row.holder, row.authorisation): (row.starts_at, row.ends_at) for row in rows}

    def _successions(self) -> Iterator[KnownTitle]:
        query = select(SuccessionRow).where(
            SuccessionRow.successor == self.party, SuccessionRow.predecessor_id.in_(self.addressees)
        )
        for row in self.session.scalars(query):
            yield KnownTitle(
                row.id.bytes, row.predecessor_id, Role.OWN, str(row.id), row.communicated_at, row.ends_at
            )

    def _is_granted(self) -> list[ColumnElement[bool]]:
        return [Power.attorney == self.party, Power.grantor_id.in_(self.addressees)]

    def _is_under(self, title: type[RedWindow | RedAssignment]) -> ColumnElement[bool]:
        """Say that it is the party's, or of a holder under whom it works or has worked."""
        works = and_(
            RedUser.person == self.party,
            RedUser.starts_at <= self.now,
            RedUser.holder == title.red_party,
            RedUser.authorisation == title.authorisation,
        )
        return or_(title.red_party == self.party, exists().where(works))
