"""From where a party sees what: what is its own or its predecessors', by powers, and by RED authorisations.

Reach first, keys first, rows late: each source gives the first keys that follow a page (codes in their order,
places among the changes in theirs), and the page is what comes first of them all. So a page costs what it
holds and what the sources hold, never what the tables hold. The rules are those of `rights.py`,
`successions.py` and `windows.py`; what is named one by one is asked of `rights.role_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Integer, bindparam, select

from notigateway.law.lifecycle import State
from notigateway.repository.columns import CODE
from notigateway.repository.model import Act, Event, IssuingBody, Notification
from notigateway.repository.row_texts import RowText, kept_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.law.representation import Role
    from notigateway.repository.session import Session
    from notigateway.repository.users import Narrowing


@dataclass(frozen=True)
class Narrowed:
    """What of a source is wanted: all of it, where nothing is said.

    `stored` are the states that what is wanted may be stored in; `conditions` say the rest of Notification,
    `of_act` of Act, and `of_text` of what is kept of a row (`row_texts.py`), where it is.
    """

    stored: tuple[State, ...] = ()
    conditions: tuple[ColumnElement[bool], ...] = ()
    issuer: str | None = None
    of_act: tuple[ColumnElement[bool], ...] = ()
    of_text: tuple[ColumnElement[bool], ...] = ()

    @property
    def is_everything(self) -> bool:
        """Tell whether nothing is left out."""
        return not (self.stored or self.conditions or self.issuer or self.of_act or self.of_text)

    def narrow(
        self, query: Select[int], code: SQLColumnExpression[int], *, has_rows: bool = False
    ) -> Select[int]:
        """Leave out the rest of what a query selects, by the column that holds the code.

        `has_rows` says that Notification and Act are joined already.
        """
        if not has_rows and (self.conditions or self.of_act):
            query = query.join(Notification, Notification.code == code)
        if not has_rows and self.of_act:
            query = query.join(Act, Notification.act_id == Act.id)
        if self.of_text:
            query = query.outerjoin(RowText, kept_of(code))
        return query.where(*self.conditions, *self.of_act, *self.of_text)

    def of_body(self, column: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Return the condition of the issuing body, for a column that holds its key."""
        if self.issuer is None:
            return []
        return [column == select(IssuingBody.id).where(IssuingBody.dir3 == self.issuer).scalar_subquery()]


EVERYTHING: Final = Narrowed()

# Parameters of every source's statements.
AFTER, UNTIL = bindparam("after", type_=CODE), bindparam("until", type_=CODE)
MOST = bindparam("most", type_=Integer)
# Of an event that put something at disposal when it was published.
IS_AT_ONCE: Final = (Event.state == State.AVAILABLE, Event.nature.is_(None))


@dataclass(frozen=True)
class Places:
    """Places among the changes: after one, and until another."""

    after: int
    until: int

    def hold(self, column: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Return the conditions for a column that holds a place."""
        return [column > self.after, column <= self.until]


class Source(Protocol):
    """Where a party sees notifications in one capacity; all that is returned is in order, each once."""

    @property
    def role(self) -> Role:
        """The capacity."""

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal, in no order."""

    def narrowed(self, narrowing: Narrowing) -> Source:
        """Return the same, of what is in somebody's scope."""

    def facts(self) -> Select[*tuple[Any, ...]]:
        """Select what a count asks of what is at disposal: code, state, deadline and issuing body."""

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one."""

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""


def first_of_all(
    sources: Sequence[Source], keys: Callable[[Source], Sequence[int]], most: int
) -> dict[int, Role]:
    """Return the first keys of all sources in their order, each with the strongest capacity that gives it.

    What comes first of all is among the first of each source that gives it; sources are given the strongest
    first.
    """
    found: dict[int, Role] = {}
    for source in sources:
        for key in keys(source):
            found.setdefault(key, source.role)
    return {key: found[key] for key in sorted(found)[:most]}
