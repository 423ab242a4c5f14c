"""The entry of one request: its message used up and its access record written, in one transaction.

The first transaction that a request commits holds both, beside whatever it changes; one that changes
nothing has a transaction for them alone, committed before the answer leaves. So of any number of copies
of a message one is answered, and nothing is changed or shown of which there is no record.

Where the answer to the first commit is lost, nobody knows whether there was one: that is all that the caller
is told. The message may be used up by then, and by nobody else than this request.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.errors import Part, SecurityError, TemporarilyUnavailableError
from notigateway.repository.engine import writing
from notigateway.repository.log import log_access
from notigateway.repository.together import change_together, write_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element
    from sqlalchemy import Engine

    from notigateway.log.access import AccessNotes
    from notigateway.repository.session import Session
    from notigateway.soap.memory import Memory

Made = TypeVar("Made")
_NAMES: Final = ("id", "Id", "}reference")
_IDENTIFIER_MAX_CHARS: Final = 64


class Entry:
    """What is to be entered of one request, and whether it was."""

    def __init__(self, engine: Engine, access: AccessNotes) -> None:
        self._engine = engine
        self.access = access
        self._memory: Memory | None = None
        self._repeated: Memory | None = None
        # Of a commit that perhaps was one.
        self._lost: TemporarilyUnavailableError | None = None
        self.is_made = False

    def check_new(self, session: Session, memory: Memory) -> None:
        """Refuse a message that was used up before, ahead of all work; from now on this one is to be.

        It spares work and decides nothing: copies that pass here at once meet in `making`. A read that may
        come again passes, and changes nothing.

        Raises: `ReplayError`; what the memory raises.
        """
        if not memory.knows(session):
            self._memory = memory
        elif memory.may_repeat:
            self._repeated = memory
        else:
            raise memory.refusal()

    @contextmanager
    def making(self) -> Iterator[Session]:
        """Give the session of a change; the entry is committed with it, the message used up before it.

        One entry a request: a second transaction, as that of a handover, follows the first's.

        Raises: `ReplayError` where another copy of the message came first, or this is a repeated read;
        `TemporarilyUnavailableError`; what cannot be entered does not happen.
        """
        if self._repeated is not None:
            raise self._repeated.refusal()
        is_committing = False
        try:
            with writing(self._engine) as session:
                self._use_up(session)
                yield session
                if not self.is_made:
                    session.access = self.access.columns()
                    is_committing = True
        except TemporarilyUnavailableError as trouble:
            self._lost = trouble if is_committing else self._lost
            raise
        self.is_made, self._memory = True, None

    def change(self, work: Callable[[Session], Made]) -> Made:
        """Make a small change in the same way, where it can be in one commit with those of other requests.

        `work` may be called again, when nothing has come of the time before. Where nobody knows whether
        something has, it is not, and nothing else is entered of this request.

        Raises: what `making` raises, and what `work` raises.
        """
        memory = self._memory
        if self._engine.dialect.name != "sqlite" or not (memory is None or memory.is_one_row):
            with self.making() as session:
                return work(session)
        if self._repeated is not None:
            raise self._repeated.refusal()
        noted = self.access.noted()
        made: list[Made] = []

        def write(session: Session) -> None:
            self._memory = memory
            self.access.note_again(noted)
            self._use_up(session)
            made[:] = [work(session)]
            session.access = self.access.columns()

        try:
            change_together(self._engine, write)
        except TemporarilyUnavailableError as trouble:
            # Whether there was a commit is not known of all of them.
            self._lost = trouble if trouble.part is Part.DATABASE else self._lost
            raise
        self.is_made, self._memory = True, None
        return made[0]

    def make(self, result: str) -> None:
        """Enter a request that has changed nothing, or failed since. Raises: what `making` raises.

        Of a replay there is a record too. One whose commit was lost is not entered again: perhaps it was,
        and then its own message would be a replay.
        """
        if self._lost is not None:
            raise self._lost
        self.access.result = result
        memory = self._memory

        def write(session: Session) -> None:
            self._memory = memory  # it is called again where nothing has come of a refusal either
            self._write(session)

        try:
            if memory is None or memory.is_one_row:
                write_together(self._engine, write)
            else:
                with writing(self._engine) as session:
                    self._write(session)
        except SecurityError as refusal:
            self.make(refusal.code)
            raise

    def _write(self, session: Session) -> None:
        """Write what is entered of a request that changes nothing else. Raises: what the memory raises."""
        self._use_up(session, has_changed=False)
        log_access(session, self.access.columns())

    def _use_up(self, session: Session, *, has_changed: bool = True) -> None:
        """Register the message: of copies at the same time one succeeds, the others wait for it."""
        memory, self._memory = self._memory, None
        if memory is None or memory.take(session):
            self._memory = memory  # should the change fail, the message is as it was
        elif has_changed or not memory.may_repeat:
            raise memory.refusal()  # it is another's; what is left to write is the record of this copy


def named_identifiers(operation: _Element) -> Iterator[str]:
    """Return the identifiers that a request names, once the schema has checked it."""
    for element in operation.iter():
        # Nothing but identifiers has such a name, and nothing long is one.
        if str(element.tag).endswith(_NAMES) and element.text and not len(element):
            yield element.text.strip()[:_IDENTIFIER_MAX_CHARS]
