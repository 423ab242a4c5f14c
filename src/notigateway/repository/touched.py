"""What a part of a transaction has made and changed, as the session writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import event

if TYPE_CHECKING:
    from notigateway.repository.session import Session

Outcome = Literal["created", "changed", "unchanged"]


class Touched:
    """Listens to a session; what came of one line or item is asked once it has been flushed."""

    def __init__(self, session: Session) -> None:
        self._made: list[object] = []
        self._changed = False
        event.listen(session, "after_flush", self._note)

    def clear(self) -> None:
        """Begin with another one."""
        self._made, self._changed = [], False

    def outcome(self, row: object, *, was_known: bool = True) -> Outcome:
        """Return the word for what came of it, where `row` is what it is about."""
        if not was_known or any(one is row for one in self._made):
            return "created"
        return "changed" if self._made or self._changed else "unchanged"

    def _note(self, session: Session, _context: Any) -> None:  # noqa: ANN401  (as SQLAlchemy has it)
        self._made += session.new
        self._changed = self._changed or bool(session.deleted) or any(map(session.is_modified, session.dirty))
