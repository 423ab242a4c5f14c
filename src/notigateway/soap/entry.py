"""The entry of one request: its message used up and its access record written, in one transaction.

The first transaction that a request commits holds both, beside whatever it changes; one that changes
nothing has a transaction for them alone, committed before the answer leaves. So of any number of copies
of a message one is answered, and nothing is changed or shown of which there is no record.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from notigateway.errors import ReplayError
from notigateway.repository.engine import writing
from notigateway.repository.replay import is_registered, register

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.log.access import AccessNotes
    from notigateway.repository.session import Session

# By then a Timestamp of whole seconds is another one, and so is the message.
_RETRY_AFTER_SECONDS: Final = 1


class Entry:
    """What is to be entered of one request, and whether it was."""

    def __init__(
        self, engine: Engine, access: AccessNotes, *, replay_key: bytes, fresh_until: datetime
    ) -> None:
        self._engine = engine
        self._replay_key = replay_key
        self._fresh_until = fresh_until
        self.access = access
        self._uses_up = False
        self.is_made = False

    def check_new(self, session: Session) -> None:
        """Refuse a message that was used up before, ahead of all work; from now on this one is to be.

        It spares work and decides nothing: copies that pass here at once meet in `making`.

        Raises: `ReplayError`.
        """
        if is_registered(session, self._replay_key):
            raise ReplayError(retry_after_seconds=_RETRY_AFTER_SECONDS)
        self._uses_up = True

    @contextmanager
    def making(self) -> Iterator[Session]:
        """Give the session of a change; the entry is committed with it, the message used up before it.

        One entry a request: a second transaction, as that of a handover, follows the first's.

        Raises: `ReplayError` where another copy of the message came first, `TemporarilyUnavailableError`;
        what cannot be entered does not happen.
        """
        with writing(self._engine) as session:
            if self._uses_up:
                self._use_up(session)
            yield session
            if not self.is_made:
                session.access = self.access.columns()
        self.is_made, self._uses_up = True, False

    def make(self, result: str) -> None:
        """Enter a request that has changed nothing, or failed since. Raises: what `making` raises.

        Of a replay there is a record too.
        """
        self.access.result = result
        try:
            with writing(self._engine) as session:
                if self._uses_up:
                    self._use_up(session)
                session.access = self.access.columns()
        except ReplayError as replay:
            self.make(replay.code)
            raise

    def _use_up(self, session: Session) -> None:
        """Register the message: of copies at the same time one succeeds, the others wait for it."""
        if not register(session, self._replay_key, expires_at=self._fresh_until):
            self._uses_up = False  # it is another's; what is left to write is the record of this copy
            raise ReplayError(retry_after_seconds=_RETRY_AFTER_SECONDS)
