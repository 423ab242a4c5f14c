"""What a part of a transaction has made and changed, whether it is written yet or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import event

if TYPE_CHECKING:
    from notigateway.repository.session import Session

Outcome = Literal["created", "changed", "unchanged"]


class Touched:
    """Listens to a session; what came of one line or item is asked once it is done."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: list[object] = []
        self._changed = False
        # What others have changed that is not written yet.
        self._before: list[object] = []
        event.listen(session, "transient_to_pending", self._add)
        event.listen(session, "after_flush", self._note)

    def clear(self) -> None:
        """Begin with another one, which is about other rows than those that wait to be written."""
        self._made, self._changed = [], False
        self._before = [*self._session.dirty, *self._session.deleted]

    def outcome(self, row: object, *, was_known: bool = True) -> Outcome:
        """Return the word for what came of it, where `row` is what it is about."""
        if not was_known or any(one is row for one in self._made):
            return "created"
        self._look(self._session)
        return "changed" if self._made or self._changed else "unchanged"

    def _add(self, _session: Session, row: object) -> None:
        self._made.append(row)

    def _note(self, session: Session, _context: Any) -> None:  # noqa: ANN401  (as SQLAlchemy has it)
        self._look(session)

    def _look(self, session: Session) -> None:
        before = set(map(id, self._before))
        changed = (one for one in session.dirty if id(one) not in before and session.is_modified(one))
        deleted = (one for one in session.deleted if id(one) not in before)
        self._changed = self._changed or any(True for _ in (*changed, *deleted))
